"""What is read from a file of others: a state dict in the names of a family, and whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmark.tables.text import plain_line

MOST = 4  # entries that a message names
CONVERTED = (
    "weights converted from NVIDIA's keep its terms, non-commercial use; weights that others "
    "trained have terms of their own"
)


@dataclass(frozen=True)
class PublishedState:
    """A generator's weights, not yet a generator.

    state: tensors by the names that the family's `from_state_dict` reads. layout: what kind of file
    they come from, "" for a state dict that nothing else tells. licence: of the weights in such
    files, as far as it is known. settings: what
    images depend on and no tensor shows, as further arguments of `from_state_dict`. notes: lines
    that whoever uses the generator should know.
    """

    state: Mapping[str, Any]
    layout: str = ""
    licence: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def listed(content: Any) -> str:
    """What a file holds instead, for a message."""
    if not isinstance(content, Mapping):
        return f"a value of type {type(content).__name__}"
    names = [plain_line(str(name)) for name in content]
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more if names else "nothing"
