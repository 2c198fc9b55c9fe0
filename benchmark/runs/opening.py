"""What the pictures of a run need, opened again: its cells' generators, and code of its shifts."""

import logging
from collections.abc import Mapping, Sequence

from benchmark.core.errors import BenchError
from benchmark.directions.stored_shift import UnknownKind
from benchmark.generators.base import Generator
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.registry import find_generator
from benchmark.generators.stored import weights_hash
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import StoredCell

log = logging.getLogger("bench")


Painters = Mapping[tuple[str, str], Generator | None]  # by generator and method


def open_generators(
    rows: Sequence[Replicates], references: Mapping[str, str]
) -> dict[tuple[str, str], Generator | None]:
    """For each row with answers to show, by generator and method, the generator that paints its
    directions, opened once; None with a warning.

    references: how a generator was named to the run, where that is not its own name. A generator
    that cannot be opened, or has changed since, loses only its pictures, and so do directions of a
    kind of shift that no loaded code defines.
    """
    opened: dict[str, Generator | None] = {}
    painters: dict[tuple[str, str], Generator | None] = {}
    for r in rows:
        if not r.done or not r.first.ranking():
            continue
        if r.generator not in opened:
            opened[r.generator] = open_generator(r.first, references)
        generator = opened[r.generator]
        at_hand = generator is not None and _directions_load(r)
        painters[r.generator, r.method] = generator if at_hand else None
    return painters


def _directions_load(r: Replicates) -> bool:
    """Whether the code of the row's shift is loaded, with a warning where it is not."""
    try:
        r.first.directions()
    except UnknownKind as error:
        log.warning("no pictures of %s on %s: %s", r.method, r.generator, error)
        return False
    return True


def open_generator(stored: StoredCell, references: Mapping[str, str]) -> Generator | None:
    """The generator of a cell, prepared; None, with a warning, if it cannot be opened."""
    name = stored.result.cell.generator
    try:
        generator = find_generator(references.get(name, name))[1].load()
    except BenchError as error:
        log.warning("no pictures of %s, which cannot be opened: %s", name, error)
        return None
    if weights_hash(generator) != stored.result.config["generator_hash"]:
        log.warning(
            "no pictures of %s: its weights are not those of the run any more; a generator has to "
            "come with the same ones each time it is made",
            name,
        )
        return None
    return prepare(generator)
