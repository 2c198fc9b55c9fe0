"""Makes a frozen generator fast without changing what it computes.

Exact rewrites, each measured: no gradients for the weights, channels-last memory, batch norms and
scales folded into the layer beside them, nearest upsampling merged with the 3x3 convolution after
it or put behind the 1x1 one, activations in place, the two layers of `layers`, and no pixel that R
drops. Most act on any `nn.Sequential` inside the generator, so an architecture gains from them by
being written as sequences. A layer may offer a cheaper form of itself as `folded()`, or one of
itself and the convolution before it as `folded_into(conv)`. The layers that remain keep their
names, so `features` of a prepared generator finds them or says that they are gone.

A forward pass that does more with its layers than to call them, such as one that picks some out of
a sequence, may not survive a rewrite. So the result is held against the original, and where the two
differ the generator keeps its plain form.
"""

import copy
import logging
from collections import OrderedDict
from itertools import chain
from typing import Protocol, TypeGuard, runtime_checkable
from weakref import WeakSet

import torch
from torch import Tensor, nn

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.generators.base import Generator
from benchmark.generators.fast.layers import ToImage, doubling, frozen, scaled
from benchmark.generators.fast.sameness import answer, difference
from benchmark.generators.fast.settling import frozen_copy, settle

log = logging.getLogger("bench")

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


_TOLD: WeakSet[Generator] = WeakSet()  # generators whose plain form was mentioned


def prepare(
    generator: Generator, device: torch.device | str = "cpu", side: int | None = None
) -> Generator:
    """A copy of `generator` for inference on `device`: in eval mode, frozen, rewritten.

    The images are those of the original up to rounding; gradients reach the latents only. side:
    only the pixels are needed that nearest sampling to side x side would keep. Where a rewrite
    does not fit, the copy is not rewritten, and a warning says so once.
    """
    prepared, reason = fast_or_plain(generator, side)
    if reason and generator not in _TOLD:
        _TOLD.add(generator)
        name = type(generator).__name__
        log.warning("%s runs in its plain form, which is slower: %s", name, reason)
    prepared.__dict__["first_layer"] = _ask_the_original  # rewriting may have scaled its weight
    return prepared.to(device)


def fast_or_plain(generator: Generator, side: int | None = None) -> tuple[Generator, str]:
    """A frozen copy in eval mode and "", or one that is not rewritten and the reason in words."""
    plain = frozen_copy(generator)
    if _has_nothing_to_rewrite(generator, side):
        return plain, ""
    fast = attempt(_rewritten_copy, generator, side)
    if isinstance(fast, Failure):
        return plain, f"it cannot be rewritten ({fast.reason})"
    shape = fast.image_shape[1:]
    expected = attempt(answer, plain, shape)
    if isinstance(expected, Failure):  # whoever asks it for images will see the reason
        return plain, ""
    found = attempt(answer, fast, shape)
    if isinstance(found, Failure):
        return plain, f"the rewritten form fails ({found.reason})"
    off = difference(found, expected)
    return (plain, f"the rewritten form {off}") if off else (fast, "")


def _has_nothing_to_rewrite(generator: Generator, side: int | None) -> bool:
    if side is not None and type(generator).thin is not Generator.thin:
        return False
    tensors = chain(generator.parameters(), generator.buffers())
    return not any(tensor.ndim >= 4 for tensor in tensors) and not any(
        type(layer) is nn.Sequential or isinstance(layer, Foldable) for layer in generator.modules()
    )


def _rewritten_copy(generator: Generator, side: int | None) -> Generator:
    fast = frozen_copy(generator)
    settle(fast)
    if side is not None:
        fast.thin(side)
    _rewrite_children(fast)
    # torch's annotation of `to` lacks its memory_format
    return fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


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
