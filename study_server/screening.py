"""Which annotators to leave out, by rules that are fixed before the first answer: the one set of
them, for the staff's pages as for the analysis.

Five signs of careless answers: check items answered wrongly, repeats answered otherwise, answers
faster than anyone can look, less agreement with the others than chance, and one answer for all. A
rule that has too little to go by excludes nobody. Agreement is asked for last, and with those alone
who break no other rule, so that nobody makes others break it by answers against all sense.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.core.finite import complete, finite
from benchmark.core.judgments import checked, first_showings, item_columns, showings

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and settings need no more than the limits

Evidence = dict[str, float | Undefined]  # by annotator, or by rule

NOTHING = Undefined("nothing to go by")
ROUNDING = 1e-12  # values closer than this are equal


@dataclass(frozen=True)
class Limits:
    """What study.toml says under [screening]: an annotator stays with at least these, and at most
    `max_same_answers`; nobody's answer is deleted.

    min_checks_passed: share of check items; min_repeat_agreement: share of hidden repeats;
    min_median_seconds: viewing time of a judgment, not asked of bots, who answer at once;
    max_same_answers: share of the commonest answer; min_agreement: Cohen's kappa with the others.
    """

    min_checks_passed: float = 0.5
    min_repeat_agreement: float = 0.5
    min_median_seconds: float = 2.0
    max_same_answers: float = 0.98
    min_agreement: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            finite(getattr(self, field.name), field.name)

    def of(self, simulated: bool) -> "Limits":
        """The limits for people, or for bots."""
        return replace(self, min_median_seconds=0.0) if simulated else self


@dataclass(frozen=True)
class Rule:
    """One rule. limit: its name in `Limits`. fewest: how much it needs, and of what, before it
    applies. words: what its value is. sign: what is said of who breaks it."""

    limit: str
    fewest: int
    of_what: str
    words: str
    sign: str

    def broken(self, value: float, limits: Limits) -> bool:
        """Whether a value lies beyond the limit. Raises BenchError where it is missing."""
        finite(value, self.words.rstrip("."))
        limit: float = getattr(limits, self.limit)
        beyond = value - limit if self.limit.startswith("max") else limit - value
        return beyond > ROUNDING


RULES = {
    "check_share": Rule(
        "min_checks_passed",
        2,
        "check items",
        "Share of check items judged as anyone should.",
        "checks failed",
    ),
    "repeat_share": Rule(
        "min_repeat_agreement",
        4,
        "repeats",
        "Share of hidden repeats judged as at first.",
        "repeats answered otherwise",
    ),
    "median_seconds": Rule(
        "min_median_seconds",
        1,
        "timed judgments",
        "Median viewing time of a judgment.",
        "too fast",
    ),
    "agreement": Rule(
        "min_agreement",
        20,
        "shared directions",
        "Cohen's kappa with the other annotators who break no other rule.",
        "agrees with nobody",
    ),
    "same_share": Rule(
        "max_same_answers",
        20,
        "answers",
        "Share of their commonest answer to the questions that everybody is asked.",
        "all answers alike",
    ),
}


@dataclass(frozen=True)
class Screening:
    """What the rules say about one annotator. judgments: all that they gave; ratings: those that a
    quota counts, of directions at their first showing. failed: names of the rules not met."""

    annotator: str
    judgments: int
    ratings: int
    check_share: float | Undefined
    repeat_share: float | Undefined
    median_seconds: float | Undefined
    agreement: float | Undefined
    same_share: float | Undefined
    failed: tuple[str, ...]

    @property
    def excluded(self) -> bool:
        return bool(self.failed)


def screen(
    judgments: "pd.DataFrame",
    limits: Limits,
    questions: Sequence[str],
    expected: Mapping[str, float],
    left_out: Collection[str] = (),
) -> tuple[Screening, ...]:
    """One result for every annotator of the frame, in the order of their names.

    questions: the columns of what everybody is asked. expected: the score that a check item of
    each kind deserves. left_out: annotators whom the staff excluded; nobody has to agree with them.
    """
    if judgments.empty:
        return ()
    limits = limits.of(bool(checked(judgments)["simulated"].any()))
    answered = showings(judgments).dropna(subset=["mos"])
    rated = first_showings(judgments)
    first = rated.dropna(subset=["mos"])
    found = {
        "check_share": by_annotator(check_answers(judgments, expected)),
        "repeat_share": by_annotator(repeat_answers(judgments)),
        "median_seconds": _seconds(answered),
        "same_share": _sameness(judgments, list(questions)),
    }
    evidence = {name: _enough(values, RULES[name]) for name, values in found.items()}
    counts = judgments["annotator"].value_counts().sort_index()
    doubtful = [str(name) for name in counts.index if _broken(_of(str(name), evidence), limits)]
    agreement = _agreement(first, [*doubtful, *left_out])
    evidence["agreement"] = _enough(agreement, RULES["agreement"])
    ratings = rated["annotator"].value_counts()
    return tuple(
        _screening(str(name), int(n), int(ratings.get(name, 0)), evidence, limits)
        for name, n in counts.items()
    )


def described(limits: Limits) -> str:
    """All rules in one line."""
    lines = []
    for name, rule in RULES.items():
        bound = "less" if rule.limit.startswith("max") else "more"
        since = f" (from {rule.fewest} {rule.of_what} on)" if rule.fewest > 1 else ""
        lines.append(f"{name} {getattr(limits, rule.limit):g} or {bound}{since}")
    return ", ".join(lines)


def check_answers(judgments: "pd.DataFrame", expected: Mapping[str, float]) -> "pd.DataFrame":
    """A row for each judged check item: annotator, and good: whether it was judged as deserved.

    Raises BenchError for a kind of check item whose deserved score is not known.
    """
    for kind, score in expected.items():
        finite(score, f"the score that a check item of the kind '{kind}' deserves")
    items = checked(judgments)
    items = items[items["check"].notna()].dropna(subset=["mos"])
    for kind in items["check"].unique():
        if kind not in expected:
            raise BenchError(f"nobody says which score a check item of the kind '{kind}' deserves")
    good = items["mos"].astype(float) == items["check"].map(dict(expected)).astype(float)
    return items[["annotator"]].assign(good=good)


def repeat_answers(judgments: "pd.DataFrame") -> "pd.DataFrame":
    """A row for each repeat: annotator, and good: whether it was judged as at first."""
    item = ["annotator", *item_columns(judgments)]
    answered = showings(judgments).dropna(subset=["mos"])
    first = first_showings(judgments).dropna(subset=["mos"])
    again = answered[answered["repeat"] > 0].merge(first, on=item, suffixes=("", "_first"))
    good = again["mos"].astype(float) == again["mos_first"].astype(float)
    return again[["annotator"]].assign(good=good)


def by_annotator(answers: "pd.DataFrame") -> "pd.DataFrame":
    """For each annotator, the mean of `good` and the number of answers behind it.

    Raises BenchError where either column lacks a value.
    """
    complete(answers, ["annotator", "good"], "the answers")
    groups = answers.groupby("annotator", observed=True)["good"]
    return _frame(groups.mean(), groups.count())


def _screening(
    annotator: str, judgments: int, ratings: int, evidence: dict[str, Evidence], limits: Limits
) -> Screening:
    values = _of(annotator, evidence)
    return Screening(annotator, judgments, ratings, failed=_broken(values, limits), **values)


def _of(annotator: str, evidence: dict[str, Evidence]) -> Evidence:
    """What there is about one annotator, by rule."""
    return {rule: evidence[rule].get(annotator, NOTHING) for rule in RULES if rule in evidence}


def _broken(values: Evidence, limits: Limits) -> tuple[str, ...]:
    return tuple(
        rule
        for rule, value in values.items()
        if not isinstance(value, Undefined) and RULES[rule].broken(value, limits)
    )


def _seconds(answered: "pd.DataFrame") -> "pd.DataFrame":
    """For each annotator, the median viewing time and the number of judgments behind it."""
    timed = answered.dropna(subset=["seconds"])
    seconds = timed.groupby("annotator", observed=True)["seconds"]
    return _frame(seconds.median(), seconds.count())


def _sameness(judgments: "pd.DataFrame", questions: list[str]) -> "pd.DataFrame":
    """For each annotator, the share of their commonest answer and the number of answers. Where all
    questions are of words nobody has any to compare."""
    answered = judgments.dropna(subset=questions) if questions else judgments[:0]
    counts = answered.groupby(["annotator", *questions], observed=True).size().groupby(level=0)
    return _frame(counts.max() / counts.sum(), counts.sum())


def _agreement(first: "pd.DataFrame", doubtful: Collection[str]) -> "pd.DataFrame":
    """For each annotator, Cohen's kappa with all others but the doubtful, and the number of
    directions.

    Chance is what the annotator's own share of yes and that of the others would give; so nobody
    gains by always giving the commonest answer.
    """
    trusted = (~first["annotator"].isin(list(doubtful))).astype(float)
    mos = first["mos"].astype(float)
    by_item = first.assign(n=trusted, yes=trusted * mos).groupby(item_columns(first), observed=True)
    n = by_item["n"].transform("sum") - trusted  # of the others
    yes = by_item["yes"].transform("sum") - trusted * mos
    own, others = mos[n > 0], yes[n > 0] / n[n > 0]  # others: their share of yes
    shared = first.loc[n > 0, ["annotator"]].assign(
        own=own, others=others, equal=own * others + (1 - own) * (1 - others)
    )
    groups = shared.groupby("annotator", observed=True)
    means = groups[["own", "others", "equal"]].mean()
    chance = means["own"] * means["others"] + (1 - means["own"]) * (1 - means["others"])
    kappa = (means["equal"] - chance) / (1 - chance)
    return _frame(kappa, groups.size())


def _frame(values: Any, counts: Any) -> "pd.DataFrame":
    frame: pd.DataFrame = values.to_frame("value")
    return frame.assign(count=counts)


def _enough(found: "pd.DataFrame", rule: Rule) -> Evidence:
    """The values by annotator; a reason replaces a value that has too little evidence."""
    return {
        str(name): Undefined("all answers are the same")
        if value != value  # NaN
        else Undefined(f"{count} {rule.of_what} are fewer than {rule.fewest}")
        if count < rule.fewest
        else float(value)
        for name, value, count in zip(found.index, found["value"], found["count"], strict=True)
    }
