"""Shifts on disk: tensors, and a description from which a reader rebuilds the shift.

A linear shift is stored as its matrix alone; any other also names its kind and the arguments that
make it.
"""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from benchmark.core.errors import BenchError, unknown
from benchmark.core.plugins import installed
from benchmark.core.reading import parse_json
from benchmark.core.storage import write_atomically
from benchmark.directions.shift import KINDS, Chosen, FrozenLinear, Shift
from benchmark.directions.vector_fields import WarpedShift  # noqa: F401 - defines its kind

MATRIX = "directions"  # the one tensor of a linear shift
Packed = tuple[dict[str, Tensor], dict[str, Any]]  # tensors by name, and the description


class UnknownKind(BenchError):
    """A kind of shift that no loaded code defines."""


def pack(shift: Shift) -> Packed:
    """Tensors on the CPU, and a description for JSON; empty for a linear shift."""
    if isinstance(shift, Chosen):
        tensors, description = pack(shift.whole)
        return tensors, {**description, "chosen": shift.places.tolist()}
    tensors = {
        name: value.detach().cpu().clone().contiguous()
        for name, value in shift.state_dict().items()
    }
    if isinstance(shift, FrozenLinear):
        return {MATRIX: tensors["fixed"]}, {}
    return tensors, {"kind": shift.kind, "settings": shift.settings()}


def unpack(tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> Shift:
    """The frozen shift that `pack` took apart. Raises BenchError for a kind that no loaded code
    defines, and for tensors that do not fit it."""
    if not description:
        return FrozenLinear(tensors[MATRIX])
    kind = str(description.get("kind", ""))
    if kind not in KINDS:
        _load_installed()
    if kind not in KINDS:
        raise UnknownKind(
            f"{unknown('kind of shift', kind, KINDS)}; for a kind of your own, name the code that "
            "defines it: -m file.py:Class on the command line"
        )
    try:
        shift = KINDS[kind](**description["settings"])
        shift.load_state_dict(dict(tensors))
    except (TypeError, KeyError, ValueError, RuntimeError) as error:
        words = " ".join(str(error).split())
        raise BenchError(f"these are no directions of kind '{kind}': {words}") from error
    frozen = shift.frozen()
    return frozen.chosen(description["chosen"]) if "chosen" in description else frozen


def _load_installed() -> None:
    """Import what installed packages offer as methods: each defines the kinds of its shifts."""
    for offer in installed("methods").values():
        with contextlib.suppress(BenchError):  # it cannot define the kind that is looked for
            offer.load()


def write_snapshots(path: Path, snapshots: Mapping[int, Packed]) -> None:
    """Write the shift after each kept step, as `step_<n>` in one safetensors file."""
    tensors: dict[str, Tensor] = {}
    description: dict[str, Any] = {}
    for step, (parts, description) in snapshots.items():
        for name, value in parts.items():
            suffix = "" if name == MATRIX and not description else f".{name}"
            tensors[f"step_{step}{suffix}"] = value
    metadata = {"shift": json.dumps(description, sort_keys=True)} if description else None
    write_atomically(path, lambda part: save_file(tensors, part, metadata))


def read_snapshots(path: Path) -> dict[int, Shift]:
    """The shifts that `write_snapshots` wrote, by step, in order of steps."""
    with safe_open(path, "pt") as file:
        description = parse_json((file.metadata() or {}).get("shift", "{}"), path)
        steps: dict[int, dict[str, Tensor]] = {}
        for key in file.keys():  # noqa: SIM118 - no mapping, it has no iterator of its own
            step, _, name = key.removeprefix("step_").partition(".")
            steps.setdefault(int(step), {})[name or MATRIX] = file.get_tensor(key)
    return {step: unpack(tensors, description) for step, tensors in sorted(steps.items())}
