"""What a study will show of a run: how many directions of what, said before they are rendered, and
how far the rendering is."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.core.progress import Progress
from benchmark.generators.base import Generator
from benchmark.generators.options import read_options, with_options
from benchmark.runs.replicates import Replicates
from study_server.bundle_writer import DirectionStrips

SHIPPED = "those that are shipped; `bench study init` writes them to a file of yours"


def check_options(rows: Iterable[Replicates], of: Callable[[Replicates], Generator]) -> None:
    """Raise BenchError where methods of one generator were run with other options of it, such as
    another space: there are no latents at which a study could show them all.

    of: a row's generator. An option that was not given counts as what it is then.
    """
    by_name: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)  # and by method
    for r in rows:
        given = read_options(of(r), r.first.result.config.get("generator", {}))
        by_name[r.generator][r.method] = asdict(of(r).Options(**given))
    for name, options in by_name.items():
        first, *others = options.values()
        unequal = [key for key in first if any(own[key] != first[key] for own in others)]
        if unequal:
            said = [
                f"{method} with {' and '.join(f'{key} {own[key]}' for key in unequal)}"
                for method, own in options.items()
            ]
            another = next(own for own in others if own != first)
            reference = with_options("NAME", {key: another[key] for key in unequal})
            raise BenchError(
                f"{name}: a study shows all methods at the same latents, but these were run with "
                f"other options of the generator: {', '.join(said)}; run them again with the same "
                f"ones; -g '{reference}' gives others a name of their own"
            )


def check_reach(rows: Iterable[Replicates]) -> None:
    """Raise BenchError where methods of one generator were run to other lengths of a shift: people
    would see one of them change images further, whatever its directions are."""
    by_name: dict[str, dict[str, float]] = defaultdict(dict)  # and by method
    for r in rows:
        by_name[r.generator][r.method] = r.first.result.config["protocol"]["max_shift"]
    for name, reach in by_name.items():
        if len({*reach.values()}) > 1:
            said = ", ".join(f"{method} to {eps:g}" for method, eps in reach.items())
            raise BenchError(
                f"{name}: a study shows all methods equally far, but these were run with other "
                f"max_shift: {said}; run them again with the same one"
            )


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
