"""What `run`, `ablate` and `converge` share: the options of a command that computes cells."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cli.shared import agree, configured
from benchmark.core import memory

if TYPE_CHECKING:
    from benchmark.cli.choices import NamedMethods
    from benchmark.metrics.metric import Metric
    from benchmark.runs.engines.placing import Choice
    from benchmark.runs.grid import Group
    from benchmark.runs.lease import Lease
    from benchmark.runs.results import Result
    from benchmark.runs.settings import RunConfig


@dataclass(frozen=True)
class Asked:
    """The options of one command, read.

    given, judged_by: what -m and --metric said, for other processes. out: the run's folder. yes:
    start without asking.
    """

    config: RunConfig
    methods: NamedMethods
    given: tuple[str, ...]
    metrics: Mapping[str, Metric]
    judged_by: tuple[str, ...]
    out: Path
    engine: Choice
    device: str
    yes: bool

    def compute(
        self,
        groups: Sequence[Group],
        held: Lease,
        note: Callable[[str], None],
        force: bool = False,
    ) -> Iterator[Result]:
        """Say what the missing cells cost, `note` the run, and compute them; yields each result.

        held: the run's lease. note: writes down, with the command as it was typed, which cells
        belong together; called once the user agrees.
        """
        from benchmark.cli.choices import Brought
        from benchmark.runs.meanings import note_measures
        from benchmark.runs.runner import Workers, execute

        out, device, metrics = self.out, self.device, self.metrics
        expected, backend = agree(groups, out, device, self.yes, metrics, force, self.engine)
        brought = Brought(self.given, self.judged_by, out)
        workers = Workers(backend, brought, held.token) if backend else None
        note(shlex.join(["bench", *sys.argv[1:]]))
        note_measures(out, metrics)
        yield from execute(groups, out, device, force, metrics, expected, workers)


def asked(
    methods: tuple[str, ...],
    metrics: tuple[str, ...],
    preset: str,
    seeds: str | None,
    settings: tuple[str, ...],
    device: str,
    out: Path | None,
    jobs: int | None,
    parallel_config: Path | None,
    yes: bool,
) -> Asked:
    """What the options of `grid_options`, -m and --metric say. Raises BenchError."""
    from benchmark.cli.choices import named_methods, named_metrics
    from benchmark.core.device import resolve
    from benchmark.runs.engines.placing import choice

    memory.keep()
    config = configured(preset, settings, seeds)
    out = out or Path("results") / config.preset
    engine, place = choice(jobs, parallel_config), resolve(device)
    named, judges = named_methods(methods, out), named_metrics(metrics)
    return Asked(config, named, methods, judges, metrics, out, engine, place, yes)
