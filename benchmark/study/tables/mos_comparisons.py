"""The tables that answer the main question: is the method better, by how much, how sure."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from benchmark.core.estimates import Undefined
from benchmark.runs.roles import Roles
from benchmark.stats.comparison import compare
from benchmark.stats.gee import marginal_model
from benchmark.stats.twoway import two_way_difference
from benchmark.study.answers import Material
from benchmark.tables.table import Table
from benchmark.tables.tabulate import tabulate

POOLED = "pooled"
NO_P = Undefined("the two-way bootstrap gives an interval and no p")

COMPARISON_WORDS = {
    "generator": "The frozen network whose latent space is searched; `pooled` is over all that "
    "have rated directions of both, each counting the same.",
    "method": "The method under test.",
    "baseline": "What it is compared with.",
    "method_directions": "How many directions of the method were judged.",
    "baseline_directions": "How many of the baseline.",
    "difference": "MOS of the method less that of the baseline (risk difference).",
    "difference_low": "Lower end of its 95% interval, by a BCa bootstrap over directions or, where "
    "there are few, from clustered Wilson intervals; it speaks of further directions, judged by "
    "the same annotators.",
    "difference_high": "Upper end of that interval.",
    "odds_ratio": "MOS / (1 - MOS) of the method over the same of the baseline.",
    "p": "Two-sided p: how often other labels of the directions give as large a difference "
    "(permutation test; ties count half).",
    "p_holm": "p adjusted by Holm over all rows of this table: below 0.05 the difference is called "
    "found.",
    "exact": "Whether p comes from all arrangements of the labels, not from random ones.",
}
SENSITIVITY_WORDS = {
    "baseline": "What the method under test is compared with, over all generators that have both.",
    "check": "permutation: the main comparison; GEE: a marginal logistic model of single "
    "judgments, clustered by direction; two-way bootstrap: over directions and annotators, "
    "conservative, so that an interval with 0 in it refutes nothing.",
    "annotators": "screened: without those whom the screening rules leave out; all: with them.",
    "measure": "What value is: the difference of MOS, or the odds ratio of a yes.",
    "value": "The estimate.",
    "value_low": "Lower end of its 95% interval.",
    "value_high": "Upper end of its 95% interval.",
    "p": "Two-sided p, not adjusted.",
}


def comparison_table(material: Material, roles: Roles | Undefined) -> Table:
    """The method against each other, on each generator and pooled; no row without two methods."""
    rows = []
    if isinstance(roles, Roles):
        for found in compare(material.judgments, roles.method, roles.others):
            rows.append(
                {
                    "generator": scope(found.generators),
                    "method": found.method,
                    "baseline": found.baseline,
                    "method_directions": found.directions[0],
                    "baseline_directions": found.directions[1],
                    "difference": found.difference,
                    "odds_ratio": found.odds_ratio,
                    "p": found.p,
                    "p_holm": found.p_adjusted,
                    "exact": found.exact,
                }
            )
    return tabulate(
        "comparisons",
        "The method against each baseline",
        COMPARISON_WORDS,
        rows,
        ["generator", "baseline"],
        [_why(roles)],
        material.simulated,
    )


def sensitivity_table(screened: Material, everyone: Material, roles: Roles | Undefined) -> Table:
    """The same question by other means, and with the annotators whom screening left out."""
    groups = {"screened": screened.judgments}
    notes = [_why(roles)]
    if len(everyone.judgments) > len(screened.judgments):
        groups["all"] = everyone.judgments
    else:
        notes.append("Screening left nobody out, so screened annotators are all annotators.")
    rows = []
    if isinstance(roles, Roles):
        for baseline in roles.others:
            for name, judgments in groups.items():
                rows += [
                    {"baseline": baseline, "annotators": name, **check}
                    for check in _checks(judgments, roles.method, baseline)
                ]
    return tabulate(
        "sensitivity",
        "Does the answer hang on the test, or on who is counted?",
        SENSITIVITY_WORDS,
        rows,
        ["baseline", "check", "annotators"],
        notes,
        screened.simulated,
    )


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


def _why(roles: Roles | Undefined) -> str:
    return roles.why if isinstance(roles, Roles) else f"No comparison: {roles.reason}."
