"""What a study will show of a run: how many directions of what, said before they are rendered, and
how far the rendering is."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmark.core.progress import Progress
from benchmark.runs.replicates import Replicates
from study_server.bundle_writer import DirectionStrips

SHIPPED = "those that are shipped; `bench study init` writes them to a file of yours"


def numbers_of(
    rows: Sequence[Replicates], per_method: int, good: Sequence[tuple[Replicates, int]]
) -> dict[tuple[str, str], int]:
    """How many directions of each method on each generator are shown: the same of all methods, of
    those that do not serve as checks."""
    named = {(r.generator, r.method, k) for r, k in good}
    checks = Counter((generator, method) for generator, method, _ in named)
    free = {(r.generator, r.method): r.k - checks[r.generator, r.method] for r in rows}
    return {
        (generator, method): min(
            per_method, *(n for (where, _), n in free.items() if where == generator)
        )
        for generator, method in free
    }


def announced(numbers: Mapping[tuple[str, str], int], settings: Path | None) -> str:
    """What will be rendered, and by which settings, before it is. numbers: of directions by
    generator and method."""
    methods = list(dict.fromkeys(method for _, method in numbers))
    on = {generator: n for (generator, _), n in numbers.items()}
    of_each = ", ".join(f"{n} on {generator}" for generator, n in on.items())
    return (
        f"rendering {sum(numbers.values())} directions of {', '.join(methods)}: of each method "
        f"{of_each}\nsettings: {settings or SHIPPED}"
    )


def counted(strips: Iterator[DirectionStrips], total: int) -> Iterator[DirectionStrips]:
    """The same, with a bar that says how many are rendered."""
    progress = Progress("rendering directions", total)
    for done, strip in enumerate(strips, 1):
        yield strip
        progress.update(done, {})
