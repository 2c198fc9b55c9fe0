"""Modules in NVIDIA's pickles, kept as data.

Such a pickle holds, for every module, the source text of its class, which their own reader runs.
Here a module is a record of its class's name, arguments and state; the text is left aside, and a
tensor is what torch's restricted reader makes of its bytes, when it is asked for.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Any

import torch
from torch import Tensor

from benchmark.core.unpickling import NAMES, Entries, Kept, plain
from benchmark.tables.text import plain_line


class Numbers(Kept):
    """Stands for a storage of torch: the bytes in which torch saved its numbers."""

    def __init__(self, content: bytes) -> None:
        self.content = content


class Weights(Kept):
    """Stands for a tensor: a part of a storage."""

    def __init__(
        self, numbers: Numbers, offset: int, shape: tuple[int, ...], steps: Any, *_about: Any
    ) -> None:
        self.numbers, self.offset, self.shape, self.steps = numbers, offset, shape, steps

    def tensor(self) -> Tensor:
        """The tensor, on the CPU. Raises ValueError where it is larger than what is stored."""
        if not isinstance(self.numbers, Numbers):
            raise ValueError("a tensor without numbers")
        stream = io.BytesIO(self.numbers.content)
        numbers = torch.load(stream, map_location="cpu", weights_only=True)
        if not isinstance(numbers, torch.TypedStorage):
            raise ValueError("a tensor without numbers")
        whole = torch.empty(0, dtype=numbers.dtype).set_(numbers)  # (what is stored,)
        if prod(self.shape) > len(whole):
            raise ValueError("a tensor of another size than it says")
        return whole.as_strided(self.shape, self.steps, self.offset).contiguous()


class Module(Kept):
    """Stands for an object of a class whose source text lies beside it; that text is not kept.

    kind: the name of its class.
    """

    def __init__(self, about: dict[str, Any]) -> None:
        self.kind, self._state = plain_line(str(about["class_name"])), about["state"]

    def attribute(self, name: str) -> Any:
        """A number or text that the module holds; None where there is none."""
        return plain(self._state.get(name))

    def tensors(self) -> dict[str, Tensor]:
        """Its state dict. Raises ValueError for what is none."""
        found: dict[str, Tensor] = {}
        for path, module in self.parts():
            own = {**module._of("_parameters"), **module._of("_buffers")}
            for name, weights in own.items():
                if weights is not None:
                    found[f"{path}{name}"] = weights.tensor()
        return found

    def parts(self) -> Iterator[tuple[str, "Module"]]:
        """The module and those in it at any depth, each with the beginning of its tensors' names.

        Raises ValueError where one is in two places: then there may be endlessly many.
        """
        waiting, seen = [("", self)], {id(self)}
        while waiting:
            path, module = waiting.pop()
            yield path, module
            for name, inner in module._of("_modules").items():
                if inner is None:
                    continue
                if not isinstance(inner, Module) or id(inner) in seen:
                    raise ValueError("a module in two places, or something else in its place")
                seen.add(id(inner))
                waiting.append((f"{path}{name}.", inner))

    def _of(self, place: str) -> Mapping[str, Any]:
        return self._state.get(place, {})


def parameter(weights: Weights, *_about: Any) -> Weights:
    return weights


PERSISTENT: Mapping[str, Callable[..., Any]] = {
    **NAMES,
    "builtins.set": list,
    "__builtin__.set": list,  # as protocol 2 calls it
    "dnnlib.util.EasyDict": Entries,
    "torch._utils._rebuild_parameter": parameter,
    "torch._utils._rebuild_tensor_v2": Weights,
    "torch.storage._load_from_bytes": Numbers,
    "torch_utils.persistence._reconstruct_persistent_obj": Module,
}
