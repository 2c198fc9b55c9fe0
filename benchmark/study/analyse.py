"""The analysis of a study: from its answers to every table, with what was fixed beforehand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.core.failures import in_one_line
from benchmark.core.judgments import first_showings
from benchmark.methods.method import Role
from benchmark.runs.roles import NO_ROLES, Roles, assign_roles, known_roles
from benchmark.study.answers import Material, read_material
from benchmark.study.exclusions import by_rules, screened, screening_table, summary
from benchmark.study.majority import NOBODY_RATED, rated_directions
from benchmark.study.paragraph import methods_paragraph
from benchmark.study.participants import participants
from benchmark.study.tables.agreement_table import agreement_table
from benchmark.study.tables.change_types import association_table, share_table
from benchmark.study.tables.mos_comparisons import comparison_table, sensitivity_table
from benchmark.study.tables.mos_tables import direction_table, method_table
from benchmark.study.tables.pair_tables import pair_tables
from benchmark.study.tables.participants_table import participants_table
from benchmark.study.tables.prediction import prediction_table
from benchmark.tables.table import Column, Kind, Table
from benchmark.tables.tabulate import tabulate
from study_server.decisions import described
from study_server.tasks import Pairs
from study_server.tasks.task import Summary

NOBODY = Roles((), (), (), "")  # is compared with anybody


@dataclass(frozen=True)
class Analysis:
    """What a study says.

    study: its id. simulated: whether bots gave the answers; every table then says so itself.
    tables: in reading order, the answer to the main question first. order: the methods in order.
    directions: one row per rated direction: generator, method, direction, mos, low, high (Wilson),
    n, category, label (None where no one word was named most often); without rows where a page
    shows two. accuracies: generator, method, direction, n, accuracy (RCA); without rows where none
    is known. plan: whether the analysis plan changed since the study was built. screening: whom the
    rules left out; staff: whom the staff did, when and why, and how many withdrew. All three are
    sentences. origins: the cells whose directions were shown. methods: the paragraph on methods for
    a paper; "" where the material does not say who took part. roles: who is compared with whom.
    """

    study: str
    simulated: bool
    tables: tuple[Table, ...]
    order: tuple[str, ...]
    directions: pd.DataFrame
    accuracies: pd.DataFrame
    plan: str
    screening: str
    staff: str = ""
    origins: Sequence[Mapping[str, Any]] = ()
    methods: str = ""
    roles: Roles = NOBODY

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
    task: str | None = None,
) -> Analysis:
    """Analyse the study in the folder `study`: the answers of people alone, or of bots alone.

    run: reads RCA from there instead of taking what the study stored. method: puts this one to the
    test, whatever the plan says. roles: of methods, by name, for studies that do not store theirs.
    task: `file.py:Class` of a task that is neither built in nor installed. Raises BenchError where
    the wanted annotators judged nothing, or the screening rules leave out everyone.
    """
    return analyse(read_material(study, run, simulated, database, task), method, roles)


def analyse(
    everyone: Material, method: str | None = None, roles: Mapping[str, Role] = NO_ROLES
) -> Analysis:
    """Analyse what was read of the study, from which nobody is left out yet.

    A task that shows two directions has no score of one: in place of the tables of methods stand
    those of wins, where it is the pairs task, and those that the task makes itself.
    """
    material, outcome = screened(everyone)
    assigned = _roles(material, method, roles)
    single = material.task.shows == 1
    own = in_one_line(f"the task {material.task.name} failed in tables()", _own_tables, material)
    order = assigned.order
    people = participants(everyone, material, outcome)
    tables = [
        *(_scores(material, everyone, by_rules(everyone, outcome), assigned) if single else []),
        *(pair_tables(material, order) if isinstance(material.task, Pairs) else []),
        *own,
        agreement_table(material),
        *([prediction_table(material, order)] if single else []),
        *([participants_table(people, material.simulated)] if people else []),
        screening_table(everyone, outcome),
        *([direction_table(material, order)] if single else []),
    ]
    return Analysis(
        study=material.study,
        simulated=material.simulated,
        tables=tuple(tables),
        order=order,
        directions=rated_directions(material.judgments) if single else NOBODY_RATED,
        accuracies=material.accuracies,
        plan=material.plan,
        screening=summary(outcome),
        staff=f"{described(everyone.decisions)} {everyone.withdrawn}",
        origins=material.origins,
        methods=methods_paragraph(material, people, tables) if people else "",
        roles=assigned,
    )


def _roles(material: Material, method: str | None, roles: Mapping[str, Role]) -> Roles:
    """Which methods are under test, of those whose directions were judged."""
    first = first_showings(material.judgments).dropna(subset=["mos"])
    rated = pd.concat([first[name] for name in ("method", "method_2") if name in first])
    names = rated.unique().tolist()
    known = known_roles([(name, material.roles.get(name, "")) for name in names], roles)
    named_by = "the command, not the plan," if method else "the analysis plan"
    named = [name for name in (method or material.settings.method,) if name]
    return assign_roles(known, named, named_by, "--method")


def _scores(
    material: Material, everyone: Material, ruled: Material, assigned: Roles
) -> list[Table]:
    """The tables of what methods score, and of what the rating task asks about their directions.

    ruled: the material without those whom the rules leave out.
    """
    if not material.judgments["mos"].dropna().isin([0, 1]).all():
        raise BenchError(f"the task {material.task.name} gives scores other than 0 and 1")
    tables = [
        method_table(material, assigned.order),
        comparison_table(material, assigned),
        sensitivity_table(material, everyone, assigned, ruled),
    ]
    if material.named:
        tables += [share_table(material, assigned.order), association_table(material)]
    return tables


def _own_tables(material: Material) -> list[Table]:
    """The tables that the task makes of its answers."""
    return [_table(summary, material) for summary in material.task.tables(material.judgments)]


def _table(summary: Summary, material: Material) -> Table:
    """A table that the task made; the values of a column decide how it is printed."""
    columns = {
        name: Column(words, _kind(row[name] for row in summary.rows if name in row))
        for name, words in summary.words.items()
    }
    return tabulate(
        summary.name,
        summary.title,
        columns,
        summary.rows,
        summary.key,
        summary.notes,
        material.simulated,
    )


def _kind(values: Iterable[object]) -> Kind:
    value = next((value for value in values if not isinstance(value, Undefined)), "")
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool | np.bool_):
        return "flag"
    return "count" if isinstance(value, int | np.integer) else "share"
