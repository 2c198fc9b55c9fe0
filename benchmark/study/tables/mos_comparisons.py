"""The tables that answer the main question: is the method better, by how much, how sure."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from benchmark.core.estimates import Undefined
from benchmark.runs.roles import Roles
from benchmark.stats.comparison import compare
from benchmark.stats.gee import marginal_model
from benchmark.stats.permutation import adjusted
from benchmark.stats.twoway import two_way_difference
from benchmark.study.answers import Material
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate

POOLED = "pooled"
NO_P = Undefined("the two-way bootstrap gives an interval and no p")

COMPARISON_COLUMNS = {
    "generator": Column(
        "The frozen network whose latent space is searched; `pooled` is over all that have "
        "rated directions of both, each counting the same.",
        "text",
    ),
    "method": Column("The method under test.", "text"),
    "baseline": Column("What it is compared with.", "text"),
    "method_directions": Column("How many directions of the method were judged.", "count"),
    "baseline_directions": Column("How many of the baseline.", "count"),
    "difference": Column(
        "MOS of the method less that of the baseline (risk difference).", "difference"
    ),
    "difference_low": Column(
        "Lower end of its 95% interval, by a BCa bootstrap over directions or, where there "
        "are few, from clustered Wilson intervals; it speaks of further directions, judged "
        "by the same annotators.",
        "difference",
    ),
    "difference_high": Column("Upper end of that interval.", "difference"),
    "odds_ratio": Column("MOS / (1 - MOS) of the method over the same of the baseline.", "ratio"),
    "p": Column(
        "Two-sided p: how often other labels of the directions give as large a difference "
        "(permutation test; ties count half).",
        "p",
    ),
    "p_holm": Column(
        "p adjusted by Holm over all rows of this table: below 0.05 the difference is called "
        "found.",
        "p",
    ),
    "exact": Column(
        "Whether p comes from all arrangements of the labels, not from random ones.", "flag"
    ),
}
SENSITIVITY_COLUMNS = {
    "method": Column("The method under test.", "text"),
    "baseline": Column(
        "What the method under test is compared with, over all generators that have both.", "text"
    ),
    "check": Column(
        "permutation: the main comparison; GEE: a marginal logistic model of single "
        "judgments, clustered by direction; two-way bootstrap: over directions and "
        "annotators, conservative, so that an interval with 0 in it refutes nothing.",
        "text",
    ),
    "annotators": Column(
        "screened: without those whom the screening rules or the staff leave out; by rules: "
        "without those whom the rules leave out, whatever the staff said; all: with everybody.",
        "text",
    ),
    "measure": Column("What value is: the difference of MOS, or the odds ratio of a yes.", "text"),
    "value": Column("The estimate.", "number"),
    "value_low": Column("Lower end of its 95% interval.", "number"),
    "value_high": Column("Upper end of its 95% interval.", "number"),
    "p": Column("Two-sided p, not adjusted.", "p"),
}


def comparison_table(material: Material, roles: Roles) -> Table:
    """Each method under test against each baseline, on each generator and pooled."""
    every = [
        found
        for method in roles.under_test
        for found in compare(material.judgments, method, roles.against)
    ]
    rows = [
        {
            "generator": scope(found.generators),
            "method": found.method,
            "baseline": found.baseline,
            "method_directions": found.directions[0],
            "baseline_directions": found.directions[1],
            "difference": found.difference,
            "odds_ratio": found.odds_ratio,
            "p": found.p,
            "p_holm": p_holm,
            "exact": found.exact,
        }
        for found, p_holm in zip(every, adjusted([found.p for found in every]), strict=True)
    ]
    return tabulate(
        "comparisons",
        "The method against each baseline",
        COMPARISON_COLUMNS,
        rows,
        ["generator", *_key(roles)],
        [roles.why, *material.unanswered],
        material.simulated,
    )


def sensitivity_table(
    screened: Material, everyone: Material, roles: Roles, by_rules: Material | None = None
) -> Table:
    """The same question by other means, and with the annotators who were left out.

    by_rules: the material without those whom the rules leave out, where the staff left out more.
    """
    groups = {"screened": screened.judgments}
    notes = [roles.why, *screened.unanswered]
    by_rules = by_rules or screened
    if len(by_rules.judgments) > len(screened.judgments):
        groups["by rules"] = by_rules.judgments
    if len(everyone.judgments) > len(by_rules.judgments):
        groups["all"] = everyone.judgments
    if len(groups) == 1:
        notes.append("Screening left nobody out, so screened annotators are all annotators.")
    rows = [
        {"method": method, "baseline": baseline, "annotators": name, **check}
        for method in roles.under_test
        for baseline in roles.against
        for name, judgments in groups.items()
        for check in _checks(judgments, method, baseline)
    ]
    return tabulate(
        "sensitivity",
        "Does the answer hang on the test, or on who is counted?",
        SENSITIVITY_COLUMNS,
        rows,
        [*_key(roles), "check", "annotators"],
        notes,
        screened.simulated,
    )


def _key(roles: Roles) -> list[str]:
    """What tells the rows of a comparison apart."""
    return ["method", "baseline"] if len(roles.under_test) > 1 else ["baseline"]


def scope(generators: tuple[str, ...]) -> str:
    """How a table names one generator, or several together."""
    return generators[0] if len(generators) == 1 else POOLED


def _checks(judgments: pd.DataFrame, method: str, baseline: str) -> Iterator[dict[str, Any]]:
    main = compare(judgments, method, [baseline])[-1]  # pooled where there are several generators
    yield {
        "check": "permutation",
        "measure": "difference of MOS",
        "value": main.difference,
        "p": main.p,
    }
    model = marginal_model(judgments, method, baseline)
    value, p = (model, model) if isinstance(model, Undefined) else (model.odds_ratio, model.p)
    yield {"check": "GEE", "measure": "odds ratio", "value": value, "p": p}
    yield {
        "check": "two-way bootstrap (conservative)",
        "measure": "difference of MOS",
        "value": two_way_difference(judgments, method, baseline),
        "p": NO_P,
    }
