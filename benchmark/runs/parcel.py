"""A unit of work on its way to another process: plain data, and a check of what is opened there.

No code travels. The other process opens the generator and imports the user's files itself, and only
those that the command named; what it finds must be what the cells' identities say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

from benchmark.core.errors import BenchError
from benchmark.generators.registry import find_generator
from benchmark.generators.stored import weights_hash
from benchmark.metrics.metric import Metric
from benchmark.rca import protocol as terms
from benchmark.runs.grid import Group, Job
from benchmark.runs.results import Cell
from benchmark.runs.settings import Methods


class Brought(Protocol):
    """What a command names with -m and --metric, as any process can load it. It can be pickled."""

    def methods(self) -> tuple[Methods, Mapping[str, str]]:
        """All methods by name, and the identity of the code of those that are not the suite's."""

    def metrics(self) -> Mapping[str, Metric]:
        """The metrics by name."""


@dataclass(frozen=True)
class PackedJob:
    """A job without its method's code. settings: the method's."""

    cell: Cell
    settings: Mapping[str, Any]
    config: dict[str, Any]
    headline: bool


@dataclass(frozen=True)
class Parcel:
    """A group without its generator."""

    name: str
    reference: str
    protocol: terms.Protocol
    seed: int
    jobs: tuple[PackedJob, ...]
    given: str

    @classmethod
    def of(cls, group: Group) -> "Parcel":
        jobs = tuple(
            PackedJob(job.cell, _settings(job.method), job.config, job.headline)
            for job in group.jobs
        )
        return cls(group.name, group.reference, group.protocol, group.seed, jobs, group.given)

    def opened(self, methods: Methods, code: Mapping[str, str]) -> Group:
        """The group again, here. Raises BenchError where generator or methods are others."""
        generator = find_generator(self.reference)[1].load()
        opened = weights_hash(generator), generator.code
        jobs = []
        for job in self.jobs:
            codes = job.config.get("code", {})
            if opened != (job.config["generator_hash"], codes.get("generator", "")):
                raise _another(f"generator as {self.reference}")
            name = job.cell.method
            if name not in methods or code.get(name, "") != codes.get("method", ""):
                raise _another(f"method as {name}")
            method = methods[name](**job.settings)
            jobs.append(Job(job.cell, method, job.config, job.headline))
        return Group(
            self.name, self.reference, generator, self.protocol, self.seed, jobs, self.given
        )


@dataclass(frozen=True)
class Order:
    """A unit to compute, and all that a process needs for it.

    label: what progress calls it. run: the run's folder. folder: where the command was given, from
    which relative paths are meant. driver: the token of the run's lease; when that is
    gone, nobody waits for the work any more. Empty where there is none.
    """

    parcel: Parcel
    label: str
    run: Path
    device: str
    brought: Brought
    folder: Path
    driver: str


def _settings(method: Any) -> dict[str, Any]:
    return {field.name: getattr(method, field.name) for field in fields(method)}


def _another(what: str) -> BenchError:
    return BenchError(
        f"a worker opens another {what} than the command did: files, packages and versions must be "
        "the same on every host"
    )
