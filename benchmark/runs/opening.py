"""What the pictures of a run need, opened again: its cells' generators, and code of its shifts.

A run's folder may come from anybody, so nothing in it decides which code runs. The suite's own
generators, those of installed packages and weights, which are data, are opened by what the run
says; a Python file only where this very command names it.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.core.plugins import is_file, name_of
from benchmark.generators.asking.contract import no_pictures
from benchmark.generators.base import Generator
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.options import split_reference, with_options
from benchmark.generators.registry import find_generator
from benchmark.generators.stored import weights_hash
from benchmark.runs.grid import Group
from benchmark.runs.replicates import Replicates
from benchmark.runs.results import Cell, StoredCell
from benchmark.tables.text import plain_line

log = logging.getLogger("bench")


@dataclass(frozen=True)
class AtHand:
    """What this command brings along to open generators with.

    files: `path/to/file.py:callable` as its user typed them. made: generators that are open in this
    process, by `identity`.
    """

    files: tuple[str, ...] = ()
    made: Mapping[str, Generator] = field(default_factory=dict)


NOTHING = AtHand()


def made_by(groups: Iterable[Group]) -> AtHand:
    """The generators that these groups were computed with, for the report of their run, and the
    files that made them, which may make them with the options of other cells as well."""
    groups = list(groups)
    given = (split_reference(group.given)[0] for group in groups if is_file(group.given))
    return AtHand(
        files=tuple(dict.fromkeys(given)),
        made={
            identity(job.cell, job.config): group.generator
            for group in groups
            for job in group.jobs
        },
    )


def identity(cell: Cell, config: Mapping[str, Any]) -> str:
    """What tells generators apart: name, weights, code and options."""
    parts = [cell.generator, config["generator_hash"], _code(config), config.get("generator", {})]
    return json.dumps(parts, sort_keys=True)


Painters = Mapping[tuple[str, str], Generator | None]  # by generator and method


def open_generators(
    rows: Sequence[Replicates], references: Mapping[str, str], at_hand: AtHand = NOTHING
) -> dict[tuple[str, str], Generator | None]:
    """For each row with answers to show, by generator and method, the generator that paints its
    directions, opened once; None with a warning. Rows of other options, such as another space, are
    painted by another one.

    references: how a generator was named to the run, where that is not its own name. A generator
    that cannot be opened, or has changed since, loses only its pictures, and so do directions that
    cannot be read, such as those of a kind of shift that no loaded code defines.
    """
    opened: dict[str, Generator | None] = {}
    painters: dict[tuple[str, str], Generator | None] = {}
    for r in rows:
        if not r.done or not r.first.ranking():
            continue
        its = identity(r.first.result.cell, r.first.result.config)
        if its not in opened:
            found = attempt(open_generator, r.first, references, at_hand)
            if isinstance(found, Failure):
                log.warning("no pictures of %s: %s", r.generator, found.reason)
            opened[its] = None if isinstance(found, Failure) else found
        generator = opened[its]
        painters[r.generator, r.method] = generator if generator and _directions_load(r) else None
    return painters


def _directions_load(r: Replicates) -> bool:
    """Whether the row's directions can be read, with a warning where they cannot."""
    try:
        r.first.directions()
    except BenchError as error:
        log.warning("no pictures of %s on %s: %s", r.method, r.generator, error)
        return False
    return True


def open_generator(
    stored: StoredCell, references: Mapping[str, str], at_hand: AtHand = NOTHING
) -> Generator:
    """The generator of a cell, prepared. Raises BenchError, which says what to give, if none of
    those that may be opened is the one of the cell."""
    cell, config = stored.result.cell, stored.result.config
    if made := at_hand.made.get(identity(cell, config)):
        return _painter(made)
    own = references.get(cell.generator, cell.generator)
    named = [file for file in at_hand.files if may_be(file, cell.generator)]
    if is_file(own) and not named:
        raise BenchError(
            "a Python file makes it, and only files that this command names are run; "
            f"if you trust it, add -g {plain_line(split_reference(own)[0])}"
        )
    faults = []
    for reference in named or [own]:
        generator = find_generator(_as_in(config, reference))[1].load()
        fault = _differs(generator, config)
        if not fault:
            return _painter(generator)
        faults.append(fault)
    raise BenchError(faults[0])


def _painter(generator: Generator) -> Generator:
    """The generator prepared. Raises BenchError where its images are no pictures."""
    if reason := no_pictures(generator.image_shape):
        raise BenchError(reason)
    return prepare(generator)


def may_be(file: str, name: str) -> bool:
    """Whether a run may call the generator in this file so: by its own name, or that and more."""
    own = name_of(split_reference(file)[0])
    return name == own or name.startswith(f"{own}-")


def _as_in(config: Mapping[str, Any], reference: str) -> str:
    """The reference with the options of the cell."""
    if "generator" not in config:
        return reference
    return with_options(split_reference(reference)[0], config["generator"])


def _differs(generator: Generator, config: Mapping[str, Any]) -> str:
    """Why it is not the generator of the cell; empty where it is."""
    if weights_hash(generator) != config["generator_hash"]:
        return (
            "its weights are not those of the run any more; a generator has to come with the same "
            "ones each time it is made"
        )
    if "code" in config and _code(config) != generator.code:
        return "its code is not that of the run any more"
    return ""


def _code(config: Mapping[str, Any]) -> str:
    return str(config.get("code", {}).get("generator", ""))
