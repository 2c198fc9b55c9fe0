"""The tables of a study that shows two directions: whose win, against whom, and what MOS says."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pandas as pd

from benchmark.core.estimates import Undefined
from benchmark.core.judgments import DIRECTION
from benchmark.runs.roles import place
from benchmark.stats.bradley_terry import strengths
from benchmark.stats.correlation import rank_correlation
from benchmark.stats.wins import contests, direction_wins, pair_scores, win_shares
from benchmark.study.answers import Material
from benchmark.study.tables.mos_comparisons import scope
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate

ALL = "all"
TIES = (
    "Neither, or both alike, is half a win for each; `decided` leaves those answers out. Where the "
    "two tell different stories, the ties do."
)
NO_MOS = (
    "A page shows two directions, so that the study gives no MOS of its own; `wins_mos` takes it "
    "from a rating study of the same run."
)
UNKNOWN = (
    "No MOS of these directions is known: a rating study of the same run gives it, and "
    "`bench study label` writes it beside them. If the run has moved, name it with --run."
)
GENERATOR = Column("The frozen network whose latent space is searched.", "text")
WIN_COLUMNS = {
    "generator": GENERATOR,
    "method": Column("Where the directions come from.", "text"),
    "directions": Column("How many of its directions were judged.", "count"),
    "pairs": Column("How many pairs they stood in, each beside one of another method.", "count"),
    "judgments": Column("How many judgments those pairs have.", "count"),
    "ties": Column("How many of them found neither, or both alike.", "count"),
    "wins": Column(
        "The mean over pairs of the share of annotators who chose the method's direction; a tie "
        "is half a win.",
        better="high",
    ),
    "wins_low": Column(
        "Lower end of its 95% interval, Wilson's, with errors of pairs that share a direction; it "
        "speaks of further directions, judged by the same annotators."
    ),
    "wins_high": Column("Upper end of that interval."),
    "decided": Column("The share of wins among the judgments that chose one.", better="high"),
    "strength": Column(
        "The method's strength in the model of Bradley and Terry: the difference of two is the "
        "log odds of a win of the one against the other; their mean is 0.",
        "difference",
        better="high",
    ),
    "strength_low": Column(
        "Lower end of its 95% interval, with errors of pairs that share a direction.", "difference"
    ),
    "strength_high": Column("Upper end of that interval.", "difference"),
}
CONTEST_COLUMNS = {
    "generator": Column(
        "The frozen network whose latent space is searched; `pooled` is over all on which the two "
        "met, each counting the same.",
        "text",
    ),
    "method": Column("Whose wins are counted.", "text"),
    "other": Column("Whose directions stood beside.", "text"),
    "pairs": Column("How many pairs of one direction each were judged.", "count"),
    "judgments": Column("How many judgments they have.", "count"),
    "ties": Column("How many of them found neither, or both alike.", "count"),
    "wins": Column("The mean over pairs of the share of wins of the method; a tie is half a win."),
    "wins_low": WIN_COLUMNS["wins_low"],
    "wins_high": Column("Upper end of that interval."),
    "decided": WIN_COLUMNS["decided"],
    "p": Column(
        "Two-sided p of equal wins: a score test over directions, below 0.05 just where the "
        "interval leaves out 0.5.",
        "p",
    ),
    "p_holm": Column(
        "p adjusted by Holm over all rows of this table: below 0.05 one is called better.", "p"
    ),
}
MOS_COLUMNS = {
    "generator": GENERATOR,
    "method": Column("Whose directions; `all` takes those of all methods together.", "text"),
    "directions": Column("How many of them have both wins and a MOS.", "count"),
    "wins": Column("Mean share of wins of those directions."),
    "mos": Column("Their mean opinion score, in the rating study of most ratings.", better="high"),
    "correlation": Column("Spearman's rank correlation of a direction's wins and its MOS."),
    "correlation_low": Column(
        "Lower end of its 95% interval, Fisher's z with the variance of Bonett and Wright."
    ),
    "correlation_high": Column("Upper end of that interval."),
}


def pair_tables(material: Material, order: Sequence[str]) -> list[Table]:
    """Whose wins, against whom, and against MOS. order: the methods in order."""
    pairs = pair_scores(material.judgments)
    return [
        win_table(pairs, order, material),
        contest_table(pairs, order, material),
        mos_table(pairs, order, material),
    ]


def win_table(pairs: pd.DataFrame, order: Sequence[str], material: Material) -> Table:
    """One row per method on a generator. pairs: of `benchmark.stats.wins.pair_scores`."""
    of_method = place(order)
    strength = {
        (str(generator), method): found
        for generator, own in pairs.groupby("generator", observed=True)
        for method, found in strengths(own).items()
    }
    found = sorted(win_shares(pairs), key=lambda one: (one.generator, of_method(one.method)))
    rows = [vars(one) | {"strength": strength[one.generator, one.method]} for one in found]
    return tabulate(
        "wins",
        "Whose directions are chosen?",
        WIN_COLUMNS,
        rows,
        ["generator", "method"],
        [TIES, NO_MOS, *material.unanswered],
        material.simulated,
    )


def contest_table(pairs: pd.DataFrame, order: Sequence[str], material: Material) -> Table:
    """Every method against each other, on each generator and pooled; see `win_table`."""
    met = [name for name in order if name in {*pairs["method"], *pairs["method_2"]}]
    rows = []
    for one in contests(pairs, met):
        row = vars(one) | {"generator": scope(one.generators), "p_holm": one.p_adjusted}
        del row["p_adjusted"]  # its name in the table is the other one, in the notes as well
        rows.append(row)
    return tabulate(
        "contests",
        "Each method against each other",
        CONTEST_COLUMNS,
        rows,
        ["generator", "method", "other"],
        material.unanswered,
        material.simulated,
    )


def mos_table(pairs: pd.DataFrame, order: Sequence[str], material: Material) -> Table:
    """One row per generator and one for each of its methods; none where no MOS is known.

    See `win_table`. Within a method the correlation says whether both ways of asking order its
    directions alike; over all methods it also holds what sets methods apart.
    """
    of_method = place(order)
    both = direction_wins(pairs).merge(material.rated[[*DIRECTION, "mos"]], on=DIRECTION)
    rows = []
    for generator, own in both.groupby("generator", observed=True):
        by_method = sorted(
            own.groupby("method", observed=True), key=lambda one: of_method(str(one[0]))
        )
        for name, directions in chain([(ALL, own)], by_method):
            wins, mos = (directions[column].to_numpy(float) for column in ("wins", "mos"))
            # Over all methods wins are one half, whatever their MOS.
            mean = Undefined("every win is somebody's loss") if name == ALL else np.mean(wins)
            rows.append(
                {
                    "generator": generator,
                    "method": name,
                    "directions": len(directions),
                    "wins": mean,
                    "mos": np.mean(mos),
                    "correlation": rank_correlation(wins, mos),
                }
            )
    return tabulate(
        "wins_mos",
        "Do wins say what ratings say?",
        MOS_COLUMNS,
        rows,
        ["generator", "method"],
        [] if rows else [UNKNOWN],
        material.simulated,
    )
