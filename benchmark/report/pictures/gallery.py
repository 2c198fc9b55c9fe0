"""All pictures of a run: strips, evolutions and named directions as files, the explorer's sprites
for the page."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from benchmark.core import memory, threads
from benchmark.core.storage import write_atomically
from benchmark.report.attempts import Attempts
from benchmark.report.judged import Judged
from benchmark.report.pictures.evolution import draw_evolution
from benchmark.report.pictures.explorer import (
    Chapter,
    as_webp,
    chapter,
    share,
    share_of_others,
)
from benchmark.report.pictures.named import draw_named, named, section, write_named
from benchmark.report.pictures.painted import Painted
from benchmark.report.pictures.strips import draw_strips
from benchmark.runs.opening import Painters
from benchmark.runs.replicates import Replicates


@dataclass
class Exhibit:
    """What shows a row of the main table: its chapters in the explorer, that of the lowest seed
    first, its section among the named directions, and what could not be made of it."""

    chapters: list[Chapter] = field(default_factory=list)
    section: str = ""
    attempts: Attempts = field(default_factory=Attempts)


def write_pictures(
    rows: Sequence[Replicates],
    painters: Painters,
    judged: Judged | None,
    run: Path,
    attempts: Attempts,
) -> list[Chapter]:
    """Write strips/, evolution/, named/ and named.md, of each row its lowest seed; returns the
    explorer's chapters, in the order of the rows, with those of the other seeds after each.

    A row that cannot be painted here keeps its names, and loses the pictures of an earlier report.
    Generators are painted side by side on all cores, the rows of one of them in turn.
    """
    seen = [r for r in rows if painters.get((r.generator, r.method)) is not None]
    best = share(len(seen)), share_of_others(sum(len(r.done[1:]) for r in seen))
    by_generator = defaultdict(list)
    for i, r in enumerate(rows):
        by_generator[r.generator].append(i)

    def paint(places: list[int]) -> list[Exhibit]:
        return [_row(rows[i], painters, judged, best, run) for i in places]

    shown: dict[int, Exhibit] = {}
    with ThreadPoolExecutor(threads.cores(), initializer=threads.use, initargs=(1,)) as pool:
        groups = list(by_generator.values())
        for places, made in zip(groups, pool.map(paint, groups), strict=True):
            shown |= dict(zip(places, made, strict=True))
    in_order = [shown[i] for i in range(len(rows))]
    attempts.faults += [fault for one in in_order for fault in one.attempts.faults]
    write_named([one.section for one in in_order if one.section], run)
    return [chapter for one in in_order for chapter in one.chapters]


def _row(
    r: Replicates,
    painters: Painters,
    judged: Judged | None,
    best: tuple[int, int],
    run: Path,
) -> Exhibit:
    """Paint one row, and write its files. best: how many directions of its lowest seed, and of each
    other one."""
    shown, name = Exhibit(), f"{r.generator}-{r.method}.webp"
    make = shown.attempts.make
    generator = painters.get((r.generator, r.method))
    painted = None if generator is None or not r.done else Painted(generator, r.first)
    strips = evolution = called = None
    names = named(r.first) if r.done else []
    if painted is not None and r.first.ranking():
        strips = make(f"strips/{name}", draw_strips, painted)
        if r.first.has("evolution.safetensors"):
            evolution = make(f"evolution/{name}", draw_evolution, painted)
        shown.chapters = _chapters(r, painted, judged, best, make)
        if shown.chapters and evolution is not None:
            shown.chapters[0] = replace(shown.chapters[0], evolution=as_webp(evolution))
    if painted is not None and names:
        called = make(f"named/{name}", draw_named, painted, names)
    if names:
        shown.section = section(r, names, f"named/{name}" if called else "")
    for folder, picture in (("strips", strips), ("evolution", evolution), ("named", called)):
        _renew(picture, run / folder / name)
    memory.give_back()  # what lies between the images that are kept
    return shown


def _chapters(
    r: Replicates,
    painted: Painted,
    judged: Judged | None,
    best: tuple[int, int],
    make: Callable[..., Chapter | None],
) -> list[Chapter]:
    """The chapters of the row's seeds, as far as they can be made."""
    judgments = judged.of if judged else lambda stored: {}
    what = f"the explorer of {r.generator}, {r.method}"
    found = [make(what, chapter, painted, judgments(r.first), best[0])]
    for stored in r.done[1:]:
        if stored.ranking() and stored.has("directions.safetensors"):  # not so in a slim copy
            own = f"{what}, seed {stored.result.cell.seed}"
            other = painted.of_seed(stored)
            found.append(make(own, chapter, other, judgments(stored), best[1], 0))
    return [one for one in found if one is not None]


def _renew(picture: Image.Image | None, path: Path) -> None:
    """Save the picture. None: remove what an earlier report painted there, which may show other
    directions than there are now."""
    if picture is None:
        path.unlink(missing_ok=True)
    else:
        content = as_webp(picture)
        write_atomically(path, lambda part: part.write_bytes(content))
