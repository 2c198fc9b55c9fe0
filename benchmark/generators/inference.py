"""Makes a frozen generator fast without changing what it computes.

Exact rewrites, each measured: no gradients for the weights, channels-last memory, batch norm folded
into the convolution before it, nearest upsampling merged with the 3x3 convolution after it, ReLU in
place, and the two of `layers`. Most act on any `nn.Sequential` inside the generator, so an
architecture gains from them by being written as sequences.
"""

import copy
from typing import TypeGuard

import torch
from torch import Tensor, nn

from benchmark.generators.base import Generator
from benchmark.generators.layers import DoubledSum, ToImage
from benchmark.generators.sngan import ResidualUpBlock

# Along one axis, nearest x2 followed by a 3-tap convolution is a transposed convolution of stride
# 2 and padding 1 whose four taps are these sums of the three.
TAPS = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])  # (4, 3)
IMAGE_CHANNELS = 3  # up to this many outputs `ToImage` beats a convolution


def prepare(generator: Generator, device: torch.device | str = "cpu") -> Generator:
    """A copy of `generator` for inference on `device`: in eval mode, frozen, rewritten.

    The images are those of the original up to rounding; gradients reach the latents only.
    """
    prepared = copy.deepcopy(generator).eval().requires_grad_(False)
    _rewrite_children(prepared)
    prepared.to(device)
    # torch's annotation of `to` lacks its memory_format
    return prepared.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _rewrite_children(module: nn.Module) -> None:
    """Rewrite what is inside `module`, the innermost first."""
    for name, child in list(module.named_children()):
        _rewrite_children(child)
        if type(child) is nn.Sequential:
            setattr(module, name, _rewritten(child))
        elif isinstance(child, ResidualUpBlock) and _doubles(child.bypass[-1]):
            setattr(module, name, DoubledSum(child.model))


def _rewritten(layers: nn.Sequential) -> nn.Sequential:
    """The same sequence, its neighbours merged where one layer can do the work of two."""
    merged: list[nn.Module] = []
    for layer in layers:
        previous = merged[-1] if merged else None
        if isinstance(previous, nn.Conv2d) and isinstance(layer, nn.BatchNorm2d):
            merged[-1] = fold_batch_norm(previous, layer)
        elif isinstance(previous, nn.Conv2d | nn.BatchNorm2d) and isinstance(layer, nn.ReLU):
            merged.append(nn.ReLU(inplace=True))  # neither needs its output for a gradient
        else:
            merged.append(layer)
    layers, merged = nn.Sequential(*merged), []
    for layer in layers:
        previous = merged[-1] if merged else None
        if _doubles(previous) and isinstance(layer, nn.Conv2d) and _is_plain_3x3(layer):
            merged[-1] = subpixel(layer)
        elif _makes_images(layer):
            merged.append(ToImage(layer))
        else:
            merged.append(layer)
    return nn.Sequential(*merged)


def fold_batch_norm(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that equals `norm(conv(x))` in eval mode."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch norm without running statistics depends on its batch")
    scale = (norm.running_var + norm.eps).rsqrt()  # (C,)
    shift = -norm.running_mean * scale  # (C,)
    if norm.affine:
        scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
    folded = copy.deepcopy(conv)
    bias = torch.zeros_like(scale) if conv.bias is None else conv.bias
    folded.weight = _frozen(conv.weight * scale[:, None, None, None])  # (out, in, 3, 3)
    folded.bias = _frozen(bias * scale + shift)  # (out,)
    return folded


def subpixel(conv: nn.Conv2d) -> nn.ConvTranspose2d:
    """One transposed convolution that equals `conv(nearest x2 (x))`: 2.25 times fewer products."""
    taps = TAPS.to(conv.weight)
    weight = torch.einsum("pa,qb,oiab->iopq", taps, taps, conv.weight)  # (in, out, 4, 4)
    merged = nn.ConvTranspose2d(conv.in_channels, conv.out_channels, 4, stride=2, padding=1)
    merged.weight = _frozen(weight)
    merged.bias = None if conv.bias is None else _frozen(conv.bias)
    return merged


def _frozen(value: Tensor) -> nn.Parameter:
    return nn.Parameter(value.detach().clone(), requires_grad=False)


def _doubles(layer: nn.Module | None) -> bool:
    return isinstance(layer, nn.Upsample) and layer.mode == "nearest" and layer.scale_factor == 2


def _makes_images(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    return (
        isinstance(layer, nn.Conv2d)
        and _is_plain_3x3(layer)
        and layer.out_channels <= IMAGE_CHANNELS < layer.in_channels
    )


def _is_plain_3x3(layer: nn.Conv2d) -> bool:
    return (
        layer.kernel_size == (3, 3)
        and layer.padding == (1, 1)
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
    )
