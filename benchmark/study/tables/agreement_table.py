"""The table of agreement: do annotators agree with each other, and with themselves?"""

from benchmark.stats.agreement import agreement, repeat_agreement
from benchmark.study.answers import Material
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate

BETWEEN, WITHIN = "between annotators", "within annotators"

COLUMNS = {
    "agreement": Column(
        f"{BETWEEN}: of different people about one page; {WITHIN}: of one person about a page that "
        "was shown again, unannounced. A page shows a direction, or two beside each other.",
        "text",
    ),
    "question": Column("What is compared.", "text"),
    "units": Column(
        "How many pages (or repeats of one) have at least two answers to compare.", "count"
    ),
    "answers": Column("How many answers those have.", "count"),
    "percent": Column("The share of pairs of answers that are equal."),
    "percent_low": Column(
        f"Lower end of its 95% interval; {BETWEEN} it is over pages, {WITHIN} over annotators."
    ),
    "percent_high": Column("Upper end of that interval."),
    "alpha": Column(
        "Krippendorff's alpha, nominal: 1 is perfect agreement, 0 that of chance; undefined "
        "where all answers are the same."
    ),
    "alpha_low": Column(
        f"Lower end of its 95% interval; {BETWEEN} it is over pages, by the likelihood of "
        f"Dirichlet's distribution, {WITHIN} over annotators, by a BCa bootstrap."
    ),
    "alpha_high": Column("Upper end of that interval."),
}


def agreement_table(material: Material) -> Table:
    """One row per question, between annotators and then within them."""
    score = material.task.score_name
    compared = [q for q in material.task.questions if q.name in material.questions]
    asked = " ".join(f"{q.name}: {q.say('en', 'ask')}" for q in compared)
    words = (
        f"What is compared; all words of one's own count as `other`. {asked} {score}: the score."
    )
    rows = [
        {"agreement": kind, **vars(measure(material.judgments, question))}
        | ({"question": score} if question == "mos" else {})
        for kind, measure in ((BETWEEN, agreement), (WITHIN, repeat_agreement))
        for question in material.questions
    ]
    return tabulate(
        "agreement",
        "Do annotators agree?",
        COLUMNS | {"question": Column(words, "text")},
        rows,
        ["question", "agreement"],
        simulated=material.simulated,
    )
