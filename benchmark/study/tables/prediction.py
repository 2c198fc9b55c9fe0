"""The table of RCA against MOS: does the automatic metric predict what people see?"""

from collections.abc import Callable, Sequence

from benchmark.runs.roles import place
from benchmark.stats.correlation import RcaAgainstMos, rca_against_mos
from benchmark.study.answers import Material
from benchmark.study.majority import rated_directions
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate

ALL = "all"
UNKNOWN = "The study holds no RCA of its directions; --run reads it from the run it was built from."
COLUMNS = {
    "generator": Column("The frozen network whose latent space is searched.", "text"),
    "method": Column(
        "Whose directions; `all` takes those of all methods together, so it also holds what "
        "sets methods apart.",
        "text",
    ),
    "directions": Column("How many of them have both an RCA and a rating.", "count"),
    "correlation": Column(
        "Spearman's rank correlation of a direction's RCA (of the fresh R) and its MOS."
    ),
    "correlation_low": Column(
        "Lower end of its 95% interval, Fisher's z with the variance of Bonett and Wright."
    ),
    "correlation_high": Column("Upper end of that interval."),
}


def prediction_table(material: Material, order: Sequence[str]) -> Table:
    """One row per generator, and one for each of its methods; none where no RCA is known.

    order: the methods in order.
    """
    rows, notes = [], [UNKNOWN]
    if len(material.accuracies):
        scores = rated_directions(material.judgments)
        accuracies, notes = material.accuracies.drop(columns="n"), material.unanswered
        rows = [
            {**vars(found), "method": found.method or ALL}
            for found in sorted(rca_against_mos(accuracies, scores), key=_place(order))
        ]
    return tabulate(
        "rca_mos",
        "Does RCA predict what people see?",
        COLUMNS,
        rows,
        ["generator", "method"],
        notes,
        material.simulated,
    )


def _place(order: Sequence[str]) -> Callable[[RcaAgainstMos], tuple[str, bool, tuple[int, str]]]:
    """By generator: all methods together, then each in its order."""
    of_method = place(order)
    return lambda found: (found.generator, found.method is not None, of_method(found.method or ""))
