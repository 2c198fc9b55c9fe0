"""What `ablate` and `converge` share: cells along one axis of a generator, and their report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from benchmark.cli.shared import exit_if_failed, line, method_roles, tell

if TYPE_CHECKING:
    from benchmark.cli.computing import Asked
    from benchmark.runs.ablation import Ablation
    from benchmark.runs.grid import Group
    from benchmark.runs.lease import Lease
    from benchmark.runs.results import Cell, Result


@dataclass(frozen=True)
class Varying:
    """One command that varies one setting.

    generator: what opens it. ended: what became of each cell so far.
    """

    axis: str
    generator: str
    asked: Asked
    ended: dict[Cell, Result] = field(default_factory=dict)

    def planned(self, values: Sequence[float]) -> Ablation:
        """What is computed at these values of the axis. Raises BenchError."""
        from benchmark.runs.ablation import plan_ablation

        named = self.asked.methods
        return plan_ablation(
            self.axis,
            self.asked.config,
            self.generator,
            named.chosen,
            named.table,
            values,
            named.code,
            self.asked.out,
        )

    def compute(self, ablation: Ablation, held: Lease) -> list[Result]:
        """Say what the missing cells cost, note which belong together, and compute them; the
        results of all, old and new.

        held: the run's lease. Prints a line for each cell. One that has ended under this command is
        left as it is, also where it failed: the next command tries it again.
        """
        from benchmark.runs.ablation import note

        asked = self.asked
        noted = partial(note, ablation, asked.out, methods=asked.methods.references)
        for result in asked.compute(list(self._not_ended(ablation)), held, noted):
            tell(f"{_place(self.axis, result)}  {line(result)}")
            self.ended[result.cell] = result
        return list(self.ended.values())

    def _not_ended(self, ablation: Ablation) -> Iterator[Group]:
        """Its groups, without the cells that have ended."""
        for group in ablation.groups:
            jobs = [job for job in group.jobs if job.cell not in self.ended]
            skipped = [job for job in group.skipped if job.cell not in self.ended]
            if jobs or skipped:
                yield replace(group, jobs=jobs, skipped=skipped)

    def report(self, ablation: Ablation, results: Sequence[Result]) -> None:
        """Make the run's report, and say where the axis's table is. Exits with 1 where cells or
        parts of the report failed."""
        from benchmark.report.making import write_report
        from benchmark.runs.opening import made_by

        out = self.asked.out
        written = write_report(out, roles=method_roles(), at_hand=made_by(ablation.groups))
        tell(f"table: {out / f'ablation_{self.axis}.md'}")
        exit_if_failed(sum(r.status == "failed" for r in results), written.unmade)


def _place(axis: str, result: Result) -> str:
    """Where on the axis a cell lies."""
    terms = result.config["protocol"]
    if axis == "steps":
        return f"{terms['steps']:>7,} steps"
    return f"K {terms['k']:<4} lambda {terms['lambda']:<5g} {terms['shift_loss']}"
