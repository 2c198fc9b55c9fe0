"""A step reads no number and carries none to a card, or no graph could hold it: shown on torch's
meta device, which has no numbers that could be read."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmark.core.seeds import stream
from benchmark.directions.matrices import OrthonormalLinear, UnitLinear, axes
from benchmark.directions.shift import FrozenLinear, Shift
from benchmark.directions.vector_fields import WarpedShift
from benchmark.generators.base import Generator
from benchmark.generators.catalogue import BUNDLED, GENERATORS
from benchmark.generators.families.stylegan3 import StyleGAN3
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.registry import find_generator
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange
from benchmark.rca.training import Learner
from tests.rca.played_card import READS

K = 8
SMALL = [
    name for name, entry in GENERATORS.items() if getattr(entry.weights, "parent", 0) == BUNDLED
]


def opened(reference: str) -> Generator:
    return find_generator(reference)[1].load()


class Watch(TorchDispatchMode):
    """Notes what takes tensors of one device and gives them on another, and what would read some
    on a card although it does not on meta."""

    def __init__(self) -> None:
        super().__init__()
        self.carried: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        every = [one for one in tree_leaves((args, kwargs, made)) if isinstance(one, Tensor)]
        if len({one.device for one in every}) > 1 or func.name() in READS:
            self.carried.append(func.name())
        return made


class WatchNumbers(TorchFunctionMode):
    """Notes what brings Python's numbers, which torch hides from dispatch."""

    def __init__(self, carried: list[str]) -> None:
        super().__init__()
        self.carried = carried

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if func in (torch.tensor, torch.as_tensor, Tensor.new_tensor) and made.is_meta:
            self.carried.append(func.__name__)
        return made


def step(whole: Generator, shift: type[Shift] = UnitLinear) -> list[str]:
    """What one step carries; raises RuntimeError where it reads a number."""
    generator = prepare(whole)
    terms = Protocol(k=K, batch=4)
    shifts = ShiftRange(6.0, 0.0).draw(generator, K, 4, stream("asked")).to("meta")
    of = (
        WarpedShift(generator.latent_dim, K, 4, 1.0)
        if shift is WarpedShift
        else shift(axes(generator.latent_dim, K, stream("start")))
    )
    one = Learner("A", of, generator.image_shape, terms, 0, "cpu", lr_shift=1e-3)
    parts = [part.to("meta") for part in (one.reconstructor, one.shift)]
    one.optimisers = [  # Adam reads its steps where there are no graphs
        torch.optim.SGD(part.parameters()) for part in parts if [*part.parameters()]
    ]
    generator = generator.to("meta")
    with Watch() as watch, WatchNumbers(watch.carried):
        with torch.no_grad():
            images = generator(shifts.latents)
        one.advance(generator, images, shifts)
    return watch.carried


@pytest.mark.parametrize(
    "reference", [*SMALL, "planted", "celeba-stylegan2-small?space=w&layers=0-3"]
)
def test_a_step_reads_and_carries_nothing(reference: str) -> None:
    assert step(opened(reference)) == []


def test_fourier_features_do_neither() -> None:
    assert step(StyleGAN3(16, 8, 8, channels=(8, 4, 4, 4), image_channels=1)) == []


def test_a_frozen_matrix_does_neither() -> None:
    assert step(opened("planted"), FrozenLinear) == []


def test_the_exponential_of_orthonormal_columns_reads() -> None:
    assert set(step(opened("planted"), OrthonormalLinear)) == {"aten::linalg_matrix_exp"}


def test_fields_read_where_each_latent_stops() -> None:
    with pytest.raises(RuntimeError, match="item"):
        step(opened("planted"), WarpedShift)


@pytest.mark.parametrize("bring", [torch.tensor, torch.as_tensor])
def test_numbers_that_are_brought_are_noticed(bring: Any) -> None:
    with Watch() as watch, WatchNumbers(watch.carried):
        bring([1.0, 3.0], device="meta")
    assert watch.carried == [bring.__name__]
