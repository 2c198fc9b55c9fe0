"""RCA as a metric: how often R names the direction, and how well it guesses the shift."""

from collections.abc import Mapping
from typing import ClassVar

import pandas as pd

from benchmark.metrics.metric import Evidence, Metric
from benchmark.rca.correctness import per_direction, summarise
from benchmark.tables.table import Column


class Accuracy(Metric):
    """Reconstructor classification accuracy, of a fresh R and of the one that learned with A."""

    price: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, Column]] = {
        "rca_fresh": Column(
            "Reconstructor classification accuracy: the share of held-out image pairs for which R "
            "names the direction that was moved along; A is frozen and R is trained anew, the same "
            "way for every method, so this is the column to compare.",
            better="high",
            label="RCA of a fresh R",
            reference="1/k",
        ),
        "rca_fresh_low": Column(
            "Lower end of the 95% interval of rca_fresh: Wilson's over all pairs or, where it is "
            "wider, Student's over the seeds."
        ),
        "rca_fresh_high": Column("Upper end of that interval."),
        "rca_joint": Column(
            "The same accuracy of the R that learned together with A; for a frozen A it equals "
            "rca_fresh, because the protocol is the same.",
            better="high",
            label="RCA of the joint R",
            reference="1/k",
        ),
        "rca_joint_low": Column("Lower end of the 95% Wilson interval of rca_joint."),
        "rca_joint_high": Column("Upper end of that interval."),
        "top5": Column(
            "The share of pairs for which the true direction is among R's five likeliest; with "
            "five directions or fewer that is every pair.",
            better="high",
        ),
        "shift_error": Column(
            "Mean distance between the length eps of the shift and R's estimate of it, in units of "
            "eps.",
            kind="number",
            better="low",
        ),
    }
    direction_columns: ClassVar[Mapping[str, Column]] = {
        "n": Column("How many pairs R was asked about this direction.", kind="count"),
        "accuracy": Column(
            "The share of pairs moved along this direction for which R names it.",
            better="high",
            reference="1/k",
        ),
        "accuracy_low": Column("Lower end of its 95% Wilson interval."),
        "accuracy_high": Column("Upper end of that interval."),
    }

    def by_direction(self, cell: Evidence) -> pd.DataFrame:
        return direction_table(cell.predictions, cell.shift.k)

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        return figures_of(cell.predictions, cell.joint_predictions)


def figures_of(predictions: pd.DataFrame, joint: pd.DataFrame | None) -> dict[str, float]:
    """`Accuracy.columns` of the answers of the fresh R, and of the joint one where there is one."""
    fresh = summarise(predictions)
    learned = fresh if joint is None else summarise(joint)
    return {
        "rca_fresh": fresh.rca,
        "rca_fresh_low": fresh.low,
        "rca_fresh_high": fresh.high,
        "rca_joint": learned.rca,
        "rca_joint_low": learned.low,
        "rca_joint_high": learned.high,
        "top5": fresh.top5,
        "shift_error": fresh.shift_error,
    }


def direction_table(predictions: pd.DataFrame, k: int) -> pd.DataFrame:
    """One row for each of k directions, with `Accuracy.direction_columns`."""
    table = per_direction(predictions, k)
    table = table.rename(columns={"low": "accuracy_low", "high": "accuracy_high"})
    return table[list(Accuracy.direction_columns)]
