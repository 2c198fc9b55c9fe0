"""The paragraph on methods for a paper: what was asked of whom and how it was analysed, with the
study's own numbers, ready to paste."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.core.judgments import first_showings, item_columns
from benchmark.study.answers import Material
from benchmark.study.participants import Participants, Spread
from benchmark.study.tables.agreement_table import BETWEEN, WITHIN
from benchmark.study.tables.mos_comparisons import POOLED
from benchmark.tables.table import Table
from benchmark.tables.text import interval_text, value_text
from study_server.screening import RULES
from study_server.tasks.task import Task


def methods_paragraph(material: Material, found: Participants, tables: Sequence[Table]) -> str:
    """Paragraphs of plain text: participants, material, task, exclusions, agreement, statistics.

    material: without those who are left out. tables: of the analysis.
    """
    by_name = {table.name: table for table in tables}
    paragraphs = [
        _participants(material, found),
        _material(material),
        _exclusions(material, found),
        _agreement(by_name["agreement"], material),
        _statistics(by_name) if "comparisons" in by_name else "",
        material.plan,
    ]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _participants(material: Material, found: Participants) -> str:
    who = "simulated annotators" if material.simulated else "people"
    came = f"{found.came} {who} were invited or came by an open link"
    said = [f"{came}; {found.agreed} agreed to take part and {found.declined} declined."]
    if material.task.quiz:
        tries = _many(material.settings.quiz_tries, "try", "tries")
        said.append(f"{found.failed} failed a quiz about the task ({tries}).")
    said.append(
        f"{found.finished} finished, {found.stopped} stopped before the end, and "
        f"{found.contributed} judged at least one direction."
    )
    said += [f"{n} stood at the stage '{stage}'." for stage, n in found.others.items()]
    if found.days:
        first, last = found.days
        said.append(
            f"The answers were given on {first}."
            if first == last
            else f"The answers were given from {first} to {last}."
        )
    if found.minutes:
        said.append(
            f"Those who finished took {_spread(found.minutes, 'minutes', 0)} from the consent to "
            "the last page, pauses among them."
        )
    if found.seconds:
        said.append(f"A judgment took {_spread(found.seconds, 'seconds', 1)}.")
    if found.languages:
        read = ", ".join(f"{name} {n}" for name, n in found.languages.items())
        said.append(f"Languages of those who were analysed: {read}.")
    return " ".join(said)


def _material(material: Material) -> str:
    first = first_showings(material.judgments)
    given = first.groupby(item_columns(first), observed=True).size()
    settings, task = material.settings, material.task
    columns = [name for name in ("method", "method_2") if name in first]
    methods = sorted({str(method) for name in columns for method in first[name]})
    shown = f"Each page showed {'one direction' if task.shows == 1 else 'two directions'}"
    asked = " ".join(
        f"({number}) {question.say('en', 'ask')}{_when(question.asked_if, task)}"
        for number, question in enumerate(task.posed, 1)
    )
    return (
        f"{shown}, without saying which method it came from ({_listed(methods)}). For each of "
        "several latent vectors a row of images showed the shifts from one end to the other, and "
        f"a slider moved all rows at once. The questions were: {asked} Everybody was to judge up "
        f"to {settings.items_per_annotator} pages in an order of their own, and "
        f"{settings.repeat_share:.0%} of them a second time, unannounced; beside them stood "
        f"{_many(settings.good_checks, 'page', 'pages')} that everybody should call clear and "
        f"{_many(settings.still_checks, 'page', 'pages')} without any change. "
        f"{len(first):,} ratings of {len(given):,} of {material.shown:,} pages count: "
        f"{given.mean():.1f} on average, {given.min()} to {given.max()} each, of "
        f"{settings.ratings_per_item} planned."
    )


def _exclusions(material: Material, found: Participants) -> str:
    limits = material.settings.screening.of(material.simulated)
    rules = " ".join(
        f"{rule.words.rstrip('.')}: {getattr(limits, rule.limit):g} or "
        f"{'less' if rule.limit.startswith('max') else 'more'}."
        for rule in RULES.values()
    )
    broken = ", ".join(f"{name} {n}" for name, n in found.broken.items())
    return (
        f"Rules that were fixed before the first answer left out {found.by_rules} of "
        f"{found.contributed} who had judged a direction{f' ({broken})' if broken else ''}. "
        f"The staff left out {found.by_staff} more. Their answers are kept. {material.withdrawn} "
        f"{found.counted} were analysed. What the rules ask, each where there is enough to go by: "
        f"{rules}"
    )


def _agreement(table: Table, material: Material) -> str:
    rows = {
        row["agreement"]: row
        for row in table.frame.to_dict("records")
        if row["question"] == material.task.score_name
    }
    said = []
    for kind, words in (
        (BETWEEN, "Agreement of different annotators on a page's score"),
        (WITHIN, "Agreement of annotators with themselves on the pages that came twice"),
    ):
        if row := rows.get(kind):
            alpha, percent = (
                interval_text(row[name], row[f"{name}_low"], row[f"{name}_high"], "share")
                for name in ("alpha", "percent")
            )
            said.append(f"{words}: Krippendorff's alpha {alpha}, equal answers {percent}.")
    return " ".join(said)


def _statistics(tables: Mapping[str, Table]) -> str:
    rows = tables["comparisons"].frame.to_dict("records")
    pooled = [row for row in rows if row["generator"] == POOLED] or rows
    said = [
        "The mean opinion score (MOS) of a direction is the share of its annotators who gave it a "
        "score of 1; that of a method is the mean over its directions. Its interval is a BCa "
        "bootstrap over directions, or from clustered Wilson intervals where there are few. "
        "Methods were compared by a two-sided permutation test of the method labels of "
        "directions within each generator (mid-p), adjusted by Holm over "
        f"{_many(len(rows), 'comparison', 'comparisons')}."
    ]
    for row in pooled:
        where = "pooled over generators" if row["generator"] == POOLED else f"on {row['generator']}"
        difference = interval_text(
            row["difference"], row["difference_low"], row["difference_high"], "difference"
        )
        said.append(
            f"{row['method']} against {row['baseline']}, {where}: difference of MOS {difference} "
            f"(95% interval), p = {value_text(row['p'], 'p')}, adjusted p = "
            f"{value_text(row['p_holm'], 'p')}, {row['method_directions']} and "
            f"{row['baseline_directions']} directions."
        )
    return " ".join(said).replace("p = <", "p < ")


def _when(asked_if: Mapping[str, Any], task: Task) -> str:
    """Which answers to earlier questions a question waits for, by their numbers."""
    if not asked_if:
        return ""
    numbers = {question.name: number for number, question in enumerate(task.posed, 1)}
    answers = (f"{_answer(value)} to {numbers[name]}" for name, value in asked_if.items())
    return f" (only after {' and '.join(answers)})"


def _answer(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _spread(spread: Spread, unit: str, digits: int) -> str:
    low, median, high = (f"{x:.{digits}f}" for x in (spread.low, spread.median, spread.high))
    return f"a median of {median} {unit} (quartiles {low} and {high})"


def _many(n: int, one: str, several: str) -> str:
    return f"{n} {one if n == 1 else several}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
