"""The tables of change types: what each method finds, and whether methods differ in it."""

from collections.abc import Sequence

from benchmark.runs.roles import place
from benchmark.stats.association import associations
from benchmark.stats.categories import change_types
from benchmark.study.answers import Material
from benchmark.study.tables.mos_comparisons import scope
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate

SHARE_COLUMNS = {
    "generator": Column("The frozen network whose latent space is searched.", "text"),
    "method": Column("Where the directions come from.", "text"),
    "category": Column(
        "The change type; `other` gathers what annotators named in their own words.", "text"
    ),
    "count": Column("How many judgments named it.", "count"),
    "directions": Column(
        "How many of the method's directions were given any change type.", "count"
    ),
    "share": Column(
        "Its share of a direction's named change types, averaged over those directions."
    ),
    "share_low": Column(
        "Lower end of its 95% interval, Goodman's, which holds for all categories of the "
        "method at once; it speaks of further directions, judged by the same annotators."
    ),
    "share_high": Column("Upper end of that interval."),
}
TEST_COLUMNS = {
    "generator": Column(
        "The frozen network whose latent space is searched; `pooled` is over all, labels "
        "moving within each.",
        "text",
    ),
    "directions": Column("How many directions were given a change type.", "count"),
    "chi2": Column(
        "Pearson's chi-square of the table of methods by change types, each direction "
        "counting once.",
        "number",
    ),
    "p": Column(
        "How often other labels of the directions give as large a chi-square (permutation test).",
        "p",
    ),
    "cramers_v": Column(
        "Cramer's V, corrected for bias: 0 where method and change type have nothing to do "
        "with each other, 1 where one tells the other."
    ),
}


def share_table(material: Material, order: Sequence[str]) -> Table:
    """One row per category of a method on a generator. order: the methods in order."""
    of_method = place(order)
    shares = change_types(material.judgments, material.categories)
    found = sorted(shares, key=lambda share: (share.generator, of_method(share.method)))
    rows = [vars(result) for result in found]
    notes = ["A change type is asked for only where both answers are yes."]
    if material.own_words:
        notes.append(f"{material.own_words} judgments name a change type in words of their own.")
    return tabulate(
        "change_types",
        "Change types of each method",
        SHARE_COLUMNS,
        rows,
        ["generator", "method", "category"],
        notes,
        material.simulated,
    )


def association_table(material: Material) -> Table:
    """One row per generator, and one for all together."""
    rows = [
        {**vars(result), "generator": scope(result.generators)}
        for result in associations(material.judgments, material.categories)
    ]
    return tabulate(
        "change_types_test",
        "Do methods differ in the change types they find?",
        TEST_COLUMNS,
        rows,
        ["generator"],
        simulated=material.simulated,
    )
