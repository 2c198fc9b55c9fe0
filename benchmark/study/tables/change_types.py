"""The tables of change types: what each method finds, and whether methods differ in it."""

from benchmark.stats.association import associations
from benchmark.stats.categories import change_types
from benchmark.study.answers import Material
from benchmark.study.tables.mos_comparisons import scope
from benchmark.tables.table import Table
from benchmark.tables.tabulate import tabulate

SHARE_WORDS = {
    "generator": "The frozen network whose latent space is searched.",
    "method": "Where the directions come from.",
    "category": "The change type; `other` gathers what annotators named in their own words.",
    "count": "How many judgments named it.",
    "directions": "How many of the method's directions were given any change type.",
    "share": "Its share of a direction's named change types, averaged over those directions.",
    "share_low": "Lower end of its 95% interval, Goodman's, which holds for all categories of the "
    "method at once; it speaks of further directions, judged by the same annotators.",
    "share_high": "Upper end of that interval.",
}
TEST_WORDS = {
    "generator": "The frozen network whose latent space is searched; `pooled` is over all, labels "
    "moving within each.",
    "directions": "How many directions were given a change type.",
    "chi2": "Pearson's chi-square of the table of methods by change types, each direction counting "
    "once.",
    "p": "How often other labels of the directions give as large a chi-square (permutation test).",
    "cramers_v": "Cramer's V, corrected for bias: 0 where method and change type have nothing to "
    "do with each other, 1 where one tells the other.",
}


def share_table(material: Material) -> Table:
    """A row a category of a method on a generator."""
    rows = [vars(result) for result in change_types(material.judgments, material.categories)]
    notes = ["A change type is asked for only where both answers are yes."]
    if material.own_words:
        notes.append(f"{material.own_words} judgments name a change type in words of their own.")
    return tabulate(
        "change_types",
        "Change types of each method",
        SHARE_WORDS,
        rows,
        ["generator", "method", "category"],
        notes,
        material.simulated,
    )


def association_table(material: Material) -> Table:
    """A row a generator, and one for all together."""
    rows = [
        {**vars(result), "generator": scope(result.generators)}
        for result in associations(material.judgments, material.categories)
    ]
    return tabulate(
        "change_types_test",
        "Do methods differ in the change types they find?",
        TEST_WORDS,
        rows,
        ["generator"],
        simulated=material.simulated,
    )
