"""The table of agreement: do annotators agree with each other, and with themselves?"""

from benchmark.stats.agreement import agreement, repeat_agreement
from benchmark.study.answers import Material
from benchmark.tables.table import Table
from benchmark.tables.tabulate import tabulate

BETWEEN, WITHIN = "between annotators", "within annotators"

WORDS = {
    "agreement": f"{BETWEEN}: of different people about one direction; {WITHIN}: of one person "
    "about a direction that was shown again, unannounced.",
    "question": "What is compared; all words of one's own count as `other`.",
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
    """One row for each question, between annotators and then within them."""
    score = material.task.score_name
    compared = [q for q in material.task.questions if q.name in material.questions]
    asked = [f"{q.name}: {q.say('en', 'ask')}" for q in compared]
    words = WORDS | {"question": " ".join([WORDS["question"], *asked, f"{score}: the score."])}
    rows = [
        {"agreement": kind, **vars(measure(material.judgments, question))}
        | ({"question": score} if question == "mos" else {})
        for kind, measure in ((BETWEEN, agreement), (WITHIN, repeat_agreement))
        for question in material.questions
    ]
    return tabulate(
        "agreement",
        "Do annotators agree?",
        words,
        rows,
        ["question", "agreement"],
        simulated=material.simulated,
    )
