"""The classes of a generator, and how far its usual shifts reach: points of its contract.

Each gives a note or "", and raises BenchError for a fault; the later ones rest on the earlier.
"""

from dataclasses import replace

import torch

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.core.seeds import stream
from benchmark.generators.asking.asked import Asked
from benchmark.generators.asking.asked_images import NOTHING

MANY = 256  # latents that tell their standard deviation within 5%
NEAR, FAR = 1.0, 8.0  # standard deviations between which a largest shift is sound


def classes(asked: Asked) -> str:
    """Classes, where it has them, reach the images."""
    labels, count, name = asked.latents.labels, asked.generator.n_classes, asked.name
    if labels is None:
        return ""
    last = max(count - 1, int(labels.max()))
    first, other = (
        attempt(asked.make, replace(asked.latents, labels=torch.full_like(labels, k)))
        for k in (0, last)
    )
    place = asked.place("forward")
    if isinstance(other, Failure) or isinstance(first, Failure):
        raise BenchError(
            f"{place} fails for class 0 or {last}; {name}.n_classes must be how many classes it "
            "was trained with"
        )
    in_point = asked.generator.space != "z"  # a w may hold the class itself
    if last and not in_point and float((first - other).abs().max()) <= NOTHING:
        return f"images do not depend on their class; {place} should use latents.labels"
    return ""


def reach(asked: Asked) -> str:
    """The usual range of eps is that of its latents."""
    generator = asked.generator
    if generator.space != "z":
        return ""  # there eps is in standard deviations, or the file knows best
    point = generator.sample(MANY, stream("contract", "reach")).point.flatten(1)  # (n, d)
    deviation = float(point.std(dim=0).mean())
    if not deviation:
        raise BenchError(f"{asked.place('sample')} gives one z alone; draw each of them from rng")
    usual = generator.usual.max_shift
    if NEAR <= usual / deviation <= FAR:
        return ""
    return (
        f"the usual max_shift of {usual:g} is {usual / deviation:.2g} standard deviations of its "
        f"latents; usual = Usual(max_shift={6 * deviation:.2g}) in its file, or --set "
        f"max_shift={6 * deviation:.2g}, would be six of them, as for a normal prior"
    )
