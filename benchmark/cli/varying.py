"""What `ablate` and `converge` share: cells along one axis of a generator, and their report."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cli.shared import (
    agree,
    configured,
    exit_if_failed,
    line,
    method_roles,
    tell,
)
from benchmark.core import memory

if TYPE_CHECKING:
    from benchmark.cli.choices import NamedMethods
    from benchmark.metrics.metric import Metric
    from benchmark.runs.ablation import Ablation
    from benchmark.runs.engines.placing import Choice
    from benchmark.runs.lease import Lease
    from benchmark.runs.results import Cell, Result
    from benchmark.runs.settings import RunConfig


@dataclass(frozen=True)
class Varying:
    """One command that varies one setting.

    generator: what opens it. given, judged_by: what -m and --metric said, for other processes. out:
    the run's folder. told: the status of each cell that was printed.
    """

    axis: str
    config: RunConfig
    generator: str
    methods: NamedMethods
    given: tuple[str, ...]
    metrics: Mapping[str, Metric]
    judged_by: tuple[str, ...]
    out: Path
    engine: Choice
    device: str
    told: dict[Cell, str] = field(default_factory=dict)

    def planned(self, values: Sequence[float]) -> Ablation:
        """What is computed at these values of the axis. Raises BenchError."""
        from benchmark.runs.ablation import plan_ablation

        named = self.methods
        return plan_ablation(
            self.axis,
            self.config,
            self.generator,
            named.chosen,
            named.table,
            values,
            named.code,
            self.out,
        )

    def compute(self, ablation: Ablation, held: Lease, yes: bool) -> list[Result]:
        """Say what the missing cells cost, note which belong together, and compute them.

        held: the run's lease. Prints a line for each cell; the results of all, old and new.
        """
        from benchmark.cli.choices import Brought
        from benchmark.runs.ablation import note
        from benchmark.runs.meanings import note_measures
        from benchmark.runs.runner import Workers, execute

        groups, out, device = ablation.groups, self.out, self.device
        expected, backend = agree(groups, out, device, yes, self.metrics, engine=self.engine)
        brought = Brought(self.given, self.judged_by, out)
        workers = Workers(backend, brought, held.token) if backend else None
        note(ablation, out, shlex.join(["bench", *sys.argv[1:]]), self.methods.references)
        note_measures(out, self.metrics)
        results = []
        for result in execute(groups, out, device, False, self.metrics, expected, workers):
            if self.told.get(result.cell) != result.status:
                tell(f"{_place(self.axis, result)}  {line(result)}")
                self.told[result.cell] = result.status
            results.append(result)
        return results

    def report(self, ablation: Ablation, results: Sequence[Result]) -> None:
        """Make the run's report, and say where the axis's table is. Exits with 1 where cells or
        parts of the report failed."""
        from benchmark.report.report import write_report
        from benchmark.runs.opening import made_by

        written = write_report(self.out, roles=method_roles(), at_hand=made_by(ablation.groups))
        tell(f"table: {self.out / f'ablation_{self.axis}.md'}")
        exit_if_failed(sum(r.status == "failed" for r in results), written.unmade)


def vary(
    axis: str,
    usual: Sequence[str],
    generator: str,
    methods: tuple[str, ...],
    metrics: tuple[str, ...],
    preset: str,
    seeds: str | None,
    settings: tuple[str, ...],
    device: str,
    out: Path | None,
    jobs: int | None,
    parallel_config: Path | None,
) -> Varying:
    """What the options of a command say, all but the values. usual: the methods without -m.

    Raises BenchError.
    """
    from benchmark.cli.choices import named_methods, named_metrics
    from benchmark.core.device import resolve
    from benchmark.runs.engines.placing import choice

    memory.keep()
    config = configured(preset, settings, seeds)
    out = out or Path("results") / config.preset
    engine, place = choice(jobs, parallel_config), resolve(device)
    given = methods or tuple(usual)
    named, judges = named_methods(given, out), named_metrics(metrics)
    return Varying(axis, config, generator, named, given, judges, metrics, out, engine, place)


def _place(axis: str, result: Result) -> str:
    """Where on the axis a cell lies."""
    terms = result.config["protocol"]
    if axis == "steps":
        return f"{terms['steps']:>7,} steps"
    return f"K {terms['k']:<4} lambda {terms['lambda']:<5g} {terms['shift_loss']}"
