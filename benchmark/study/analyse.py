"""The analysis of a study: from its answers to every table, with what was fixed beforehand."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.judgments import answers
from benchmark.runs.roles import assign_roles
from benchmark.study.answers import Material, read_material
from benchmark.study.exclusions import screened, screening_table, summary
from benchmark.study.majority import NOBODY_RATED, rated_directions
from benchmark.study.tables.agreement_table import agreement_table
from benchmark.study.tables.change_types import association_table, share_table
from benchmark.study.tables.mos_comparisons import comparison_table, sensitivity_table
from benchmark.study.tables.mos_tables import direction_table, method_table
from benchmark.study.tables.prediction import prediction_table
from benchmark.tables.table import Table
from benchmark.tables.tabulate import tabulate
from study_server.tasks.task import Summary


@dataclass(frozen=True)
class Analysis:
    """What a study says.

    study: its id. simulated: whether bots gave the answers; every table then says so itself.
    tables: in reading order, the answer to the main question first. directions: one row for each
    rated direction: generator, method, direction, mos, low, high (Wilson), n, category, label
    (None where no one word was named most often); without rows where a page shows two.
    accuracies: generator, method, direction, n, accuracy (RCA); without rows where none is known.
    plan: whether the analysis plan changed since the study was built. screening: who was left
    out. Both are sentences.
    """

    study: str
    simulated: bool
    tables: tuple[Table, ...]
    directions: pd.DataFrame
    accuracies: pd.DataFrame
    plan: str
    screening: str

    def table(self, name: str) -> Table:
        """The table of this name; KeyError where there is none."""
        return {table.name: table for table in self.tables}[name]


def analyse_study(
    study: Path,
    run: Path | None = None,
    simulated: bool = False,
    database: str | None = None,
    method: str | None = None,
    task: str | None = None,
) -> Analysis:
    """Analyse the study in the folder `study`: the answers of people alone, or of bots alone.

    run: reads RCA from there instead of taking what the study stored. method: puts this one to the
    test, whatever the plan says. task: `file.py:Class` of a task that is neither built in nor
    installed. Raises BenchError where the wanted annotators judged nothing, or the screening rules
    leave out everyone.
    """
    return analyse(read_material(study, run, simulated, database, task), method)


def analyse(everyone: Material, method: str | None = None) -> Analysis:
    """The same from what was read of the study, nobody left out yet.

    A task that shows two directions has no score of one, so that its own tables take the place of
    those of methods.
    """
    material, outcome = screened(everyone)
    single = material.task.shows == 1
    own = [_table(summary, material) for summary in material.task.tables(material.judgments)]
    tables = [
        *(_scores(material, everyone, method) if single else []),
        *own,
        agreement_table(material),
        *([prediction_table(material)] if single else []),
        screening_table(everyone, outcome),
        *([direction_table(material)] if single else []),
    ]
    return Analysis(
        study=material.study,
        simulated=material.simulated,
        tables=tuple(tables),
        directions=rated_directions(material.judgments) if single else NOBODY_RATED,
        accuracies=material.accuracies,
        plan=material.plan,
        screening=summary(outcome),
    )


def _scores(material: Material, everyone: Material, method: str | None) -> list[Table]:
    """The tables of what methods score, and of what the rating task asks about their directions."""
    if not material.judgments["mos"].dropna().isin([0, 1]).all():
        raise BenchError(f"the task {material.task.name} gives scores other than 0 and 1")
    rated = answers(material.judgments)["method"].unique().tolist()
    roles = assign_roles(rated, material.settings.method, method)
    tables = [
        method_table(material),
        comparison_table(material, roles),
        sensitivity_table(material, everyone, roles),
    ]
    if material.named:
        tables += [share_table(material), association_table(material)]
    return tables


def _table(summary: Summary, material: Material) -> Table:
    """A table of the task's own."""
    return tabulate(
        summary.name,
        summary.title,
        summary.words,
        summary.rows,
        summary.key,
        summary.notes,
        material.simulated,
    )
