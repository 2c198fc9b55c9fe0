"""The paragraph on methods for a paper: what was asked of whom and how it was analysed, with the
study's own numbers, ready to paste."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.core.judgments import first_showings, item_columns
from benchmark.study.answers import Material
from benchmark.study.participants import Participants, answered_on, imported_alone, paced, taken
from benchmark.study.tables.agreement_table import BETWEEN, WITHIN
from benchmark.study.tables.mos_comparisons import POOLED
from benchmark.tables.table import Kind, Table
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
        _statistics(by_name["comparisons"]) if "comparisons" in by_name else "",
        _wins(by_name["wins"], by_name["contests"]) if "wins" in by_name else "",
        material.plan,
    ]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _participants(material: Material, found: Participants) -> str:
    who = "simulated annotators" if material.simulated else "people"
    said, ended = [], ""
    if found.came > found.imported:
        said.append(
            f"{found.invited} {who} were invited by links of their own and {found.opened} came by "
            f"an open link; {found.agreed} agreed to take part, {found.declined} declined and "
            f"{found.unanswered} did neither."
        )
        if material.task.quiz:
            tries = _many(material.settings.quiz_tries, "try", "tries")
            said.append(f"{found.failed} failed a quiz about the task ({tries}).")
        ended = f"{found.finished} finished, {found.stopped} stopped before the end, and "
    said += filter(None, [imported_alone(found)])
    said.append(f"{ended}{found.contributed} judged at least one direction.")
    said += [f"{n} stood at the stage '{stage}'." for stage, n in found.others.items()]
    said += filter(None, (answered_on(found), taken(found), paced(found)))
    if found.languages:
        read = ", ".join(f"{name} {n}" for name, n in found.languages.items())
        said.append(f"Languages of those who were analysed: {read}.")
    return " ".join(said)


def _material(material: Material) -> str:
    first = first_showings(material.judgments)
    given = first.groupby(item_columns(first), observed=True).size()
    settings, task = material.settings, material.task
    pages = min(settings.items_per_annotator, material.shown)
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
        f"to {pages} pages in an order of their own, and "
        f"{settings.repeat_share:.0%} of them a second time, unannounced; beside them stood "
        f"{_many(material.checks['good'], 'page', 'pages')} that everybody should call clear and "
        f"{_many(material.checks['still'], 'page', 'pages')} without any change. "
        f"{len(first):,} ratings of {len(given):,} of {material.shown:,} pages count: "
        f"{given.mean():.1f} on average, {given.min()} to {given.max()} each, of "
        f"{_planned(material)}."
    )


def _planned(material: Material) -> str:
    """How many ratings of each page were planned, before the first answer and since."""
    before, now = material.planned, material.settings.ratings_per_item
    if before in (0, now):
        return f"{now} planned"
    why = "".join(f"; raised {one}" for one in material.raised)
    return f"{before} planned when the study was built and {now} later{why}"


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
    said = []
    for number, row in enumerate(table.frame.to_dict("records")):
        if row["question"] != material.task.score_name:
            continue
        words = {
            BETWEEN: "Agreement of different annotators on a page's score",
            WITHIN: "Agreement of annotators with themselves on the pages that came twice",
        }[row["agreement"]]
        alpha, percent = (_value(table, number, name, "share") for name in ("alpha", "percent"))
        said.append(f"{words}: Krippendorff's alpha {alpha}, equal answers {percent}.")
    return " ".join(said)


def _statistics(table: Table) -> str:
    rows = table.frame.to_dict("records")
    said = [
        "The mean opinion score (MOS) of a direction is the share of its annotators who gave it a "
        "score of 1; that of a method is the mean over its directions. Its interval is a BCa "
        "bootstrap over directions, or from clustered Wilson intervals where there are few."
    ]
    if not rows:
        return " ".join([*said, "Methods were not compared.", *table.notes])
    said.append(
        "Methods were compared by a two-sided permutation test of the method labels of "
        "directions within each generator (mid-p), adjusted by Holm over "
        f"{_family(table, 'comparison')}."
    )
    for number, row in _pooled_or_all(rows):
        difference = _value(table, number, "difference", "difference")
        said.append(
            f"{row['method']} against {row['baseline']}, {_where(row)}: difference of MOS "
            f"{difference} (95% interval), {_p(table, number)}, {row['method_directions']} and "
            f"{row['baseline_directions']} directions."
        )
    return " ".join(said)


def _wins(wins: Table, contests: Table) -> str:
    """Of a study of pairs: what a share of wins is, who won against whom, and how strong each
    method is."""
    rows = contests.frame.to_dict("records")
    said = [
        "A judgment that chose a direction is a win of its method, one that chose neither, or both "
        "alike, half a win of each; a method's share of wins is the mean over its pairs, whose "
        "judgments are averaged first. Intervals are Wilson's, with errors of pairs that share a "
        "direction. Strengths are those of the model of Bradley and Terry, a logistic regression "
        "over pairs with such errors; the difference of two is the log odds of a win. Methods were "
        "compared by a two-sided score test with such errors, adjusted by Holm over "
        f"{_family(contests, 'contest')}."
    ]
    for number, row in _pooled_or_all(rows):
        said.append(
            f"{row['method']} against {row['other']}, {_where(row)}: share of wins "
            f"{_value(contests, number, 'wins', 'share')} (95% interval), {_p(contests, number)}, "
            f"{row['pairs']} pairs, {row['judgments']} judgments, of which {row['ties']} chose "
            "neither."
        )
    for number, row in enumerate(wins.frame.to_dict("records")):
        strength = _value(wins, number, "strength", "difference")
        said.append(f"Strength of {row['method']} on {row['generator']}: {strength}.")
    return " ".join(said)


def _family(table: Table, one: str) -> str:
    """Over how many tests an adjustment runs; those without a p do not count."""
    missing = sum(column == "p" for _, column in table.undefined)
    said = _many(len(table.frame) - missing, one, f"{one}s")
    return f"{said} ({missing} more have no p)" if missing else said


def _pooled_or_all(rows: Sequence[Mapping[Any, Any]]) -> list[tuple[int, Mapping[Any, Any]]]:
    """The rows over all generators, or all rows where there are none, each with its number."""
    numbered = list(enumerate(rows))
    return [(n, row) for n, row in numbered if row["generator"] == POOLED] or numbered


def _where(row: Mapping[Any, Any]) -> str:
    return "pooled over generators" if row["generator"] == POOLED else f"on {row['generator']}"


def _p(table: Table, number: int) -> str:
    """Both p of a row, or why there is none."""
    if why := table.undefined.get((number, "p")):
        return f"p undefined ({why})"
    row = table.frame.iloc[number]
    single, holm = (value_text(row[name], "p") for name in ("p", "p_holm"))
    return f"p = {single}, adjusted p = {holm}".replace("= <", "< ")


def _value(table: Table, number: int, name: str, kind: Kind) -> str:
    """A value with its interval, or why there is none."""
    if why := table.undefined.get((number, name)):
        return f"undefined ({why})"
    row = table.frame.iloc[number]
    return interval_text(row[name], row[f"{name}_low"], row[f"{name}_high"], kind)


def _when(asked_if: Mapping[str, Any], task: Task) -> str:
    """Which answers to earlier questions a question waits for, by their numbers."""
    if not asked_if:
        return ""
    numbers = {question.name: number for number, question in enumerate(task.posed, 1)}
    answers = (f"{_answer(value)} to {numbers[name]}" for name, value in asked_if.items())
    return f" (only after {' and '.join(answers)})"


def _answer(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _many(n: int, one: str, several: str) -> str:
    return f"{n} {one if n == 1 else several}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
