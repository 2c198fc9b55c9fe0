"""Rows are dealt from typical images: what stands apart is left out, also of a wide class."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.core.seeds import stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.catalogue import GENERATORS
from benchmark.study.dealing import NEIGHBOURS, deal_rows, oddness


class Sometimes(Generator):
    """Grey images of one brightness; of noise where the last coordinate is above 1."""

    def __init__(self) -> None:
        super().__init__()
        self.latent_dim, self.image_shape = 3, (1, 32, 32)
        self.noise = nn.Buffer(torch.randn(1, 1, 32, 32, generator=stream("noise")))

    def forward(self, latents: Latents) -> Tensor:
        z = latents.point.view(-1, 3, 1, 1)  # (n, 3, 1, 1)
        whole = 0.1 * z[:, :1] + torch.zeros(1, 1, 32, 32)  # (n, 1, 32, 32)
        broken = (self.noise * z[:, 1:2]).sign()  # (n, 1, 32, 32)
        return torch.where(z[:, 2:] > 1.0, broken.roll(int(1e3 * z.abs().max()), 2), whole)


def test_oddness_is_what_a_loop_says() -> None:
    points = torch.randn(40, 3, generator=stream("points"), dtype=torch.float64)
    near = {}
    for i in range(40):
        apart = [(float(np.linalg.norm(points[i] - points[j])), j) for j in range(40) if j != i]
        near[i] = sorted(apart)[:NEIGHBOURS]
    reach = {i: np.mean([distance for distance, _ in near[i]]) for i in near}
    expected = [reach[i] / np.mean([reach[j] for _, j in near[i]]) for i in near]
    assert oddness(points).numpy() == pytest.approx(expected, rel=1e-9)


def test_a_wide_class_is_as_typical_as_a_narrow_one() -> None:
    """Ones look alike and eights do not; by the distance alone no eight would be typical."""
    rng = stream("classes")
    narrow = 0.01 * torch.randn(50, 2, generator=rng)
    wide = 5 + torch.randn(50, 2, generator=rng)
    odd = oddness(torch.cat([narrow, wide]))
    typical = odd.argsort()[:50]
    assert 15 <= int((typical < 50).sum()) <= 35
    alone = torch.cat([narrow, torch.tensor([[1.0, 1.0]])])
    assert int(oddness(alone).argmax()) == 50
    copies = oddness(torch.zeros(20, 2))
    assert torch.equal(copies, torch.ones(20, dtype=torch.float64))


def test_broken_images_are_no_rows() -> None:
    rows = deal_rows(Sometimes(), "sometimes", pages=10, seed=0)
    broken = rows.drawn.point[:, 2] > 1.0
    assert 5 < int(broken.sum()) < 25  # of the draws
    dealt = torch.tensor(rows.dealt)  # (10, 4)
    assert dealt.shape == (10, 4)
    assert len(dealt.unique()) == 40
    assert not broken[dealt].any()
    assert rows.by == "pixels"


def test_the_bundled_judge_tells_where_there_is_one() -> None:
    generator = GENERATORS["mnist-sngan"].load()
    rows = deal_rows(generator, "mnist-sngan", pages=2, seed=0)
    assert rows.by == "judge of mnist"
    again = deal_rows(generator, "mnist-sngan", pages=2, seed=0)
    assert again.dealt == rows.dealt
    assert deal_rows(generator, "mnist-sngan", pages=2, seed=1).dealt != rows.dealt
