"""A device beside the CPU, played on it: its tensors lie in the CPU's memory, and torch takes them
for those of another device. What a card refuses is refused: tensors of both in one operation, and a
tensor of the CPU's that is indexed from there. So is what a card would do and the suite never
wants: to draw random numbers of its own.

To play it is for a whole process, before anything learns in that.
"""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "played"
COPIES = {"aten::_to_copy", "aten::copy_"}  # what takes tensors from one device to another
INDEXING = {"aten::index", "aten::index_put", "aten::index_put_"}  # by numbers of the CPU's, too


class There(Tensor):
    """A tensor of the device. here: its numbers, on the CPU."""

    here: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, here: Tensor) -> "There":
        made = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            here.size(),
            strides=here.stride(),
            storage_offset=here.storage_offset(),
            dtype=here.dtype,
            device=torch.device(NAME, 0),
        )
        made.here = here
        return made  # type: ignore[no-any-return]

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return computed(func, args, kwargs or {})

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.here.detach().clone().__reduce_ex__(protocol)  # a checkpoint is read on the CPU


class Played(TorchDispatchMode):
    """While entered, there is the device."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return computed(func, args, kwargs or {})


def play() -> Played:
    """Give torch the device, which is there while what this returns is entered."""
    _setup_privateuseone_for_python_backend(NAME)
    torch._C._set_only_lift_cpu_tensors(True)  # so that `torch.tensor` asks the device
    torch.__future__.set_overwrite_module_params_on_conversion(True)  # weights become `There`
    return Played()


def computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What an operation gives. Raises RuntimeError for what the device refuses."""
    name = func.name().partition(".")[0]
    tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
    there = any(isinstance(one, There) for one in tensors)
    if (wanted := kwargs.get("device")) is not None:
        there = torch.device(wanted).type == NAME
        kwargs = {**kwargs, "device": "cpu"}
    elif there and name not in COPIES:
        _refuse_both(func, args, tensors)
    if there and torch.Tag.nondeterministic_seeded in func.tags:
        raise RuntimeError(f"{func} draws random numbers on the device")
    made = func(*tree_map(_here, args), **tree_map(_here, kwargs))
    if name.endswith("_"):
        return args[0] if func._schema.returns else None  # what it wrote to
    return tree_map(_there, made) if there else made


def _refuse_both(func: Any, args: Any, tensors: list[Tensor]) -> None:
    """Single numbers may come along from the CPU, and so may an index."""
    if func.name().partition(".")[0] in INDEXING and isinstance(args[0], There):
        tensors = [args[0], *(one for one in args[2:] if isinstance(one, Tensor))]
    if any(not isinstance(one, There) and (one.ndim or one is args[0]) for one in tensors):
        raise RuntimeError(f"{func} has tensors of the device and of the CPU")


def _here(value: Any) -> Any:
    return value.here if isinstance(value, There) else value


def _there(value: Any) -> Any:
    return There(value) if isinstance(value, Tensor) and not isinstance(value, There) else value
