"""Makes a frozen generator fast without changing what it computes.

Exact rewrites, each measured: no gradients for the weights, channels-last memory, batch norms and
scales folded into the layer beside them, nearest upsampling merged with the 3x3 convolution after
it or put behind the 1x1 one, activations in place, the two layers of `layers`, and no pixel that R
drops. Most act on any `nn.Sequential` inside the generator, so an architecture gains from them by
being written as sequences. A layer may offer a cheaper form of itself as `folded()`, or one of
itself and the convolution before it as `folded_into(conv)`. The layers that remain keep their
names, so `features` of a prepared generator finds them or says that they are gone.
"""

import copy
from collections import OrderedDict
from typing import Protocol, TypeGuard, runtime_checkable

import torch
from torch import Tensor, nn

from benchmark.core.errors import BenchError
from benchmark.generators.base import Generator
from benchmark.generators.fast.layers import ToImage, doubling, frozen, scaled

IMAGE_CHANNELS = 3  # up to this many outputs `ToImage` beats a convolution


@runtime_checkable
class Foldable(Protocol):
    """A layer that may have a cheaper form, equal to it in eval mode.

    `folded` is called after the layer's own parts are rewritten; without such a form it returns the
    layer itself.
    """

    def folded(self) -> nn.Module: ...


@runtime_checkable
class Absorbable(Protocol):
    """A layer that can be merged into the convolution before it."""

    def folded_into(self, conv: nn.Conv2d) -> nn.Conv2d: ...


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
    prepared.__dict__["first_layer"] = _ask_the_original  # rewriting may have scaled its weight
    prepared.to(device)
    # torch's annotation of `to` lacks its memory_format
    return prepared.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _ask_the_original() -> Tensor:
    raise BenchError("a fast copy of a generator has no first layer to show; ask the original")


def _rewrite_children(module: nn.Module) -> None:
    """Replace what is inside `module` first, then each sequence and each layer that can fold."""
    for name, child in list(module.named_children()):
        _rewrite_children(child)
        if type(child) is nn.Sequential:
            setattr(module, name, _rewritten(child))
        elif isinstance(child, Foldable):
            setattr(module, name, child.folded())


def _rewritten(layers: nn.Sequential) -> nn.Sequential:
    """The same sequence with its neighbours merged, swapped or made to work in place.

    Merged layers take the name of the last of them, since they have its output.
    """
    merged: list[tuple[str, nn.Module]] = []
    for name, layer in zip(layers._modules, layers, strict=True):  # one layer may stand twice
        previous = merged[-1][1] if merged else None
        if isinstance(previous, nn.Conv2d) and isinstance(layer, nn.BatchNorm2d):
            merged[-1] = name, fold_batch_norm(previous, layer)
        elif isinstance(previous, nn.Conv2d) and isinstance(layer, Absorbable):
            merged[-1] = name, layer.folded_into(previous)
        elif isinstance(layer, nn.ReLU | nn.LeakyReLU) and isinstance(
            previous, nn.Conv2d | nn.BatchNorm2d
        ):  # neither needs its output to compute gradients
            merged.append((name, _in_place(layer)))
        else:
            merged.append((name, layer))
    pairs, merged = merged, []
    for name, layer in pairs:
        previous = merged[-1][1] if merged else None
        if previous is not None and _doubles(previous) and isinstance(layer, nn.Conv2d):
            if _is_plain(layer, 3):
                merged[-1] = name, subpixel(layer)
                continue
            if _is_plain(layer, 1):  # sees one pixel, so it may as well come first: a quarter
                merged[-1:] = [(f"{name}_before", layer), (name, previous)]
                continue
        merged.append((name, ToImage(layer) if _makes_images(layer) else layer))
    return nn.Sequential(OrderedDict(merged))


def fold_batch_norm(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that equals `norm(conv(x))` in eval mode."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch norm without running statistics depends on its batch")
    scale = (norm.running_var + norm.eps).rsqrt()  # (C,)
    shift = -norm.running_mean * scale  # (C,)
    if norm.affine:
        scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
    return scaled(conv, scale, shift)


def subpixel(conv: nn.Conv2d) -> nn.ConvTranspose2d:
    """One transposed convolution that equals `conv(nearest x2 (x))`: 2.25 times fewer products."""
    merged = nn.ConvTranspose2d(conv.in_channels, conv.out_channels, 4, stride=2, padding=1)
    merged.weight = frozen(doubling(conv.weight))
    merged.bias = None if conv.bias is None else frozen(conv.bias)
    return merged


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
