"""The pictures of a run: image strips, and the evolution of a direction."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from benchmark.errors import BenchError
from benchmark.generators.base import Generator
from benchmark.generators.inference import prepare
from benchmark.generators.registry import find_generator
from benchmark.generators.weights import weights_hash
from benchmark.report.evolution import draw_evolution
from benchmark.report.replicates import Replicates
from benchmark.report.strips import draw_strips, ranking
from benchmark.results import StoredCell
from benchmark.storage import write_atomically

log = logging.getLogger("bench")

QUALITY = 90  # of WebP


def write_pictures(
    rows: Sequence[Replicates], opened: Mapping[str, Generator | None], run: Path
) -> None:
    """Write strips/ and evolution/, a file for each row with a done cell, of its lowest seed."""
    for r in rows:
        generator = opened.get(r.generator)
        if generator is None or not r.done or not ranking(r.first):
            continue
        name = f"{r.generator}-{r.method}.webp"
        save(draw_strips(generator, r.first), run / "strips" / name)
        if (r.first.folder / "evolution.safetensors").exists():
            save(draw_evolution(generator, r.first), run / "evolution" / name)


def open_generators(
    rows: Sequence[Replicates], references: Mapping[str, str]
) -> dict[str, Generator | None]:
    """The generators of all rows with answers to show, each opened once, None with a warning.

    references: how a generator was named to the run, where that is not its own name. A generator
    that cannot be opened, or is another by now, costs its pictures only.
    """
    opened: dict[str, Generator | None] = {}
    for r in rows:
        if r.generator not in opened and r.done and ranking(r.first):
            opened[r.generator] = open_generator(r.first, references)
    return opened


def open_generator(stored: StoredCell, references: Mapping[str, str]) -> Generator | None:
    """The generator that a cell was computed with, prepared; None, with a warning, without it."""
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


def save(picture: Image.Image, path: Path) -> None:
    """As WebP, which takes a fifth of what PNG does for pictures of faces."""
    write_atomically(path, partial(picture.save, format="WEBP", quality=QUALITY, method=6))
