"""The tables of mean opinion scores: of each direction, and of each method on each generator."""

from collections.abc import Sequence

import pandas as pd

from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.judgments import DIRECTION, direction_scores, shared_generators
from benchmark.runs.roles import place
from benchmark.stats.mos import method_mos, pooled_mos
from benchmark.study.answers import Material
from benchmark.study.majority import commonest, rated_directions
from benchmark.study.tables.mos_comparisons import POOLED
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate

DIRECTION_COLUMNS = {
    "generator": Column("The frozen network whose latent space is searched.", "text"),
    "method": Column("Where the direction comes from.", "text"),
    "direction": Column("Its column in the method's matrix A, counted from 0.", "number"),
    "mos": Column(
        "Mean opinion score: the share of annotators who said that moving along the "
        "direction does the same for different z and changes a single factor.",
        better="high",
    ),
    "mos_low": Column(
        "Lower end of the 95% Wilson interval of mos; it speaks of further annotators."
    ),
    "mos_high": Column("Upper end of that interval."),
    "n": Column("How many annotators judged it.", "count"),
    "rca": Column(
        "Its RCA: the share of held-out pairs in which a fresh R tells it from the other "
        "directions; empty where the study does not know it.",
        better="high",
        optional=True,
    ),
    "category": Column(
        "The change type that was named most often; empty where none was, or two tie.", "text"
    ),
    "label": Column(
        "The name in free words that was given most often; empty where none was, or two tie.",
        "text",
    ),
}
METHOD_COLUMNS = {
    "generator": Column(
        "The frozen network whose latent space is searched; `pooled` is over all that the methods "
        "with directions on several share, each counting the same.",
        "text",
    ),
    "method": Column("Where the directions come from.", "text"),
    "directions": Column("How many of its directions were judged.", "count"),
    "ratings": Column("How many judgments they have together.", "count"),
    "mos": Column(
        "Mean opinion score: the mean over directions of the share of annotators who found "
        "the direction consistent and of a single factor.",
        better="high",
    ),
    "mos_low": Column(
        "Lower end of the 95% interval of mos, by a BCa bootstrap over directions; it speaks "
        "of further directions of the method, judged by the same annotators."
    ),
    "mos_high": Column("Upper end of that interval."),
    "interpretable": Column(
        "The share of directions that more than half of their annotators found consistent "
        "and of a single factor.",
        better="high",
    ),
    "interpretable_low": Column(
        "Lower end of its 95% interval over directions, Wilson's or, pooled, as that of mos; again "
        "of further directions, judged by the same annotators."
    ),
    "interpretable_high": Column("Upper end of that interval."),
}


def direction_table(material: Material, order: Sequence[str]) -> Table:
    """One row per rated direction. order: the methods in order."""
    of_method = place(order)
    ties = commonest(material.judgments, "category")
    keys = zip(*(material.accuracies[name] for name in DIRECTION), strict=True)
    rca = dict(zip(keys, material.accuracies["accuracy"], strict=True))
    rows = []
    for row in rated_directions(material.judgments).to_dict("records"):
        interval = Interval(row["low"], row["high"], "Wilson, over annotators")
        tie = ties.get((row["generator"], row["method"], row["direction"]))
        rows.append(
            {
                **{str(name): value for name, value in row.items()},
                "mos": Estimate(row["mos"], interval),
                "rca": rca.get((row["generator"], row["method"], row["direction"])),
                "category": tie if isinstance(tie, Undefined) else row["category"],
            }
        )
    rows.sort(key=lambda row: (row["generator"], of_method(row["method"])))
    unrated = material.shown - len(rows)
    notes = [f"{unrated} of {material.shown} directions have no rating."] if unrated else []
    if unknown := sum(row["rca"] is None for row in rows):
        notes.append(
            f"Of {unknown} directions the study knows no RCA; --run reads it from the run."
        )
    return tabulate(
        "mos_directions",
        "Mean opinion score of each direction",
        DIRECTION_COLUMNS,
        rows,
        DIRECTION,
        notes,
        material.simulated,
    )


def method_table(material: Material, order: Sequence[str]) -> Table:
    """One row per method on a generator, then one over all of them, where they are several. order:
    the methods in order."""
    of_method = place(order)
    found = sorted(method_mos(material.judgments), key=lambda m: (m.generator, of_method(m.method)))
    pooled = sorted(pooled_mos(material.judgments), key=lambda m: of_method(m.method))
    rows = [*map(vars, found), *(vars(one) | {"generator": POOLED} for one in pooled)]
    return tabulate(
        "mos_methods",
        "Mean opinion score of each method",
        METHOD_COLUMNS,
        rows,
        ["generator", "method"],
        _of_pooling(material.judgments),
        material.simulated,
    )


def _of_pooling(judgments: pd.DataFrame) -> list[str]:
    """What is to be said where methods stand on different generators."""
    rated = direction_scores(judgments)
    every, shared = set(rated["generator"].astype(str)), shared_generators(rated)
    if len(shared) == len(every) or len(every) < 2:
        return []
    if len(shared) < 2:
        return [
            "Nothing is pooled: the methods do not share two generators, so means over theirs "
            "would not compare."
        ]
    return [
        f"`pooled` is over {' and '.join(shared)} alone, the generators that the methods with "
        "directions on several share."
    ]
