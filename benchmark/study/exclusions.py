"""Who is left out of the analysis, by the rules that study.toml fixed before the first answer."""

from collections.abc import Sequence

from benchmark.core.errors import BenchError
from benchmark.core.judgments import first_showings
from benchmark.study.answers import Material
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate
from study_server.screening import RULES, Screening, described, screen

COLUMNS = {
    "annotator": Column("The annotator's public number.", "text"),
    "judgments": Column("How many judgments they gave, repeats and check items included.", "count"),
    **{
        name: Column(rule.words, "seconds" if name == "median_seconds" else "share")
        for name, rule in RULES.items()
    },
    "excluded": Column("Whether the rules leave the annotator out.", "flag"),
    "failed": Column("The rules that were not met.", "text"),
}


def screened(material: Material) -> tuple[Material, tuple[Screening, ...]]:
    """The material without those who break a rule, and what the rules say about everyone.

    Raises BenchError where nobody's judgment of a direction is left.
    """
    task = material.task
    asked = [question.name for question in task.always]
    outcome = screen(material.judgments, material.settings.screening, asked, task.expected)
    kept = material.without({one.annotator for one in outcome if one.excluded})
    if first_showings(kept.judgments)["mos"].isna().all():
        raise BenchError(
            f"nobody's judgments are left: {summary(outcome)} Weaker rules in study.toml keep "
            "more, and the analysis then says that the plan changed"
        )
    return kept, outcome


def summary(outcome: Sequence[Screening]) -> str:
    """Who was left out, and by which rule, in a sentence."""
    left_out = [one for one in outcome if one.excluded]
    if not left_out:
        return f"The screening rules leave out none of {len(outcome)} annotators."
    names = "; ".join(f"{one.annotator} ({', '.join(one.failed)})" for one in left_out)
    return f"The screening rules leave out {len(left_out)} of {len(outcome)} annotators: {names}."


def screening_table(material: Material, outcome: Sequence[Screening]) -> Table:
    """One row per annotator."""
    limits = material.settings.screening.of(material.simulated)
    rows = [
        {**vars(one), "excluded": one.excluded, "failed": ", ".join(one.failed)} for one in outcome
    ]
    notes = [
        f"The rules in study.toml: {described(limits)}.",
        material.plan,
    ]
    if material.simulated:
        notes.append("No viewing time is asked of simulated annotators, who answer at once.")
    return tabulate(
        "screening", "Who is left out", COLUMNS, rows, ["annotator"], notes, material.simulated
    )
