"""StyleGAN2's convolution with weights that do not learn, in few passes over its large images.

The arithmetic around a convolution reads and writes as many bytes as the convolution itself, and
new memory is dearer than old. So style, demodulation, noise, bias and leaky ReLU run in place, on
pieces that fit into a core's cache, and the backward pass is written by hand in the same way. It
keeps nothing but the outputs of the layers, and gives no second derivative.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.generators.fast.layers import frozen
from benchmark.generators.fast.low_pass import filtered

SLOPE = 0.2  # of StyleGAN's leaky ReLU below zero

# Values that a core's cache holds beside their gradients, and few enough for torch to leave them to
# one thread: where threads wait for each other at every piece, a busy neighbour costs ten times.
PIECE = 1 << 15


class FrozenStyledConv(nn.Module):
    """(n, in, h, w) and w (n, w_dim) -> (n, out, side, side), as a `StyledConv` in eval mode.

    weight: (out, in, 3, 3); with `up` it is kept as (in, out, 3, 3), as its convolution takes it.
    noise: (side, side) and bias: (out,), as they are added. step: the stride, without `up`. gain:
    of the output. tiny: keeps the demodulation finite. clamp: the largest absolute value of the
    output, or None.
    """

    def __init__(
        self,
        affine: nn.Module,
        weight: Tensor,
        noise: Tensor,
        bias: Tensor,
        *,
        up: bool,
        step: int,
        gain: float,
        tiny: float,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.affine = affine
        kept = weight.transpose(0, 1) if up else weight
        self.weight = frozen(kept.contiguous(memory_format=torch.channels_last))
        self.squares = frozen(weight.square().sum(dim=(2, 3)))  # (out, in)
        self.noise, self.bias = frozen(noise * gain), frozen(bias * gain)
        self.up, self.step = up, step
        self.gain, self.tiny, self.clamp = gain, tiny, clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)  # (n, in)
        scale = (F.linear(style.square(), self.squares) + self.tiny).rsqrt() * self.gain  # (n, out)
        x = x.contiguous(memory_format=torch.channels_last)
        y: Tensor = Styled.apply(x, style, scale, self)  # type: ignore[no-untyped-call]
        return y  # (n, out, side, side)


class Styled(torch.autograd.Function):
    """clamp(leaky ReLU(conv(x * style) * scale + noise + bias)), x (n, in, h, w), style (n, in),
    scale (n, out) and positive."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, style: Tensor, scale: Tensor, layer: FrozenStyledConv
    ) -> Tensor:
        side = len(layer.noise)
        last = x.new_empty(len(x), side, side, len(layer.bias))  # (n, side, side, out)
        y = last.permute(0, 3, 1, 2)  # (n, out, side, side)
        for some, made in _convolved(x, style, layer):
            source, into, scales = made.permute(0, 2, 3, 1), last[some], scale[some]
            for images, rows in _pieces(source):
                piece = into[images, rows]  # (m, rows, side, out)
                torch.mul(source[images, rows], scales[images, None, None], out=piece)
                piece.add_(layer.bias).add_(layer.noise[rows, :, None])
                F.leaky_relu_(piece, SLOPE)
                if layer.clamp is not None:
                    piece.clamp_(-layer.clamp, layer.clamp)
        ctx.save_for_backward(x, style, scale, y)
        ctx.layer = layer
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        if torch.is_grad_enabled():  # it would be wrong without a word
            raise BenchError("a fast StyleGAN2 has no second derivative; ask the original")
        x, style, scale, y = ctx.saved_tensors
        layer: FrozenStyledConv = ctx.layer
        before, of_scale = _through_activation(grad, y, scale, layer)
        if layer.up:
            spread = filtered(before, padding=2)  # (n, out, 2h + 1, 2w + 1): its own transpose
            of_x = F.conv2d(spread, layer.weight, stride=2)  # (n, in, h, w)
        else:
            step = layer.step
            of_x = F.conv_transpose2d(
                before, layer.weight, stride=step, padding=1, output_padding=step - 1
            )  # (n, in, h, w)
        del before
        of_style = torch.zeros_like(style)  # (n, in)
        inputs, grads = x.permute(0, 2, 3, 1), of_x.permute(0, 2, 3, 1)  # (n, h, w, in)
        for images, rows in _pieces(inputs):
            piece = grads[images, rows]  # (m, rows, w, in)
            of_style[images] += (inputs[images, rows] * piece).sum(dim=(1, 2))
            piece.mul_(style[images, None, None])
        return of_x, of_style, of_scale, None


def _convolved(x: Tensor, style: Tensor, layer: FrozenStyledConv) -> Iterator[tuple[slice, Tensor]]:
    """conv(x * style), of all images at once or of one after another, with which they are.

    The style scales the smaller of image and weights.
    """
    weight = layer.weight
    if x[0].numel() < weight.numel() or x.device.type != "cpu":
        yield slice(None), _convolution(x * style[:, :, None, None], weight, layer)
        return
    for i in range(len(x)):
        places = style[i][:, None, None]  # (in, 1, 1)
        own = weight * (places[:, None] if layer.up else places)  # as `weight`
        yield slice(i, i + 1), _convolution(x[i : i + 1], own, layer)


def _convolution(x: Tensor, weight: Tensor, layer: FrozenStyledConv) -> Tensor:
    if not layer.up:
        return F.conv2d(x, weight, padding=1, stride=layer.step)  # (n, out, side, side)
    return filtered(F.conv_transpose2d(x, weight, stride=2))  # (n, out, 2h, 2w)


def _through_activation(
    grad: Tensor, y: Tensor, scale: Tensor, layer: FrozenStyledConv
) -> tuple[Tensor, Tensor]:
    """The gradients of conv(x * style), (n, out, side, side), and of scale, (n, out).

    With z = conv * scale + noise + bias and y = leaky ReLU(z), grad_z * z is grad_y * y on both
    sides of zero, so that of scale needs no more than y: conv * scale = z - noise - bias.
    """
    grad = grad.contiguous(memory_format=torch.channels_last)
    before = torch.empty_like(y, memory_format=torch.channels_last)
    grads, outputs, into = (t.permute(0, 2, 3, 1) for t in (grad, y, before))  # (n, h, w, out)
    total = torch.zeros_like(scale)  # (n, out), of grad_z * conv * scale
    added = torch.stack([layer.noise, torch.ones_like(layer.noise)])  # (2, side, side)
    for images, rows in _pieces(outputs):
        own, out = grads[images, rows], outputs[images, rows]  # (m, rows, side, out)
        piece = into[images, rows]
        if layer.clamp is not None:
            own = own.masked_fill(out.abs() >= layer.clamp, 0.0)
        torch.ops.aten.leaky_relu_backward.grad_input(own, out, SLOPE, True, grad_input=piece)
        times = added[:, rows].flatten(1).expand(len(piece), -1, -1)  # (m, 2, rows * side)
        noisy, plain = torch.bmm(times, piece.flatten(1, 2)).unbind(1)  # (m, out) each
        total[images] += (own * out).sum(dim=(1, 2)) - noisy - layer.bias * plain
        piece.mul_(scale[images, None, None])
    return before, total / scale


def _pieces(image: Tensor) -> Iterator[tuple[slice, slice]]:
    """Of (n, h, w, C), some images and some of their rows: few on a CPU, all of them elsewhere."""
    n, height, width, channels = image.shape
    most = PIECE if image.device.type == "cpu" else image.numel()
    rows = min(height, max(1, most // (width * channels)))
    images = max(1, most // (height * width * channels))
    for i in range(0, n, images):
        for row in range(0, height, rows):
            yield slice(i, i + images), slice(row, row + rows)
