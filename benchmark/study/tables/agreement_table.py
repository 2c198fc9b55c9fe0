"""The table of agreement: do annotators agree with each other, and with themselves?"""

from benchmark.core.judgments import QUESTIONS
from benchmark.stats.agreement import agreement, repeat_agreement
from benchmark.study.answers import Material
from benchmark.tables.table import Table
from benchmark.tables.tabulate import tabulate

BETWEEN, WITHIN = "between annotators", "within annotators"

WORDS = {
    "agreement": f"{BETWEEN}: of different people about one direction; {WITHIN}: of one person "
    "about a direction that was shown again, unannounced.",
    "question": "consistent: does the direction do the same for different z? single: does it "
    "change one factor? mos: yes to both. category: which change type, where one was named; words "
    "of one's own all count as `other`.",
    "units": "How many directions (or repeats) have at least two answers to compare.",
    "answers": "How many answers those have.",
    "percent": "The share of pairs of answers that are equal.",
    "percent_low": f"Lower end of its 95% interval; {BETWEEN} it is over directions, {WITHIN} "
    "over annotators.",
    "percent_high": "Upper end of that interval.",
    "alpha": "Krippendorff's alpha, nominal: 1 is perfect agreement, 0 that of chance; undefined "
    "where all answers are the same.",
    "alpha_low": "Lower end of its 95% interval, by a BCa bootstrap.",
    "alpha_high": "Upper end of that interval.",
}


def agreement_table(material: Material) -> Table:
    """A row a question, between annotators and then within them."""
    rows = [
        {"agreement": kind, **vars(measure(material.judgments, question))}
        for kind, measure in ((BETWEEN, agreement), (WITHIN, repeat_agreement))
        for question in QUESTIONS
    ]
    return tabulate(
        "agreement",
        "Do annotators agree?",
        WORDS,
        rows,
        ["question", "agreement"],
        simulated=material.simulated,
    )
