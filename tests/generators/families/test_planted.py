"""The planted generator: its axes do what they say, and recovery measures what it should."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from benchmark.core.seeds import stream
from benchmark.directions.matrices import random_orthonormal
from benchmark.generators.base import Latents
from benchmark.generators.families.planted import FACTORS, Planted
from benchmark.generators.stored import weights_hash
from benchmark.metrics.recovery import recovery


def test_each_axis_changes_the_image_and_the_others_do_not() -> None:
    generator = Planted()
    z = generator.sample(16, stream("z"))
    images = generator(z)
    for i in range(len(FACTORS)):
        moved = generator(z.moved(5.0 * generator.axes[:, i]))
        assert (moved - images).abs().amax(dim=(1, 2, 3)).median() > 0.3, FACTORS[i]
    basis = torch.linalg.svd(generator.axes, full_matrices=True).U
    for inert in basis[:, len(FACTORS) :].T:
        torch.testing.assert_close(generator(z.moved(5.0 * inert)), images, atol=1e-4, rtol=0)


def test_axes_are_hidden_orthonormal_and_always_the_same() -> None:
    one, two = Planted(), Planted()
    assert torch.equal(one.axes, two.axes)
    torch.testing.assert_close(one.axes.T @ one.axes, torch.eye(8), atol=1e-6, rtol=0)
    assert one.axes.abs().max() < 0.95  # none is a coordinate axis


def test_every_processor_makes_the_same_generator() -> None:
    """Otherwise a run begun on one machine would continue with another generator on the next."""
    program = "from benchmark.generators import stored\n"
    program += "from benchmark.generators.families import planted\n"
    program += "print(stored.weights_hash(planted.Planted()))"
    plain = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | plain,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == weights_hash(Planted())
    assert found.stdout.startswith("f8253f881fa2")


def test_a_factor_changes_its_own_blob_and_no_other() -> None:
    generator = Planted()
    z = Latents(torch.zeros(1, generator.latent_dim))
    still = generator(z)[0]
    centres = generator.distance.flatten(1).argmin(dim=1)  # (8,), the pixel of each blob's centre
    for sign in (-5.0, 5.0):
        for i in range(len(FACTORS)):
            change = (generator(z.moved(sign * generator.axes[:, i]))[0] - still).sum(dim=0)
            at_centres = change.flatten()[centres]  # (8,)
            assert at_centres[i] * sign > 1.0
            others = at_centres[torch.arange(8) != i]
            assert others.abs().max() < 0.15 * at_centres[i].abs()


def test_a_shift_along_an_axis_shows_more_than_one_across_two() -> None:
    generator = Planted()
    z = generator.sample(64, stream("z"))
    across = (generator.axes[:, 0] + generator.axes[:, 3]) / 2**0.5
    along, mixed = (
        (generator(z.moved(3.0 * direction)) - generator(z)).square().mean()
        for direction in (generator.axes[:, 0], across)
    )
    assert along > 1.5 * mixed


def test_recovery_of_known_matrices() -> None:
    axes = Planted().axes
    assert recovery(axes, axes) == pytest.approx(1.0)
    shuffled = -3.0 * axes[:, torch.randperm(8, generator=stream("shuffle"))]
    assert recovery(shuffled, axes) == pytest.approx(1.0)
    twice = torch.cat([axes[:, :4], axes[:, :4]], dim=1)  # four found, four missed
    assert recovery(twice, axes) == pytest.approx(0.5, abs=1e-5)


def test_recovery_is_the_best_of_all_matchings() -> None:
    axes = torch.linalg.qr(torch.randn(6, 4, generator=stream("axes"))).Q
    matrix = torch.randn(6, 5, generator=stream("matrix"))
    unit = matrix / matrix.norm(dim=0)
    cosines = (axes.T @ unit).abs().numpy()
    best = max(
        np.mean([cosines[i, j] for i, j in enumerate(columns)])
        for columns in itertools.permutations(range(5), 4)
    )
    assert recovery(matrix, axes) == pytest.approx(best, rel=1e-5)


def test_random_directions_recover_little() -> None:
    found = [recovery(random_orthonormal(16, 8, stream("r", i)), Planted().axes) for i in range(50)]
    assert np.mean(found) < 0.5
