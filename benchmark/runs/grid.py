"""The grid of a run: which cells there are, and which of them share their work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmark.core.device import versions
from benchmark.core.errors import BenchError, Unserved
from benchmark.core.failures import in_one_line
from benchmark.core.json_files import read_object, write_json
from benchmark.core.names import safe_name
from benchmark.generators.asking.contract import Contract, check
from benchmark.generators.base import Generator
from benchmark.generators.options import option_names, read_options, split_reference, with_options
from benchmark.generators.registry import absolute, find_generator
from benchmark.generators.stored import weights_hash
from benchmark.methods.method import Method
from benchmark.rca.protocol import Protocol
from benchmark.runs.merging import JOINED
from benchmark.runs.naming import lasting_names
from benchmark.runs.results import Cell, read_run
from benchmark.runs.settings import (
    Methods,
    RunConfig,
    Settings,
    check_sections,
    content_hash,
    generator_options,
    method_for,
    plain,
    protocol_for,
    terms_of,
)


@dataclass(frozen=True)
class Job:
    """A cell to compute: its identity, its method and its settings in full.

    headline: whether it belongs to the run's first variant, which the main table shows. unserved:
    why its cell is skipped, or "": the generator or the terms cannot serve the method.
    """

    cell: Cell
    method: Method
    config: dict[str, Any]
    headline: bool
    unserved: str = ""


@dataclass(frozen=True)
class Group:
    """Jobs of one generator, seed and protocol: they answer the same questions in lockstep.

    name, reference: the generator's name, and what opens it (`find_generator`). given: what the
    user gave to open it, without the options that settings add. skipped: jobs that are not to be
    computed, since they cannot be served.
    """

    name: str
    reference: str
    generator: Generator
    protocol: Protocol
    seed: int
    jobs: list[Job]
    given: str = ""
    skipped: list[Job] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What progress calls it; it also begins the names of its random streams."""
        return f"{self.name} seed {self.seed}"


def plan(
    config: RunConfig,
    generators: Sequence[str],
    chosen: Sequence[str],
    methods: Methods,
    code: Mapping[str, str] | None = None,
    run: Path | None = None,
) -> list[Group]:
    """All groups of a run, in order, each cell once.

    generators: what opens each of them. chosen: names of `methods` to run. code: the identity of
    the code of those methods that are not the suite's own. run: the folder, where other runs may
    have given names to generators. Raises BenchError for every name, key or value that cannot be
    right, and where no job can be served, before any work is done.
    """
    opened: dict[str, _Opened] = {}  # by reference
    names = _named([absolute(given) for given in generators], run, opened)
    for method_name in chosen:
        safe_name(method_name, "a method")
    groups: dict[tuple[str, Protocol, int], Group] = {}
    for given, name in names.items():
        offered, own = option_names(_open(given, opened).generator), find_generator(given)[0]
        for i, variant in enumerate(config.variants):
            layers = config.layers(variant)
            check_sections(layers, (own, *names.values()), methods)
            reference = _with_settings(given, name, layers, opened)
            one = _open(reference, opened)
            protocol = protocol_for(name, one.generator.usual, layers, offered, methods, own)
            for seed in config.seeds:
                group = groups.setdefault(
                    (reference, protocol, seed),
                    Group(name, reference, one.generator, protocol, seed, [], given),
                )
                for method_name in chosen:
                    method = method_for(method_name, name, layers, methods, own)
                    reason = unserved(method_name, method, one.generator, protocol)
                    codes = {"generator": one.generator.code}
                    codes["method"] = (code or {}).get(method_name, "")
                    content = one.content(method, protocol, codes)
                    cell = Cell(name, method_name, seed, content_hash(content))
                    if cell not in [job.cell for job in (*group.jobs, *group.skipped)]:
                        place = group.skipped if reason else group.jobs
                        place.append(Job(cell, method, content, i == 0, reason))
    found = list(groups.values())
    reasons = dict.fromkeys(job.unserved for group in found for job in group.skipped)
    if reasons and not any(group.jobs for group in found):
        raise BenchError(f"no cell can be computed: {'; '.join(reasons)}")
    return found


def generator_of(config: RunConfig, given: str, run: Path | None) -> Generator:
    """The generator with the options that the settings of all variants add, as `plan` opens it.

    given, run: as for `plan`. Raises BenchError.
    """
    opened: dict[str, _Opened] = {}
    ((given, name),) = _named([absolute(given)], run, opened).items()
    return _open(_with_settings(given, name, config.layers({}), opened), opened).generator


def _with_settings(
    given: str, name: str, layers: Iterable[Settings], opened: dict[str, "_Opened"]
) -> str:
    """What opens the generator with the options that the layers set on it."""
    own, offered = find_generator(given)[0], option_names(_open(given, opened).generator)
    return with_options(given, generator_options(name, offered, layers, own))


def _named(
    generators: Sequence[str], run: Path | None, opened: dict[str, "_Opened"]
) -> dict[str, str]:
    """The name of each generator, by what opens it. Raises BenchError in a folder of several runs:
    their cells may have other names there than the streams that they were asked from.
    """
    before = {} if run is None else read_run(run)
    if before.get("command") == JOINED:
        raise BenchError(
            f"{run} holds several runs, joined by `{JOINED}`: give --out a folder of its own, and "
            "join again with it"
        )
    recorded = {**before.get("generators", {}), **before.get("given", {})}

    def moved(reference: str, name: str) -> bool:
        if run is None or split_reference(reference)[1] != split_reference(recorded[name])[1]:
            return False
        return _computed_with(_open(reference, opened), run / "cells" / name)

    return lasting_names(generators, recorded, lambda given: find_generator(given)[0], moved)


def _computed_with(one: "_Opened", cells: Path) -> bool:
    """Whether cells in this folder are of the same weights, code and options."""
    for path in sorted(cells.glob("*/*/result.json")):
        try:
            config = read_object(path)["config"]
            code = config.get("code", {}).get("generator", "")
            options = config.get("generator", {})
            same = (config["generator_hash"], code) == (one.weights_hash, one.generator.code)
            return same and one.options.items() <= options.items()
        except (BenchError, KeyError, AttributeError):
            continue
    return False


@dataclass(frozen=True)
class _Opened:
    """A generator with the hash of its weights and the options that were given."""

    generator: Generator
    weights_hash: str
    options: Mapping[str, Any]

    def content(
        self, method: Method, protocol: Protocol, codes: Mapping[str, str]
    ) -> dict[str, Any]:
        """All that decides the result of a cell; methods of the suite have no code in it."""
        content: dict[str, Any] = {
            "generator_hash": self.weights_hash,
            "protocol": terms_of(protocol),
            "method": plain(method),
        }
        if self.options:
            content["generator"] = dict(self.options)
        if any(codes.values()):
            content["code"] = {part: code for part, code in codes.items() if code}
        return content


def unserved(name: str, method: Method, generator: Generator, protocol: Protocol) -> str:
    """Why the generator, or these terms, cannot serve the method, or "".

    Raises BenchError for a setting of the method that cannot be right.
    """
    try:
        in_one_line(f"the method {name} failed", method.check, generator, protocol)
    except Unserved as error:
        return str(error)
    contract = check(generator) if method.learns else Contract(())
    return "" if contract.fault(learns=False) else contract.fault(learns=True)


def _open(reference: str, opened: dict[str, _Opened]) -> _Opened:
    """The generator of that reference, loaded once."""
    if reference not in opened:
        _, entry = find_generator(reference)
        generator = entry.load()
        options = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in read_options(generator, entry.options).items()
        }
        opened[reference] = _Opened(generator, weights_hash(generator), options)
    return opened[reference]


def record(
    config: RunConfig,
    groups: Sequence[Group],
    run: Path,
    command: str,
    methods: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write `run.json`: the settings, the command, and which cells the main table shows.

    A later run into the same folder replaces the cells of its own generators and methods only.
    methods: by name, what names each on the command line, a user's file with its folder.
    """
    before = read_run(run)
    headline: dict[str, dict[str, str]] = before.get("headline", {})
    references: dict[str, str] = before.get("generators", {})
    given: dict[str, str] = before.get("given", {})
    for group in groups:
        references[group.name] = group.reference
        given[group.name] = group.given
        for job in (*group.jobs, *group.skipped):
            if job.headline:
                headline.setdefault(group.name, {})[job.cell.method] = job.cell.config_hash
    content = {
        **asdict(config),
        "command": command,
        "generators": references,
        "given": given,
        "methods": {**before.get("methods", {}), **methods},
        "headline": headline,
        "columns": before.get("columns", {}),
        "versions": versions(),
    }
    write_json(run / "run.json", content)
