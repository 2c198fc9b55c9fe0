"""SeFa against scipy's eigensolver, and what it needs of a generator."""

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from baselines import METHODS
from baselines.sefa import SeFa
from benchmark.core.errors import Unserved
from benchmark.core.seeds import stream
from benchmark.directions.artefact import Directions
from benchmark.generators.base import Generator
from benchmark.generators.registry import find_generator
from benchmark.methods.method import Assignment, Fitted, accepted
from benchmark.metrics import METRICS
from benchmark.rca.protocol import Protocol
from benchmark.runs.grid import plan
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig

BUNDLED = ("mnist-sngan", "anime-sngan-small", "celeba-proggan-small", "cifar-biggan-small")


class Layered(Generator):
    """Its first layer has this weight (features, d)."""

    image_shape = (1, 32, 32)

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.latent_dim = weight.shape[1]
        self.register_buffer("weight", weight)

    def first_layer(self) -> Tensor:
        return self.weight  # type: ignore[return-value]  # a buffer


class Closed(Generator):
    latent_dim, image_shape = 6, (1, 32, 32)


def found(generator: Generator, k: int, normalise: bool = True) -> Fitted:
    task = Assignment(generator, Closed(), Protocol(k=k), stream("fit"), "questions", r_seed=0)
    return SeFa(normalise).fit(task)


def expected(weight: np.ndarray, k: int, normalise: bool) -> tuple[np.ndarray, np.ndarray]:
    """Axes (d, K) and shares (K,) by scipy's generic solver, one output of the layer at a time."""
    columns = [row / np.linalg.norm(row) if normalise else row for row in weight]
    square = sum(np.outer(column, column) for column in columns)  # (d, d)
    values, vectors = scipy.linalg.eig(square)
    order = np.argsort(-values.real)[:k]
    return vectors.real[:, order], values.real[order] / values.real.sum()


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("name", BUNDLED)
def test_the_directions_of_every_family_are_those_of_scipy(name: str, normalise: bool) -> None:
    generator = find_generator(name)[1].load()
    fitted = found(generator, 12, normalise)
    weight = generator.first_layer().detach().double().numpy()
    axes, shares = expected(weight, 12, normalise)
    matrix = fitted.shift.matrix().numpy()  # type: ignore[operator]  # a linear shift
    overlap = matrix.T @ axes  # (K, K), the identity but for signs
    assert np.abs(np.abs(overlap) - np.eye(12)).max() < 1e-10
    told = [float(share) for share in fitted.notes["shares"].split()]
    np.testing.assert_allclose(told, shares, rtol=1e-3)
    accepted(fitted, generator, Protocol(k=12))


def test_normalising_makes_every_output_count_the_same() -> None:
    weight = torch.tensor([[9.0, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.2, 0.0]])
    axes = torch.eye(3, dtype=torch.float64)
    loud, many = axes[:, :1], axes[:, 1:2]
    torch.testing.assert_close(found(Layered(weight), 1, normalise=False).shift.matrix(), loud)
    torch.testing.assert_close(found(Layered(weight), 1, normalise=True).shift.matrix(), many)


def test_an_output_that_listens_to_nothing_changes_nothing() -> None:
    weight = torch.randn(7, 4, generator=stream("weight"))
    silent = torch.cat([weight, torch.zeros(2, 4)])
    a, b = (found(Layered(w), 3).shift.matrix() for w in (weight, silent))
    torch.testing.assert_close(a, b)


def test_the_strongest_direction_moves_the_layer_most() -> None:
    weight = torch.randn(30, 8, generator=stream("weight"), dtype=torch.float64)
    matrix = found(Layered(weight), 8, normalise=False).shift.matrix()
    moved = (weight @ matrix).norm(dim=0)  # (K,)
    assert bool((moved.diff() <= 1e-12).all())
    torch.testing.assert_close(moved[0], torch.linalg.matrix_norm(weight, 2))


@pytest.mark.parametrize(
    ("generator", "k", "message"),
    [
        (Closed(), 4, "Closed does not say what its first layer is"),
        (Layered(torch.eye(6)), 7, "sefa: 7 orthonormal directions do not fit 6 latent dimensions"),
    ],
)
def test_what_cannot_be_served_is_one_line(generator: Generator, k: int, message: str) -> None:
    with pytest.raises(Unserved, match=message) as caught:
        SeFa().check(generator, Protocol(k=k))
    assert "\n" not in str(caught.value)


def test_a_first_layer_is_asked_of_the_original() -> None:
    """The fast copy may have scaled its weights; `found` hands in one without a first layer."""
    assert found(Layered(torch.eye(6)), 6).shift.latent_dim == 6


def test_the_shares_stay_with_the_directions(tmp_path: Path) -> None:
    config = RunConfig.from_preset("quick")
    config = config.with_settings(["steps=2", "batch=4", "evaluation=20", "k=3"])
    groups = plan(config, ["planted"], ["sefa"], METHODS)
    (result,) = execute(groups, tmp_path, "cpu", False, METRICS, {})
    stored = Directions.load(result.cell.folder(tmp_path) / "directions.safetensors")
    assert stored.provenance["shares"] == "0.125 0.125 0.125"  # of eight axes, all alike
    assert stored.provenance["method"] == "sefa"
