"""Who is left out of the analysis, by the rules that study.toml fixed before the first answer."""

from collections.abc import Sequence

from benchmark.core.errors import BenchError
from benchmark.core.judgments import answers
from benchmark.study.answers import Material
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate
from study_server.screening import Screening, ScreeningRules, screen
from study_server.study_settings import Settings

COLUMNS = {
    "annotator": Column("The annotator's public number.", "text"),
    "judgments": Column("How many judgments they gave, repeats and check items included.", "count"),
    "check_share": Column("Share of check items judged as anyone should."),
    "repeat_share": Column("Share of hidden repeats judged as at first."),
    "median_seconds": Column("Median viewing time of a judgment.", "seconds"),
    "agreement": Column("Cohen's kappa with all other annotators."),
    "same_share": Column("Share of their commonest pair of answers."),
    "excluded": Column("Whether the rules leave the annotator out.", "flag"),
    "failed": Column("The rules that were not met.", "text"),
}


def rules_of(settings: Settings, simulated: bool) -> ScreeningRules:
    """The study's rules. Simulated annotators answer at once, so no time is asked of them."""
    rules = settings.screening
    return ScreeningRules(
        check_share=rules.min_checks_passed,
        repeat_share=rules.min_repeat_agreement,
        median_seconds=0.0 if simulated else rules.min_median_seconds,
        agreement=rules.min_agreement,
        same_share=rules.max_same_answers,
    )


def screened(material: Material) -> tuple[Material, tuple[Screening, ...]]:
    """The material without those who break a rule, and what the rules say about everyone.

    Raises BenchError where nobody's judgment of a direction is left.
    """
    outcome = screen(material.judgments, rules_of(material.settings, material.simulated))
    kept = material.without({one.annotator for one in outcome if one.excluded})
    if answers(kept.judgments).empty:
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
    rules = rules_of(material.settings, material.simulated)
    rows = [
        {**vars(one), "excluded": one.excluded, "failed": ", ".join(one.failed)} for one in outcome
    ]
    notes = [
        f"The rules in study.toml: check_share {rules.check_share:g} or more "
        f"(from {rules.fewest_checks} check items on), repeat_share {rules.repeat_share:g} or more "
        f"(from {rules.fewest_repeats} repeats on), median_seconds {rules.median_seconds:g} or "
        f"more, agreement {rules.agreement:g} or more (from {rules.fewest_shared} shared "
        f"directions on), same_share {rules.same_share:g} or less "
        f"(from {rules.fewest_answers} judgments on).",
        material.plan,
    ]
    if material.simulated:
        notes.append("No viewing time is asked of simulated annotators, who answer at once.")
    return tabulate(
        "screening", "Who is left out", COLUMNS, rows, ["annotator"], notes, material.simulated
    )
