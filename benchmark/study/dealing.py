"""The rows of a study: the latents at which people see its directions.

Each direction of a method has four of its own, and all methods of a generator have the same fours:
what a direction is worth then hangs on no four images, and no method is shown better ones. They are
dealt from the typical half of many draws, chosen before any direction moves them, since broken
images say nothing of a direction.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.seeds import derive_seed, stream
from benchmark.directions.images_along import AT_ONCE
from benchmark.generators.base import Generator, Latents
from benchmark.generators.judge import judge_of

ROWS = 4  # different z on a page
NEIGHBOURS = 8  # images among which one is typical, or is not
LEAST_DRAWN = 64  # so that they have neighbours
PIXELS = 16  # the side at which images are compared where no judge knows them


@dataclass(frozen=True)
class Rows:
    """drawn: all latents, from the stream `("study", seed, name, "latents")`. dealt: which four of
    them stand together. by: whose features tell what is typical, such as `judge of mnist`."""

    drawn: Latents
    dealt: tuple[tuple[int, ...], ...]
    by: str

    def of(self, place: int) -> Latents:
        """The rows of the page at this place."""
        return self.drawn[torch.tensor(self.dealt[place])]


def deal_rows(generator: Generator, name: str, pages: int, seed: int) -> Rows:
    """Rows for so many pages: distinct typical latents, in an order drawn from `seed`."""
    wanted = ROWS * pages
    drawn = generator.sample(max(2 * wanted, LEAST_DRAWN), stream("study", seed, name, "latents"))
    features, by = _features(generator, drawn)
    typical = oddness(features).argsort()[: len(drawn) // 2].sort().values  # (n / 2,)
    order = np.random.default_rng(derive_seed("study", seed, name, "rows"))
    places = order.permutation(typical.numpy())[:wanted].reshape(pages, ROWS)
    return Rows(drawn, tuple(tuple(page) for page in places.tolist()), by)


def oddness(features: Tensor) -> Tensor:
    """(n,) float64: how much farther each of (n, F) is from its neighbours than these from theirs.

    About 1 for what is as crowded as its neighbours, larger for what stands apart: the idea of the
    local outlier factor (Breunig et al., SIGMOD 2000). Being relative it spares the wide classes:
    by the distance alone the typical digits would all be ones.
    """
    distance = torch.cdist(features.double(), features.double())  # (n, n)
    distance.fill_diagonal_(torch.inf)  # nothing is its own neighbour
    near, which = distance.topk(NEIGHBOURS, dim=1, largest=False)  # (n, k), (n, k)
    reach = near.mean(dim=1)  # (n,)
    tiny = torch.finfo(reach.dtype).tiny  # among copies, which lie at no distance
    return (reach + tiny) / (reach[which].mean(dim=1) + tiny)


@torch.no_grad()
def _features(generator: Generator, latents: Latents) -> tuple[Tensor, str]:
    """(n, F) of the images of latents that no direction has moved, and whose features they are."""
    judge = judge_of(generator.trained_on)
    _, height, width = generator.image_shape
    found = []
    for part in torch.arange(len(latents)).split(max(1, AT_ONCE // (height * width))):
        images = generator(latents[part]).clamp(-1, 1)  # (p, C, H, W)
        if judge is None:
            small = F.adaptive_avg_pool2d(images, PIXELS)  # (p, C, side, side)
            found.append(small.flatten(1).cpu())  # (p, C * side * side)
        else:
            found.append(judge.network.look(images)[1])  # (p, 128)
    return torch.cat(found), f"judge of {generator.trained_on}" if judge else "pixels"
