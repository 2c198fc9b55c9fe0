"""Who is left out of the analysis: by the rules that study.toml fixed before the first answer, and
by the staff, with the reasons they gave."""

from collections.abc import Sequence

from benchmark.core.errors import BenchError
from benchmark.core.judgments import first_showings
from benchmark.study.answers import Material
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate
from study_server.counting import verdicts
from study_server.decisions import described as decided
from study_server.decisions import left_out
from study_server.screening import RULES, Screening, described

COLUMNS = {
    "annotator": Column("The annotator's public number.", "text"),
    "judgments": Column("How many judgments they gave, repeats and check items included.", "count"),
    "ratings": Column("How many of them were of a direction, at its first showing.", "count"),
    **{
        name: Column(rule.words, "seconds" if name == "median_seconds" else "share")
        for name, rule in RULES.items()
    },
    "excluded": Column("Whether the rules leave the annotator out.", "flag"),
    "failed": Column("The rules that were not met.", "text"),
    "staff": Column("Why the staff left the annotator out; empty where they did not.", "text"),
}


def screened(material: Material) -> tuple[Material, tuple[Screening, ...]]:
    """The material without those who break a rule or whom the staff left out, and what the rules
    say about everyone.

    Raises BenchError where nobody's judgment of a direction is left.
    """
    staff = left_out(material.decisions).keys()
    outcome = verdicts(material.judgments, material.settings, material.task, staff)
    kept = by_rules(material, outcome).without(set(staff))
    if first_showings(kept.judgments)["mos"].isna().all():
        raise BenchError(
            f"nobody's judgments are left: {summary(outcome)} {decided(material.decisions)} Weaker "
            "rules in study.toml keep more, and the analysis then says that the plan changed; "
            "`bench study take-back` keeps whom the staff left out"
        )
    return kept, outcome


def by_rules(material: Material, outcome: Sequence[Screening]) -> Material:
    """The material without those who break a rule, whatever the staff say."""
    return material.without({one.annotator for one in outcome if one.excluded})


def summary(outcome: Sequence[Screening]) -> str:
    """Who was left out by the rules, and by which, of those who judged a direction, in a sentence.

    Whoever judged check items alone contributed nothing that could be left out.
    """
    contributed = [one for one in outcome if one.ratings]
    left_out = [one for one in contributed if one.excluded]
    if not left_out:
        return f"The screening rules leave out none of {len(contributed)} annotators."
    names = "; ".join(f"{one.annotator} ({', '.join(one.failed)})" for one in left_out)
    return (
        f"The screening rules leave out {len(left_out)} of {len(contributed)} annotators: {names}."
    )


def screening_table(material: Material, outcome: Sequence[Screening]) -> Table:
    """One row per annotator."""
    limits = material.settings.screening.of(material.simulated)
    staff = {name: one.reason for name, one in left_out(material.decisions).items()}
    rows = [
        {
            **vars(one),
            "excluded": one.excluded,
            "failed": ", ".join(one.failed),
            "staff": staff.get(one.annotator, ""),
        }
        for one in outcome
    ]
    notes = [
        f"The rules in study.toml: {described(limits)}.",
        material.plan,
        decided(material.decisions),
        str(material.withdrawn),
    ]
    if material.simulated:
        notes.append("No viewing time is asked of simulated annotators, who answer at once.")
    return tabulate(
        "screening", "Who is left out", COLUMNS, rows, ["annotator"], notes, material.simulated
    )
