"""How the entries of one state dict become those of another: by new names and small changes."""

from collections.abc import Callable, Collection, Iterable, Mapping

import torch
from torch import Tensor

from benchmark.generators.fast.low_pass import low_pass

Change = Callable[[Tensor], Tensor]
Name = tuple[str, str, Change]  # ours, theirs, and how theirs becomes ours


def same(x: Tensor) -> Tensor:
    return x


def scaled(weight: Tensor) -> Tensor:
    """A convolution's weight (out, in, k, k) of a StyleGAN2, at the scale at which it is used.

    What keeps the demodulation finite is added before this scale in NVIDIA's PyTorch and after it
    elsewhere, which weights that are scaled already make one. In float64: the scale is no float32.
    """
    return weight.double() / weight[0].numel() ** 0.5


def renamed(
    theirs: Mapping[str, Tensor], names: Iterable[Name], dropped: Collection[str] = ()
) -> dict[str, Tensor]:
    """The state in our names. dropped: what in theirs is not needed.

    Raises KeyError for a missing entry, and ValueError for one that no name asks for.
    """
    names = tuple(names)
    used = {name for _, name, _ in names}
    if left := theirs.keys() - used - {*dropped}:
        raise ValueError(f"it has {min(left)}, which it should not have")
    if missing := used - theirs.keys():
        raise ValueError(f"it has no {min(missing)}")
    return {ours: change(theirs[name]) for ours, name, change in names}


def usual_filters(theirs: Mapping[str, Tensor], endings: tuple[str, ...]) -> set[str]:
    """The entries of a StyleGAN2 that are the filter of its doublings, of sum four.

    Raises ValueError for another filter than StyleGAN2's.
    """
    found = {name for name in theirs if name.endswith(endings)}
    for name in found:
        filter = theirs[name].reshape(4, 4)
        if not torch.allclose(filter, 4.0 * low_pass(filter)):
            raise ValueError(f"its {name} is another filter than 1, 3, 3, 1")
    return found
