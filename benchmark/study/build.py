"""From a run to a study: renders sampled directions of every method for people to judge."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from benchmark.core import memory
from benchmark.core.ahead import ahead
from benchmark.core.errors import BenchError, unknown
from benchmark.core.plugins import is_file
from benchmark.core.seeds import derive_seed
from benchmark.core.storage import sha256
from benchmark.directions.artefact import Directions
from benchmark.directions.images_along import images_along
from benchmark.generators.base import Generator, Latents
from benchmark.generators.registry import absolute
from benchmark.methods.method import Role
from benchmark.runs.opening import AtHand, identity, may_be, open_generator
from benchmark.runs.replicates import Replicates, check_single, headline
from benchmark.runs.results import StoredCell, read_cells, read_run
from benchmark.runs.roles import NO_ROLES, in_order, known_roles
from benchmark.study.accuracies import cell_accuracies
from benchmark.study.dealing import ROWS, Rows, deal_rows
from benchmark.study.to_render import announced, check_options, check_reach, counted, numbers_of
from study_server.bundle_writer import DirectionStrips, write_bundle
from study_server.settings_file import check_method, check_retention, read_settings
from study_server.shipped import default_settings
from study_server.tasks.choosing import made_task, task_class
from study_server.translations import untranslated

WAITING = 1 << 24  # bytes of images that wait to be written, or those of one direction
STEPS = 13  # values of eps from end to end: every second one in the strip, all in the slider


def build_study(
    run: Path,
    out: Path,
    generators: Sequence[str],
    per_method: int,
    seed: int,
    settings: Path | None,
    known_good: Sequence[str] = (),
    roles: Mapping[str, Role] = NO_ROLES,
    task: str = "rating",
    tell: Callable[[str], object] = lambda _: None,
) -> str:
    """Write a study bundle of `per_method` directions of each method; returns the admin's password.

    Directions are drawn without replacement from the headline cells' lowest seed, latents anew,
    both from `seed`; a generator whose methods have fewer gives the same lower number from each.
    generators: names, or `path/to/file.py:callable` of a user's own, which is where it is now; all
    of the run where empty. No file runs that is not named so. settings: a study.toml. known_good:
    directions GENERATOR/METHOD/K that everybody should call clear; shown as checks, not studied.
    Where none are given, edits of each generator's own pictures serve. roles: of methods, by name,
    for cells that do not store theirs. task: what is asked about them, a name or `file.py:Class`.
    tell: is told what will be rendered, before it is. Raises BenchError where a generator or
    direction is not in the run, a generator cannot be opened, or its methods differ in its options
    or in how far they went.
    """
    memory.share()
    asked = task_class(task)
    read = default_settings() if settings is None else read_settings(settings)
    made_task(asked, read)  # before anything is rendered
    if settings is not None:
        check_retention(read, settings, datetime.now(UTC).date())
        if amiss := untranslated(read):
            raise BenchError(f"{settings}: {amiss}")
    description = read_run(run)
    cells = read_cells(run)
    said = known_roles([(c.result.cell.method, c.result.role) for c in cells], roles)
    every = headline(cells, description.get("headline", {}), in_order(said))
    rows = [r for r in every if r.done]
    known = dict.fromkeys(r.generator for r in rows)
    at_hand = AtHand(tuple(given for given in generators if is_file(given)))
    references = description.get("generators", {})
    named = {name for given in generators for name in _called(given, known, references)}
    chosen = [r for r in rows if not generators or r.generator in named]
    if settings is not None:
        check_method(read, {r.method for r in chosen}, settings)
    good = [_named(text, rows) for text in known_good]
    gallery = _Gallery(references, at_hand)
    shown = (*chosen, *(r for r, _ in good))
    check_single(rows, shown, "this run")
    for r in shown:
        gallery.open(r)  # before anything is rendered
    check_options(shown, gallery.of)
    check_reach(shown)
    numbers = numbers_of(chosen, per_method, good)
    tell(announced(numbers, settings))
    pages = _pages(chosen, numbers, seed, good)
    rows_of = {
        name: deal_rows(gallery.of(own[0].r), name, 1 + max(page.place for page in own), seed)
        for name, own in _by_generator(pages).items()
    }
    provenance = {
        "seed": seed,
        "per_method": per_method,
        "run": str(run.resolve()),
        "cells": {f"{r.generator} {r.method}": _origin(r.first, said[r.method]) for r in chosen},
        "rows": {name: _dealt(rows_of[name], own) for name, own in _by_generator(pages).items()},
    }
    # Rendered ahead, while those before are written as files.
    strips = (gallery.strip(page, rows_of[page.r.generator]) for page in pages)
    made = ahead(counted(strips, len(pages)), at_once(gallery.opened.values()))
    return write_bundle(out, made, settings, provenance, asked, seed)


@dataclass(frozen=True)
class _Page:
    """Direction k of a row of the run, to be shown with the rows at `place`."""

    r: Replicates
    k: int
    place: int
    check: Literal["", "good"] = ""


def at_once(generators: Iterable[Generator]) -> int:
    """How many directions may wait to be written: some generators take longer than their files, and
    some less, and both kinds of work should find a core."""
    largest = max((math.prod(one.image_shape) for one in generators), default=1)
    return max(1, WAITING // (ROWS * STEPS * largest))


def _by_generator(pages: Sequence[_Page]) -> dict[str, list[_Page]]:
    found: dict[str, list[_Page]] = defaultdict(list)
    for page in pages:
        found[page.r.generator].append(page)
    return found


def _dealt(rows: Rows, pages: Sequence[_Page]) -> dict[str, Any]:
    """What the study keeps of a generator's rows, from which they can be drawn again."""
    return {
        "drawn": len(rows.drawn),
        "typical_by": rows.by,
        "of": {f"{page.r.method}/{page.k}": rows.dealt[page.place] for page in pages},
    }


def _called(given: str, known: Iterable[str], references: Mapping[str, str]) -> list[str]:
    """The names in `known` that a name or a file of the user's stands for. Raises BenchError.

    references: what opened each. With just these options, or else with any; where none is this file
    it has moved, and its name decides.
    """
    found = [name for name in known if name == given]
    if is_file(given):
        here = absolute(given)
        opened = {name: references.get(name, "") for name in known}
        found = [name for name, reference in opened.items() if reference == here]
        found = found or [n for n, reference in opened.items() if reference.split("?")[0] == here]
        found = found or [name for name in known if may_be(given, name)]
    if not found:
        raise unknown("generator in this run", given, known)
    return found


def _origin(stored: StoredCell, role: Role | None) -> dict[str, Any]:
    """The origin, role and RCA of a method's directions, since the run may be elsewhere later."""
    return {
        **asdict(stored.result.cell),
        "role": role or "",
        "directions_sha256": sha256(stored.folder / "directions.safetensors"),
        "rca": cell_accuracies(stored),
    }


class _Gallery:
    """Opens generators, each row's own, and makes strips of their directions."""

    def __init__(self, references: Mapping[str, str], at_hand: AtHand) -> None:
        self.references, self.at_hand = references, at_hand
        self.opened: dict[str, Generator] = {}  # by `identity`: one name may be of several

    def open(self, r: Replicates) -> None:
        """Open the row's generator; raises BenchError where its directions cannot be shown."""
        its = identity(r.first.result.cell, r.first.result.config)
        if its not in self.opened:
            try:
                generator = open_generator(r.first, self.references, self.at_hand)
            except BenchError as error:
                raise BenchError(f"{r.generator} cannot be shown: {error}") from error
            self.opened[its] = generator

    def of(self, r: Replicates) -> Generator:
        """The generator that the row's directions move."""
        return self.opened[identity(r.first.result.cell, r.first.result.config)]

    def strip(self, page: _Page, rows: Rows) -> DirectionStrips:
        r, k = page.r, page.k
        eps = float(r.first.result.config["protocol"]["max_shift"])
        steps = np.linspace(-eps, eps, STEPS)
        latents = rows.of(page.place)
        images = render(self.of(r), latents, r.first.directions(), k, steps)
        return DirectionStrips(r.generator, r.method, k, steps.tolist(), images, page.check)


def _pages(
    rows: Sequence[Replicates],
    numbers: Mapping[tuple[str, str], int],
    seed: int,
    good: Sequence[tuple[Replicates, int]],
) -> list[_Page]:
    """So many directions of every method, drawn without those that serve as checks; then these.

    The direction that a method's draw gives first has the rows at the first place, and so on: every
    method has all places, and chance alone says which of its directions has which.
    """
    checks = {(r.generator, r.method, k) for r, k in good}
    pages = []
    for r in rows:
        free = [k for k in range(r.k) if (r.generator, r.method, k) not in checks]
        rng = np.random.default_rng(derive_seed("study", seed, r.generator, r.method))
        drawn = rng.choice(free, numbers[r.generator, r.method], replace=False).tolist()
        pages += [_Page(r, k, drawn.index(k)) for k in sorted(drawn)]
    for r, k in good:
        taken = [page.place for page in pages if page.r.generator == r.generator]
        pages.append(_Page(r, k, 1 + max(taken, default=-1), "good"))
    return pages


def _named(text: str, rows: Sequence[Replicates]) -> tuple[Replicates, int]:
    """What GENERATOR/METHOD/K means in this run."""
    name, _, k = text.rpartition("/")
    found = {f"{r.generator}/{r.method}": r for r in rows}
    if name not in found:
        raise unknown("direction GENERATOR/METHOD/K", text, [f"{known}/0" for known in found])
    if not k.isdecimal() or int(k) >= found[name].k:
        raise BenchError(f"'{text}': the directions of {name} are 0 to {found[name].k - 1}")
    return found[name], int(k)


def render(
    generator: Generator, latents: Latents, directions: Directions, k: int, steps: np.ndarray
) -> list[list[np.ndarray]]:
    """One row per latent, one column per step: uint8 images (H, W, C) of the moved latents."""
    columns = []
    eps = torch.as_tensor(steps, dtype=latents.point.dtype)  # (E,)
    for images in images_along(generator, latents, directions, k, eps):  # (n, C, H, W)
        pixels = images.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
        columns.append(pixels.permute(0, 2, 3, 1).cpu().numpy())  # (n, H, W, C)
    return [[column[row] for column in columns] for row in range(len(latents))]
