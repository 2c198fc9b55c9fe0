"""A card that captures graphs, played on the CPU: it keeps every operation with the tensors that it
read and wrote, and replays these, and nothing of the Python that stood between them."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmark.rca.graphs import WARM_UP

READS = {  # what waits for a card; there the exponential looks at the size of its matrix
    "aten::_local_scalar_dense",
    "aten::equal",
    "aten::linalg_matrix_exp",
    "aten::nonzero",
}


class Tape(TorchDispatchMode):
    """While entered, keeps operations; one that would wait for a card raises RuntimeError."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func.name() in READS:
            raise RuntimeError("called a synchronizing CUDA operation")
        made = func(*args, **(kwargs or {}))
        if func.namespace != "profiler":
            self.kept.append((func, args, kwargs or {}, made))
        return made

    @torch.no_grad()
    def replay(self) -> None:
        for func, args, kwargs, kept in self.kept:
            made = func(*args, **kwargs)
            for one, place in zip(tree_leaves(made), tree_leaves(kept), strict=True):
                if isinstance(one, Tensor) and one.data_ptr() != place.data_ptr():
                    place.copy_(one)


class Card:
    """Stands in for `graphs.Card`."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.tapes: list[Tape] = []

    def capture(self, work: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        for _ in range(WARM_UP):
            work()
        with Tape() as tape:
            result = work()
        self.tapes.append(tape)
        return tape.replay, result
