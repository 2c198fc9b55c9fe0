"""What the pictures of a run need, opened again: its cells' generators, and code of its shifts."""

import logging
from collections.abc import Mapping, Sequence

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.directions.stored_shift import UnknownKind
from benchmark.generators.base import Generator
from benchmark.generators.contract import no_pictures
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
            found = attempt(open_generator, r.first, references)
            if isinstance(found, Failure):
                log.warning(found.reason)
            opened[r.generator] = None if isinstance(found, Failure) else found
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


def open_generator(stored: StoredCell, references: Mapping[str, str]) -> Generator:
    """The generator of a cell, prepared to paint. Raises BenchError where it cannot be opened, has
    changed since, or its images are no pictures."""
    name = stored.result.cell.generator
    try:
        generator = find_generator(references.get(name, name))[1].load()
    except BenchError as error:
        raise BenchError(f"no pictures of {name}, which cannot be opened: {error}") from error
    if weights_hash(generator) != stored.result.config["generator_hash"]:
        raise BenchError(
            f"no pictures of {name}: its weights are not those of the run any more; a generator "
            "has to come with the same ones each time it is made"
        )
    if reason := no_pictures(generator.image_shape):
        raise BenchError(f"no pictures of {name}: {reason}")
    return prepare(generator)
