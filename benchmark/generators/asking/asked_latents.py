"""What a generator says of itself and how it draws: points of its contract.

Each gives a note or "", and raises BenchError for a fault; the later ones rest on the earlier.
"""

from typing import Any

import torch

from benchmark.core.errors import BenchError
from benchmark.generators.asking.asked import Asked, labels, said, same
from benchmark.generators.base import Latents
from benchmark.generators.fast.sameness import LATENTS, probe
from benchmark.generators.fast.settling import frozen_copy

SMALLEST_SIDE = 16  # pixels of an image's shorter side; below, R has nothing to look at


def sizes(asked: Asked) -> str:
    """Its latent_dim and image_shape are sizes that can be."""
    d, shape = (getattr(asked.generator, n, None) for n in ("latent_dim", "image_shape"))
    if not _counts(d):
        raise BenchError(f"{asked.name}.latent_dim must be a whole number above 0, not {d!r}")
    if not (isinstance(shape, tuple) and len(shape) == 3 and all(map(_counts, shape))):
        raise BenchError(
            f"{asked.name}.image_shape must be (channels, height, width), not {shape!r}"
        )
    if min(shape[1:]) < SMALLEST_SIDE:
        raise BenchError(
            f"images of {shape[1]} x {shape[2]} pixels are too small; R takes sides of "
            f"{SMALLEST_SIDE} and more ({asked.name}.image_shape)"
        )
    return ""


def sampling(asked: Asked) -> str:
    """Its latents come from the rng that sample is given, and are what they should be."""
    place, d = asked.place("sample"), asked.generator.latent_dim
    before = torch.get_rng_state()
    first, again, other = (asked.drawn(seed) for seed in (1, 1, 2))
    if not torch.equal(before, torch.get_rng_state()):
        raise BenchError(f"{place} draws from torch's own random numbers; pass generator=rng")
    if not same(first, again):
        raise BenchError(
            f"{place} gives other latents for the same rng; pass generator=rng to every draw"
        )
    if same(first, other):
        raise BenchError(f"{place} gives the same latents for every rng; draw them from it")
    point, classes = first.point, first.labels
    if point.ndim not in (2, 3) or len(point) != LATENTS or not point.is_floating_point():
        raise BenchError(
            f"{place} gives {LATENTS} latents as {said(point)}; it must give floats of (n, d) "
            "or (n, layers, d)"
        )
    if point.shape[-1] != d:
        raise BenchError(
            f"{place} gives latents of {point.shape[-1]} dimensions, "
            f"but {asked.name}.latent_dim is {d}"
        )
    if not point.isfinite().all():
        raise BenchError(f"{place} gives latents that are not finite numbers")
    if classes is not None and (classes.shape != (LATENTS,) or classes.dtype != torch.int64):
        hint = "; make one-hot vectors of them in forward" if classes.ndim == 2 else ""
        raise BenchError(
            f"{place} gives labels as {said(classes)}; they must be int64 of (n,){hint}"
        )
    _check_classes(asked, first)
    moved = first.moved(torch.zeros(d))
    if (moved.labels is None) != (classes is None) or not torch.equal(labels(moved), labels(first)):
        raise BenchError(f"latents of {place} lose their labels when they move")
    return ""


def _check_classes(asked: Asked, latents: Latents) -> None:
    """Raise BenchError unless the classes are those that the generator says there are."""
    place, count, name = asked.place("sample"), asked.generator.n_classes, asked.name
    if not count:
        return
    if latents.labels is None and asked.generator.space == "z":  # a w may hold the class itself
        raise BenchError(
            f"{place} gives no labels, but {name}.n_classes is {count}; leave sample out, and "
            "set prior instead, or give Latents(point, labels)"
        )
    found = labels(latents).tolist()
    if any(not 0 <= label < count for label in found):
        raise BenchError(
            f"{place} gives the classes {found}; they must be from 0 to {count - 1}, as "
            f"{name}.n_classes says"
        )


def copying(asked: Asked) -> str:
    """A copy of it stays in eval mode; it makes the images from here on."""
    try:
        asked.plain = frozen_copy(asked.generator)
    except Exception as error:
        raise BenchError(
            f"{asked.name} cannot be copied ({type(error).__name__}: {error}); make what cannot "
            "where it is used, not in __init__"
        ) from error
    if any(layer.training for layer in asked.plain.modules()):
        raise BenchError(f"{asked.place('eval')} leaves layers in training mode")
    device = probe(asked.plain).point.device
    asked.latents = asked.drawn(1).to(device)
    return ""


def truth(asked: Asked) -> str:
    """Its true directions, where it knows them, are unit columns."""
    axes, d = asked.generator.true_directions(), asked.generator.latent_dim
    if axes is None:
        return ""
    unit = axes.ndim == 2 and ((axes.norm(dim=0) - 1.0).abs() <= 1e-3).all()
    if not unit or axes.shape[0] != d:
        raise BenchError(
            f"{asked.place('true_directions')} gives {said(axes)}; "
            f"it must give unit columns, ({d}, F)"
        )
    return ""


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
