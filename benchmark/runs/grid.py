"""The grid of a run: which cells there are, and which of them share their work."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark.core.device import versions
from benchmark.generators.base import Generator
from benchmark.generators.registry import Entry, find_generator, with_options
from benchmark.generators.stored import weights_hash
from benchmark.methods.method import Method
from benchmark.rca.protocol import Protocol
from benchmark.runs.results import Cell, read_run, write_json
from benchmark.runs.settings import (
    RunConfig,
    check_sections,
    content_hash,
    generator_options,
    method_for,
    plain,
    protocol_for,
)


@dataclass(frozen=True)
class Job:
    """A cell to compute: its identity, its method and its settings in full.

    headline: whether it belongs to the run's first variant, which the main table shows.
    """

    cell: Cell
    method: Method
    config: dict[str, Any]
    headline: bool


@dataclass(frozen=True)
class Group:
    """Jobs of one generator, seed and protocol: they answer the same questions in lockstep.

    name, reference: the generator's name, and what opens it (`find_generator`).
    """

    name: str
    reference: str
    generator: Generator
    protocol: Protocol
    seed: int
    jobs: list[Job]


def plan(config: RunConfig, generators: Sequence[str], methods: Sequence[str]) -> list[Group]:
    """All groups of a run, in order, each cell once.

    Raises BenchError for every name, key or value that cannot be right, before any work is done.
    """
    names = [find_generator(reference)[0] for reference in generators]
    loaded: dict[str, tuple[Entry, Generator, str]] = {}  # by reference; with the weights' hash
    groups: dict[tuple[str, Protocol, int], Group] = {}
    for name, given in zip(names, generators, strict=True):
        for i, variant in enumerate(config.variants):
            layers = config.layers(variant)
            check_sections(layers, names)
            reference = with_options(given, generator_options(name, layers))
            if reference not in loaded:
                _, opened = find_generator(reference)
                made = opened.load()
                loaded[reference] = opened, made, weights_hash(made)
            entry, generator, generator_hash = loaded[reference]
            protocol = protocol_for(name, entry, layers)
            for seed in config.seeds:
                group = groups.setdefault(
                    (reference, protocol, seed),
                    Group(name, reference, generator, protocol, seed, []),
                )
                for method_name in methods:
                    method = method_for(method_name, name, layers)
                    method.check(generator, protocol)
                    content: dict[str, Any] = {
                        "generator_hash": generator_hash,
                        "protocol": plain(protocol),
                        "method": plain(method),
                    }
                    if entry.options:
                        content["generator"] = dict(entry.options)
                    cell = Cell(name, method_name, seed, content_hash(content))
                    if cell not in [job.cell for job in group.jobs]:
                        group.jobs.append(Job(cell, method, content, headline=i == 0))
    return list(groups.values())


def record(config: RunConfig, groups: Sequence[Group], run: Path, command: str) -> None:
    """Write `run.json`: the settings, the command, and which cells the main table shows.

    A later run into the same folder replaces the cells of its own generators and methods only.
    """
    before = read_run(run)
    headline: dict[str, dict[str, str]] = before.get("headline", {})
    references: dict[str, str] = before.get("generators", {})
    for group in groups:
        references[group.name] = group.reference
        for job in group.jobs:
            if job.headline:
                headline.setdefault(group.name, {})[job.cell.method] = job.cell.config_hash
    content = {
        **asdict(config),
        "command": command,
        "generators": references,
        "headline": headline,
        "versions": versions(),
    }
    write_json(run / "run.json", content)
