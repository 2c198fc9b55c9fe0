"""The analysis of a study: from its answers to every table, with what was fixed beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.core.judgments import answers
from benchmark.methods.method import Role
from benchmark.runs.roles import NO_ROLES, assign_roles, known_roles
from benchmark.study.answers import Material, read_material
from benchmark.study.exclusions import screened, screening_table, summary
from benchmark.study.majority import rated_directions
from benchmark.study.tables.agreement_table import agreement_table
from benchmark.study.tables.change_types import association_table, share_table
from benchmark.study.tables.mos_comparisons import comparison_table, sensitivity_table
from benchmark.study.tables.mos_tables import direction_table, method_table
from benchmark.study.tables.prediction import prediction_table
from benchmark.tables.table import Table


@dataclass(frozen=True)
class Analysis:
    """What a study says.

    study: its id. simulated: whether bots gave the answers; every table then says so itself.
    tables: in reading order. order: of the methods. directions: one row per rated direction:
    generator, method, direction, mos, low, high (Wilson), n, category, label (None where no one
    word was named most often).
    accuracies: generator, method, direction, n, accuracy (RCA); without rows where none is known.
    plan: whether the analysis plan changed since the study was built. screening: who was left out.
    Both are sentences.
    """

    study: str
    simulated: bool
    tables: tuple[Table, ...]
    order: tuple[str, ...]
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
    roles: Mapping[str, Role] = NO_ROLES,
) -> Analysis:
    """Analyse the study in the folder `study`: the answers of people alone, or of bots alone.

    run: reads RCA from there instead of taking what the study stored. method: puts this one to the
    test, whatever the plan says. roles: of methods by name, for studies that do not store theirs.
    Raises BenchError where the wanted annotators judged nothing, or the screening rules leave out
    everyone.
    """
    return analyse(read_material(study, run, simulated, database), method, roles)


def analyse(
    everyone: Material, method: str | None = None, roles: Mapping[str, Role] = NO_ROLES
) -> Analysis:
    """The same from what was read of the study, nobody left out yet."""
    material, outcome = screened(everyone)
    rated = answers(material.judgments)["method"].unique().tolist()
    known = known_roles([(name, material.roles.get(name, "")) for name in rated], roles)
    planned = material.settings.method
    named_by = "the command, not the plan," if method else "the analysis plan"
    named = [name for name in (method or planned,) if name]
    assigned = assign_roles(known, named, named_by, "--method")
    tables = (
        method_table(material, assigned.order),
        comparison_table(material, assigned),
        sensitivity_table(material, everyone, assigned),
        share_table(material, assigned.order),
        association_table(material),
        agreement_table(material),
        prediction_table(material, assigned.order),
        screening_table(everyone, outcome),
        direction_table(material, assigned.order),
    )
    return Analysis(
        study=material.study,
        simulated=material.simulated,
        tables=tables,
        order=assigned.order,
        directions=rated_directions(material.judgments),
        accuracies=material.accuracies,
        plan=material.plan,
        screening=summary(outcome),
    )
