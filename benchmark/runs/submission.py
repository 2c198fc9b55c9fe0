"""May a run stand on a public leaderboard? What a stranger would ask before believing it.

A run that passes is whole, is what its hashes say, was computed by one version on each generator,
where methods are compared, and on terms that nobody has bent.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.generators.catalogue import GENERATORS
from benchmark.generators.options import split_reference, with_options
from benchmark.metrics import HEADLINE
from benchmark.runs import PRESETS
from benchmark.runs.replicates import is_shown
from benchmark.runs.results import Cell, StoredCell, read_cells, read_run
from benchmark.runs.settings import (
    Methods,
    RunConfig,
    content_hash,
    generator_options,
    method_for,
    plain,
    protocol_for,
    terms_of,
)

LEAST_SEEDS = 3


@dataclass(frozen=True)
class Point:
    """One question about the run. faults: what speaks against it, a line each; empty where
    nothing does."""

    asks: str
    faults: tuple[str, ...]


def submission_points(run: Path, methods: Methods, weights: Callable[[str], str]) -> list[Point]:
    """All points of a run's folder, in a fixed order.

    methods: the suite's own, by name. weights: gives the hash of the weights of one of the suite's
    own generators, by name. Raises BenchError where there is no run.
    """
    cells, description = read_cells(run), read_run(run)
    headline = description.get("headline", {})
    shown = [c for c in cells if is_shown(c.result.cell, headline)]
    seeds = _seeds(run, headline)
    asked: Sequence[tuple[str, Iterator[str]]] = (
        (
            "every cell of the main table is done and undamaged",
            _missing(run, shown, headline, seeds),
        ),
        (f"at least {LEAST_SEEDS} seeds", _few_seeds(seeds)),
        ("the hashes of settings hold", _bent_identities(shown)),
        ("one version of the suite and of torch on each generator", _versions(shown)),
        ("the settings are those of a preset", _changed(shown, description, methods)),
        ("generators are the suite's own, or published ones", _generators(shown, weights)),
        (
            "methods are the suite's own, or named by the hash of their code",
            _methods(shown, methods),
        ),
        ("the answers of R are kept, and give the figures", _answers(shown)),
    )
    return [Point(asks, tuple(faults)) for asks, faults in asked]


def _seeds(run: Path, headline: Mapping[str, Mapping[str, str]]) -> dict[str, set[int]]:
    """The seeds of each generator in the main table, done, failed or damaged, by the names of
    folders: run.json knows those of the last command only."""
    seeds: dict[str, set[int]] = {generator: set() for generator in headline}
    for path in (run / "cells").glob("*/*/*/result.json"):
        generator, method, folder = path.parts[-4:-1]
        seed, _, config_hash = folder.partition("-")
        if seed.isdecimal() and is_shown(Cell(generator, method, int(seed), config_hash), headline):
            seeds[generator].add(int(seed))
    return seeds


def _missing(
    run: Path,
    cells: Sequence[StoredCell],
    headline: Mapping[str, Mapping[str, str]],
    seeds: Mapping[str, set[int]],
) -> Iterator[str]:
    """Means over other seeds do not compare, so every method has all seeds of its generator."""
    found = {
        (c.result.cell.generator, c.result.cell.method, c.result.cell.seed): c.result for c in cells
    }
    if not found:
        yield f"{run} shows no cell at all"
    for generator, methods in headline.items():
        for method in methods:
            for seed in sorted(seeds[generator]):
                result = found.get((generator, method, seed))
                where = f"{method} on {generator}, seed {seed}"
                if result is None:
                    yield f"{where} is missing, or damaged"
                elif result.status == "failed":
                    yield f"{where} failed: {result.reason}"


def _few_seeds(seeds: Mapping[str, set[int]]) -> Iterator[str]:
    if not seeds:
        yield "there are none"
    for generator, own in seeds.items():
        if len(own) < LEAST_SEEDS:
            yield f"{generator} has {len(own)}; intervals need replicates: --seeds 0,1,2"


def _bent_identities(cells: Sequence[StoredCell]) -> Iterator[str]:
    for stored in cells:
        if content_hash(stored.result.config) != stored.result.cell.config_hash:
            yield f"{stored.folder} holds other settings than its name says"


def _versions(cells: Sequence[StoredCell]) -> Iterator[str]:
    by_generator: dict[str, list[Mapping[str, str]]] = {}
    for stored in cells:
        by_generator.setdefault(stored.result.cell.generator, []).append(stored.result.versions)
    for generator, versions in by_generator.items():
        for name in ("bench_version", "torch_version"):
            found = sorted({own.get(name, "unknown").partition("+")[0] for own in versions})
            if len(found) > 1:
                yield f"{generator}: {name.removesuffix('_version')} {' and '.join(found)}"


def _changed(
    cells: Sequence[StoredCell], description: Mapping[str, Any], methods: Methods
) -> Iterator[str]:
    """What differs from the preset, as cells say it: run.json knows the last command only."""
    name = description.get("preset", "")
    if name not in {file.stem for file in PRESETS.glob("*.toml")}:  # a path leads elsewhere
        yield f"'{name}' is no preset of the suite"
        return
    config = RunConfig.from_preset(name)
    layers = config.layers(config.variants[0])
    references = {**description.get("generators", {}), **description.get("given", {})}
    for stored in cells:
        cell, found = stored.result.cell, stored.result.config
        own = split_reference(references.get(cell.generator, cell.generator))[0]
        entry, options = GENERATORS.get(own), found.get("generator", {})
        if entry is not None and entry.usual is not None:
            protocol = protocol_for(cell.generator, entry.usual, layers, options, own=own)
            yield from _unequal(cell, terms_of(protocol), found["protocol"])
        elif entry is None:  # what is usual for it nobody knows; what the preset says holds for all
            general = {k: v for layer in layers for k, v in layer.items() if "." not in k}
            yield from _unequal(cell, general, {k: found["protocol"].get(k) for k in general})
        usual = entry.options if entry is not None else {}
        preset = generator_options(cell.generator, options, layers, own)
        yield from _unequal(cell, _as_options({**usual, **preset}), _as_options(options))
        if cell.method in methods and "method" not in found.get("code", {}):
            wanted = plain(method_for(cell.method, cell.generator, layers, methods, own))
            yield from _unequal(cell, wanted, found["method"])


def _as_options(options: Mapping[str, Any]) -> dict[str, str]:
    """A generator's options as texts, however they were given."""
    texts = split_reference(with_options("", options))[1]
    return {f"option {name}": text for name, text in texts.items()}


def _unequal(cell: Cell, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for key in {**wanted, **found}:
        if wanted.get(key) != found.get(key):
            where = f"{cell.method} on {cell.generator}, seed {cell.seed}"
            yield f"{where}: {key} {found.get(key)}, not {wanted.get(key)}"


def _generators(cells: Sequence[StoredCell], weights: Callable[[str], str]) -> Iterator[str]:
    for generator in dict.fromkeys(c.result.cell.generator for c in cells):
        own = [c.result.config for c in cells if c.result.cell.generator == generator]
        hashes = {config["generator_hash"] for config in own}
        if len(hashes) > 1:
            found = " and ".join(sorted(one[:10] for one in hashes))
            yield f"{generator} has other weights in some cells: {found}"
        if any("generator" in config.get("code", {}) for config in own):
            yield f"{generator} is made by a file of its author's; publish it, and it can be added"
        elif generator not in GENERATORS:
            yield f"{generator} is none of the suite's; publish it, and it can be added"
        elif GENERATORS[generator].missing():
            continue  # nobody can say, without its weights
        elif hashes != {weights(generator)}:
            yield f"{generator} has other weights than the suite's"


def _methods(cells: Sequence[StoredCell], methods: Methods) -> Iterator[str]:
    for method in dict.fromkeys(c.result.cell.method for c in cells):
        own = [c.result.config for c in cells if c.result.cell.method == method]
        codes = {config.get("code", {}).get("method", "") for config in own}
        if len(codes) > 1:
            yield f"{method} is not the same code in all cells"
        elif codes == {""} and method not in methods:
            yield f"{method} is none of the suite's, and no hash says what its code is"


def _answers(cells: Sequence[StoredCell]) -> Iterator[str]:
    """The headline is what the answers give: a seal can be made anew, ten thousand answers less
    easily."""
    for stored in cells:
        if stored.result.status != "done":
            continue
        answers, metrics = stored.table("predictions"), stored.result.metrics
        if answers is None:
            yield f"{stored.folder} keeps no answers of R"
            continue
        rca = float((answers["k"] == answers["k_hat"]).mean())
        if (rca, len(answers)) != (metrics[HEADLINE], metrics["n"]):
            yield (
                f"{stored.folder}: {len(answers)} answers give {rca:.4f}, not {HEADLINE} "
                f"{metrics[HEADLINE]:.4f} of {metrics['n']}"
            )
