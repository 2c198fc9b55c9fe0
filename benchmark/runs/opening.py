"""The generators that the cells of a run were computed with, opened again."""

import logging
from collections.abc import Mapping, Sequence

from benchmark.core.errors import BenchError
from benchmark.generators.base import Generator
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.registry import find_generator
from benchmark.generators.stored import weights_hash
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import StoredCell

log = logging.getLogger("bench")


def open_generators(
    rows: Sequence[Replicates], references: Mapping[str, str]
) -> dict[str, Generator | None]:
    """The generators of all rows with answers to show, each opened once, None with a warning.

    references: how a generator was named to the run, where that is not its own name. A generator
    that cannot be opened, or has changed since, loses only its pictures.
    """
    opened: dict[str, Generator | None] = {}
    for r in rows:
        if r.generator not in opened and r.done and r.first.ranking():
            opened[r.generator] = open_generator(r.first, references)
    return opened


def open_generator(stored: StoredCell, references: Mapping[str, str]) -> Generator | None:
    """The generator of a cell, prepared; None, with a warning, if it cannot be opened."""
    name = stored.result.cell.generator
    try:
        generator = find_generator(references.get(name, name))[1].load()
    except BenchError as error:
        log.warning("no pictures of %s, which cannot be opened: %s", name, error)
        return None
    if weights_hash(generator) != stored.result.config["generator_hash"]:
        log.warning("no pictures of %s: its weights are not those of the run any more", name)
        return None
    return prepare(generator)
