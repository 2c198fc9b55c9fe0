"""Some layers of w as text, such as `0-5` or `0,3-5`, both ends included."""

import re
from collections.abc import Iterable

from benchmark.core.errors import BenchError

RANGES = re.compile(r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*")


def layers_of(text: str, count: int) -> tuple[int, ...]:
    """The layers that text names, each once, in order.

    Raises BenchError for other text, and for layers that are not among 0 to count - 1.
    """
    if not RANGES.fullmatch(text):
        raise BenchError(f"layers are numbers and ranges, such as 0-5 or 0,3-5, not {text!r}")
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not int(first) <= int(last or first) < count:
            raise BenchError(f"the layers of w go from 0 to {count - 1}, and {part} is not in them")
        found |= set(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


def as_ranges(layers: Iterable[int]) -> str:
    """The one text for these layers, whatever their order; "" for none."""
    runs: list[list[int]] = []
    for layer in sorted(set(layers)):
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
