"""BigGAN's w: the 4 x 4 image of z's first chunk, with the other chunks of z beside it."""

import numpy as np
import pytest
import torch

from baselines.ganspace import GANSpace
from baselines.sefa import SeFa
from benchmark.core.errors import BenchError, Unserved
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.asking.contract import check
from benchmark.generators.base import Latents
from benchmark.generators.families.biggan import BigGAN, BigGANOptions
from benchmark.generators.fast.rewrites import prepare
from benchmark.methods.method import Assignment
from benchmark.rca.protocol import Protocol

W = 128  # 16 places of 4 * 2 channels


def opened(**options: object) -> BigGAN:
    torch.manual_seed(0)
    generator = BigGAN(32, latent_dim=16, width=2, n_classes=3, shared_dim=4)
    torch.nn.init.normal_(generator.linear.weight)
    torch.nn.init.normal_(generator.linear.bias)
    generator.configure(BigGANOptions(**{"space": "w", **options}))  # type: ignore[arg-type]
    return generator.eval().requires_grad_(False)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_z_and_w_of_one_draw_are_the_same_images() -> None:
    in_z, in_w = opened(space="z"), opened()
    z, w = in_z.sample(6, rng()), in_w.sample(6, rng())
    assert (z.point.shape, w.point.shape, in_w.latent_dim) == ((6, 16), (6, W), W)
    assert in_w.architecture() == in_z.architecture()
    torch.testing.assert_close(in_w(w), in_z(z), rtol=0, atol=1e-6)
    torch.testing.assert_close(prepare(in_w)(w), in_z(z), rtol=0, atol=1e-5)
    # a move of the first chunk is the move of w that it makes
    first = torch.randn(6, 4, generator=rng(1))
    in_first = z.moved(torch.cat([first, torch.zeros(6, 12)], dim=1))
    torch.testing.assert_close(
        in_w(w.moved(first @ in_w.linear.weight.T)), in_z(in_first), rtol=0, atol=1e-5
    )
    moved = w[:2].moved(torch.ones(W))
    assert moved.unmoved is not None
    assert torch.equal(moved.unmoved, z.point[:2, 4:])
    assert torch.equal(moved.to("cpu").unmoved, moved.unmoved)  # type: ignore[arg-type]


@pytest.mark.parametrize("truncation", [None, 0.8])
def test_eps_counts_standard_deviations_of_w(truncation: float | None) -> None:
    generator = opened(truncation=truncation)
    w = generator.sample(100_000, rng(7)).point.double().numpy()
    columns = torch.randn(W, 3, generator=rng(2))
    columns = columns / columns.norm(dim=0)
    deviations = (w @ columns.double().numpy()).std(axis=0)
    latents = generator.sample(3, rng())
    delta = FrozenLinear(columns)(latents, torch.arange(3), torch.full((3,), 2.0))
    np.testing.assert_allclose(delta.norm(dim=1).numpy(), 2 * deviations, rtol=0.01)
    assert float(generator.frame()["w_scale"]) == pytest.approx(np.sqrt(w.var(axis=0).mean()), 0.01)


def test_it_keeps_the_contract_and_says_what_it_lacks() -> None:
    generator = opened()
    assert [p for p in check(generator).points if p.state == "fault"] == []
    assert generator.frame().items() >= {"space": "w"}.items()
    assert opened(space="z").frame() == {}
    with pytest.raises(Unserved, match="no affine layer before the first ReLU"):
        SeFa().check(generator, Protocol(k=2))
    with pytest.raises(BenchError, match="unknown space 'v'"):
        opened(space="v")
    with pytest.raises(ValueError, match="goes with the other chunks of z"):
        generator(Latents(torch.zeros(1, W), torch.zeros(1, dtype=torch.int64)))


def test_ganspace_finds_the_components_of_w() -> None:
    """w is linear in four numbers of N(0, 1), so the space of its components is known."""
    generator = opened()
    task = Assignment(generator, prepare(generator), Protocol(k=4), rng(3), "stream", 0)
    found = GANSpace(samples=20_000).fit(task)
    assert found.notes["layer"] == "w"
    left, _, _ = np.linalg.svd(generator.linear.weight.double().numpy(), full_matrices=False)
    matrix = found.shift.matrix().double().numpy()  # type: ignore[operator]
    cosines = np.linalg.svd(left.T @ matrix, compute_uv=False)  # of the angles between the spaces
    np.testing.assert_allclose(cosines, 1.0, atol=1e-5)
