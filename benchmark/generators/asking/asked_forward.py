"""Why `forward` of a generator of somebody's own fails: told in words, and by what it would take.

Networks of GANs want their input in a few ways: z as a column of 1 x 1 images, with classes, with
classes as one-hot vectors. The way in which one does make images is the line to write.
"""

import inspect
from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.failures import Failure, attempt
from benchmark.generators.asking.asked import Asked
from benchmark.generators.base import Latents


def why_it_fails(asked: Asked, failure: Failure) -> str:
    """What to change so that it makes images, else the reason of its failure."""
    if failure.told:  # by the generator itself
        return failure.reason
    needed = _needed(type(asked.generator).forward)
    if len(needed) > 1:
        return (
            f"it needs {len(needed)} arguments ({', '.join(needed)}), and it is given one; write "
            "forward(self, latents) and take latents.point and latents.labels from it"
        )
    if "'Latents' object" in failure.reason or "not Latents" in failure.reason:
        return f"it is given Latents, and z is latents.point ({failure.reason})"
    ways = product(_classes(asked), _points(asked))
    for (about_classes, labels), (about_point, point) in ways:
        if not isinstance(attempt(asked.make, Latents(point, labels)), Failure):
            return "; ".join(filter(None, (about_point, about_classes))) or failure.reason
    return failure.reason


def how_to_reshape(found: Sequence[int], shape: tuple[int, ...]) -> str:
    """How one image of the `found` shape becomes one of `shape`, or ""."""
    if tuple(found) == (*shape[1:], shape[0]):
        return "; end it with .permute(0, 3, 1, 2)"
    if prod(found) == prod(shape):
        return f"; end it with .reshape(-1, {', '.join(map(str, shape))})"
    return ""


def _needed(forward: object) -> list[str]:
    """The names of the arguments that it cannot do without."""
    parameters = list(inspect.signature(forward).parameters.values())[1:]  # type: ignore[arg-type]
    given = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind in given]


def _points(asked: Asked) -> Iterator[tuple[str, Tensor]]:
    """z (n, d) in other forms, and how to make them of it."""
    z = asked.latents.point
    yield "", z
    weight = next((p for p in asked.plain.parameters() if p.is_floating_point()), z)
    if weight.dtype != z.dtype:
        kind = str(weight.dtype).removeprefix("torch.")
        yield f"its weights are {kind}; end __init__ with self.float()", z.to(weight.dtype)
    if z.ndim == 2:
        yield (
            f"its network takes z as (n, {z.shape[1]}, 1, 1); give it "
            "latents.point[:, :, None, None]",
            z[:, :, None, None],  # (n, d, 1, 1)
        )


def _classes(asked: Asked) -> Iterator[tuple[str, Tensor | None]]:
    """Other labels than it was given, and how to come by them."""
    labels, count, name = asked.latents.labels, asked.generator.n_classes, asked.name
    yield "", labels
    zeros = torch.zeros(len(asked.latents), dtype=torch.int64, device=asked.latents.point.device)
    if labels is None:
        yield f"it needs classes; say how many there are, as in {name}.n_classes = 10", zeros
        return
    yield f"it knows fewer classes than {name}.sample draws (n_classes is {count})", zeros
    hot = F.one_hot(labels, max(count, int(labels.max()) + 1)).float()  # (n, classes)
    yield f"its network takes one-hot classes; give it F.one_hot(latents.labels, {count})", hot
