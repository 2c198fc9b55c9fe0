"""A step reads no number and carries none to a card, or no graph could hold it: shown on torch's
meta device, which has no numbers that could be read."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmark.core.seeds import stream
from benchmark.directions.matrices import OrthonormalLinear, UnitLinear, axes
from benchmark.directions.shift import FrozenLinear, Shift
from benchmark.directions.vector_fields import WarpedShift
from benchmark.generators.catalogue import BUNDLED, GENERATORS
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.registry import find_generator
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange
from benchmark.rca.training import Learner

K = 8
SMALL = [
    name for name, entry in GENERATORS.items() if getattr(entry.weights, "parent", 0) == BUNDLED
]


class Watch(TorchDispatchMode):
    """Notes what takes tensors of one device and gives them on another."""

    def __init__(self) -> None:
        super().__init__()
        self.carried: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        every = [one for one in tree_leaves((args, kwargs, made)) if isinstance(one, Tensor)]
        if len({one.device for one in every}) > 1:
            self.carried.append(func.name())
        return made


def step(reference: str, shift: type[Shift] = UnitLinear) -> list[str]:
    """What one step carries; raises RuntimeError where it reads a number."""
    generator = prepare(find_generator(reference)[1].load())
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
    with Watch() as watch:
        with torch.no_grad():
            images = generator(shifts.latents)
        one.advance(generator, images, shifts)
    return watch.carried


@pytest.mark.parametrize(
    "reference", [*SMALL, "planted", "celeba-stylegan2-small?space=w&layers=0-3"]
)
def test_a_step_reads_and_carries_nothing(reference: str) -> None:
    assert step(reference) == []


@pytest.mark.parametrize("shift", [FrozenLinear, OrthonormalLinear])
def test_other_matrices_do_neither(shift: type[Shift]) -> None:
    assert step("planted", shift) == []


def test_fields_read_where_each_latent_stops() -> None:
    with pytest.raises(RuntimeError, match="item"):
        step("planted", WarpedShift)
