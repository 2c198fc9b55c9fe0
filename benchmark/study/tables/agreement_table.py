"""The table of agreement: do annotators agree with each other, and with themselves?"""

from benchmark.core.judgments import QUESTIONS
from benchmark.stats.agreement import agreement, repeat_agreement
from benchmark.study.answers import Material
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate

BETWEEN, WITHIN = "between annotators", "within annotators"

COLUMNS = {
    "agreement": Column(
        f"{BETWEEN}: of different people about one direction; {WITHIN}: of one person "
        "about a direction that was shown again, unannounced.",
        "text",
    ),
    "question": Column(
        "consistent: does the direction do the same for different z? single: does it change "
        "one factor? mos: yes to both. category: which change type, where one was named; "
        "words of one's own all count as `other`.",
        "text",
    ),
    "units": Column(
        "How many directions (or repeats) have at least two answers to compare.", "count"
    ),
    "answers": Column("How many answers those have.", "count"),
    "percent": Column("The share of pairs of answers that are equal."),
    "percent_low": Column(
        f"Lower end of its 95% interval; {BETWEEN} it is over directions, {WITHIN} over annotators."
    ),
    "percent_high": Column("Upper end of that interval."),
    "alpha": Column(
        "Krippendorff's alpha, nominal: 1 is perfect agreement, 0 that of chance; undefined "
        "where all answers are the same."
    ),
    "alpha_low": Column("Lower end of its 95% interval, by a BCa bootstrap."),
    "alpha_high": Column("Upper end of that interval."),
}


def agreement_table(material: Material) -> Table:
    """One row per question, between annotators and then within them."""
    rows = [
        {"agreement": kind, **vars(measure(material.judgments, question))}
        for kind, measure in ((BETWEEN, agreement), (WITHIN, repeat_agreement))
        for question in QUESTIONS
    ]
    return tabulate(
        "agreement",
        "Do annotators agree?",
        COLUMNS,
        rows,
        ["question", "agreement"],
        simulated=material.simulated,
    )
