"""From a run to a study: renders sampled directions of every method for people to judge."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.analysis.accuracies import cell_accuracies
from benchmark.errors import BenchError, unknown
from benchmark.generators.base import Generator, Latents
from benchmark.report.pictures import open_generator
from benchmark.report.replicates import Replicates, headline
from benchmark.results import StoredCell, read_cells, read_run
from benchmark.seeds import derive_seed, stream
from benchmark.storage import sha256
from study_server.bundle_writer import DirectionStrips, write_bundle
from study_server.settings import read_settings

ROWS = 4  # different z, the same for all methods of a generator
STEPS = 13  # values of eps from end to end: every second one in the strip, all in the slider


def build_study(
    run: Path, out: Path, generators: Sequence[str], per_method: int, seed: int,
    settings: Path | None,
) -> str:  # fmt: skip
    """Write a study bundle of `per_method` directions of each method; returns the admin's password.

    Directions are drawn without replacement from the headline cells' lowest seed, latents anew,
    both from `seed`; a generator whose methods have fewer gives the same lower number from each.
    generators: names, all of the run where empty; settings: a study.toml. Raises BenchError where
    a generator is not in the run or cannot be opened.
    """
    if settings is not None:
        read_settings(settings)  # before anything is rendered
    description = read_run(run)
    rows = [r for r in headline(read_cells(run), description.get("headline", {})) if r.done]
    known = dict.fromkeys(r.generator for r in rows)
    for name in generators:
        if name not in known:
            raise unknown("generator in this run", name, known)
    chosen = [r for r in rows if not generators or r.generator in generators]
    references = description.get("generators", {})
    provenance = {
        "seed": seed,
        "per_method": per_method,
        "run": str(run.resolve()),
        "cells": {f"{r.generator} {r.method}": _origin(r.first) for r in chosen},
    }
    return write_bundle(out, _strips(chosen, references, per_method, seed), settings, provenance)


def _origin(stored: StoredCell) -> dict[str, Any]:
    """Where a method's directions come from, and their RCA: the run may be elsewhere later."""
    return {
        **asdict(stored.result.cell),
        "directions_sha256": sha256(stored.folder / "directions.safetensors"),
        "rca": cell_accuracies(stored),
    }


def _strips(
    rows: Sequence[Replicates], references: dict[str, str], per_method: int, seed: int
) -> Iterator[DirectionStrips]:
    opened: dict[str, Generator | None] = {}
    for r in rows:
        n = min(per_method, *(other.k for other in rows if other.generator == r.generator))
        if r.generator not in opened:
            opened[r.generator] = open_generator(r.first, references)
        generator = opened[r.generator]
        if generator is None:
            raise BenchError(f"{r.generator} cannot be opened, so its directions cannot be shown")
        latents = generator.sample(ROWS, stream("study", seed, r.generator, "latents"))
        eps = float(r.first.result.config["protocol"]["max_shift"])
        steps = np.linspace(-eps, eps, STEPS)
        choice = np.random.default_rng(derive_seed("study", seed, r.generator, r.method))
        matrix = r.first.directions().matrix
        for k in sorted(choice.choice(r.k, n, replace=False).tolist()):
            images = render(generator, latents, matrix[:, k], steps)
            yield DirectionStrips(r.generator, r.method, k, steps.tolist(), images)


@torch.no_grad()
def render(
    generator: Generator, latents: Latents, direction: Tensor, steps: np.ndarray
) -> list[list[np.ndarray]]:
    """A row a latent, a column a step: uint8 images (H, W, C) of G(z + eps * direction)."""
    columns = []
    for eps in steps.tolist():
        images = generator(latents.shifted(eps * direction))  # (n, C, H, W)
        pixels = images.clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
        columns.append(pixels.permute(0, 2, 3, 1).cpu().numpy())  # (n, H, W, C)
    return [[column[row] for column in columns] for row in range(len(latents))]
