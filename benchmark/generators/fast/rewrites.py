"""Makes a frozen generator fast without changing what it computes.

Exact rewrites, each measured: no gradients for the weights, channels-last memory, batch norms and
scales folded into the layer beside them, nearest upsampling merged with the 3x3 convolution after
it or put behind the 1x1 one, activations in place, the two of `layers`, and no pixel that R drops.
Most act on any `nn.Sequential` inside the generator, so an architecture gains from them by being
written as sequences; a layer that is none may offer its own cheaper form as `folded()`.
"""

import copy
from typing import Protocol, TypeGuard, runtime_checkable

import torch
from torch import Tensor, nn

from benchmark.generators.base import Generator
from benchmark.generators.fast.layers import DoubledSum, ToImage, doubling
from benchmark.generators.proggan import ScaledBias
from benchmark.generators.sngan import ResidualUpBlock

IMAGE_CHANNELS = 3  # up to this many outputs `ToImage` beats a convolution


@runtime_checkable
class Foldable(Protocol):
    """A layer with a cheaper form that equals it in eval mode."""

    def folded(self) -> nn.Module: ...


def prepare(
    generator: Generator, device: torch.device | str = "cpu", side: int | None = None
) -> Generator:
    """A copy of `generator` for inference on `device`: in eval mode, frozen, rewritten.

    The images are those of the original up to rounding; gradients reach the latents only. side:
    only the pixels are needed that nearest sampling to side x side would keep.
    """
    prepared = copy.deepcopy(generator).eval().requires_grad_(False)
    if side is not None:
        prepared.thin(side)
    _rewrite_children(prepared)
    prepared.to(device)
    # torch's annotation of `to` lacks its memory_format
    return prepared.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _rewrite_children(module: nn.Module) -> None:
    """Replace what is inside `module` first, then each sequence and each layer that can fold."""
    for name, child in list(module.named_children()):
        if isinstance(child, Foldable):
            setattr(module, name, child.folded())
            continue
        _rewrite_children(child)
        if type(child) is nn.Sequential:
            setattr(module, name, _rewritten(child))
        elif isinstance(child, ResidualUpBlock) and _doubles(child.bypass[-1]):
            setattr(module, name, DoubledSum(child.model))


def _rewritten(layers: nn.Sequential) -> nn.Sequential:
    """The same sequence with its neighbours merged, swapped or made to work in place."""
    merged: list[nn.Module] = []
    for layer in layers:
        previous = merged[-1] if merged else None
        if isinstance(previous, nn.Conv2d) and isinstance(layer, nn.BatchNorm2d):
            merged[-1] = fold_batch_norm(previous, layer)
        elif isinstance(previous, nn.Conv2d) and isinstance(layer, ScaledBias):
            merged[-1] = _scaled(previous, layer.scale.expand_as(layer.b), layer.b)
        elif isinstance(layer, nn.ReLU | nn.LeakyReLU) and isinstance(
            previous, nn.Conv2d | nn.BatchNorm2d
        ):  # neither needs its output to compute gradients
            merged.append(_in_place(layer))
        else:
            merged.append(layer)
    layers, merged = nn.Sequential(*merged), []
    for layer in layers:
        previous = merged[-1] if merged else None
        if previous is not None and _doubles(previous) and isinstance(layer, nn.Conv2d):
            if _is_plain(layer, 3):
                merged[-1] = subpixel(layer)
                continue
            if _is_plain(layer, 1):  # sees one pixel, so it may as well come first: a quarter
                merged[-1:] = [layer, previous]
                continue
        merged.append(ToImage(layer) if _makes_images(layer) else layer)
    return nn.Sequential(*merged)


def fold_batch_norm(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that equals `norm(conv(x))` in eval mode."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch norm without running statistics depends on its batch")
    scale = (norm.running_var + norm.eps).rsqrt()  # (C,)
    shift = -norm.running_mean * scale  # (C,)
    if norm.affine:
        scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
    return _scaled(conv, scale, shift)


def _scaled(conv: nn.Conv2d, scale: Tensor, shift: Tensor) -> nn.Conv2d:
    """One convolution that equals `conv(x) * scale + shift`, both (out,)."""
    folded = copy.deepcopy(conv)
    bias = torch.zeros_like(scale) if conv.bias is None else conv.bias
    folded.weight = _frozen(conv.weight * scale[:, None, None, None])  # (out, in, k, k)
    folded.bias = _frozen(bias * scale + shift)  # (out,)
    return folded


def subpixel(conv: nn.Conv2d) -> nn.ConvTranspose2d:
    """One transposed convolution that equals `conv(nearest x2 (x))`: 2.25 times fewer products."""
    merged = nn.ConvTranspose2d(conv.in_channels, conv.out_channels, 4, stride=2, padding=1)
    merged.weight = _frozen(doubling(conv.weight))
    merged.bias = None if conv.bias is None else _frozen(conv.bias)
    return merged


def _frozen(value: Tensor) -> nn.Parameter:
    return nn.Parameter(value.detach().clone(), requires_grad=False)


def _in_place(layer: nn.ReLU | nn.LeakyReLU) -> nn.Module:
    copied = copy.copy(layer)
    copied.inplace = True
    return copied


def _doubles(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Upsample) and layer.mode == "nearest" and layer.scale_factor == 2


def _makes_images(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    return (
        isinstance(layer, nn.Conv2d)
        and _is_plain(layer, 3)
        and layer.out_channels <= IMAGE_CHANNELS < layer.in_channels
    )


def _is_plain(layer: nn.Conv2d, kernel: int) -> bool:
    return (
        layer.kernel_size == (kernel, kernel)
        and layer.padding == (kernel // 2, kernel // 2)
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
    )
