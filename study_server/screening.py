"""Which annotators to leave out, by rules that are fixed before the first answer.

Five signs of careless answers: check items answered wrongly, repeats answered otherwise, answers
faster than anyone can look, less agreement with the others than chance, and one answer for all. A
rule that has too little to go by excludes nobody.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.core.estimates import Undefined
from benchmark.core.judgments import DIRECTION, answers, checked, showings
from benchmark.stats.bootstrap import ROUNDING

Evidence = dict[str, float | Undefined]  # by annotator

NOTHING = Undefined("nothing to go by")
EXPECTED = {"good": 1, "still": 0}  # the MOS that a check item deserves


@dataclass(frozen=True)
class ScreeningRules:
    """An annotator stays with at least these, and at most `same_share`. The counts say from when on
    a rule applies.

    check_share: share of check items judged as expected. repeat_share: share of repeats judged as
    at first. median_seconds: viewing time. agreement: Cohen's kappa with the other annotators.
    same_share: of all answers, that of the commonest pair of answers to the two questions.
    """

    check_share: float = 0.75
    repeat_share: float = 0.5
    median_seconds: float = 2.0
    agreement: float = 0.0
    same_share: float = 0.98
    fewest_checks: int = 2
    fewest_repeats: int = 4
    fewest_shared: int = 20
    fewest_answers: int = 20


@dataclass(frozen=True)
class Screening:
    """What the rules say about one annotator. failed: names of the rules not met."""

    annotator: str
    judgments: int
    check_share: float | Undefined
    repeat_share: float | Undefined
    median_seconds: float | Undefined
    agreement: float | Undefined
    same_share: float | Undefined
    failed: tuple[str, ...]

    @property
    def excluded(self) -> bool:
        return bool(self.failed)


def screen(judgments: pd.DataFrame, rules: ScreeningRules) -> tuple[Screening, ...]:
    """One result for every annotator of the frame, in the order of their names."""
    answered = showings(judgments).dropna(subset=["mos"])
    first = answers(judgments)
    evidence = {
        "check_share": _enough(_checks(checked(judgments)), rules.fewest_checks, "check items"),
        "repeat_share": _enough(_repeats(answered, first), rules.fewest_repeats, "repeats"),
        "median_seconds": _enough(_seconds(answered), 1, "timed judgments"),
        "agreement": _enough(_agreement(first), rules.fewest_shared, "shared directions"),
        "same_share": _enough(_sameness(checked(judgments)), rules.fewest_answers, "answers"),
    }
    counts = judgments["annotator"].value_counts().sort_index()
    return tuple(_screening(str(name), int(n), evidence, rules) for name, n in counts.items())


def _screening(
    annotator: str, judgments: int, evidence: dict[str, Evidence], rules: ScreeningRules
) -> Screening:
    values = {rule: found.get(annotator, NOTHING) for rule, found in evidence.items()}
    failed = tuple(
        rule
        for rule, value in values.items()
        if not isinstance(value, Undefined) and _breaks(rule, value, getattr(rules, rule))
    )
    return Screening(annotator, judgments, failed=failed, **values)


def _breaks(rule: str, value: float, limit: float) -> bool:
    beyond = value - limit if rule == "same_share" else limit - value
    return beyond > ROUNDING


def _checks(judgments: pd.DataFrame) -> pd.DataFrame:
    """Of each annotator: the share of check items judged as expected, and their number."""
    items = judgments[judgments["check"].notna()].dropna(subset=["mos"])
    right = items["mos"].astype(int) == items["check"].map(EXPECTED)
    return _by_annotator(right, items["annotator"])


def _repeats(answered: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """Of each annotator: the share of repeats judged as at first, and their number."""
    item = ["annotator", *DIRECTION]
    again = answered[answered["repeat"] > 0].merge(first, on=item, suffixes=("", "_first"))
    same = again["mos"].astype(int) == again["mos_first"]
    return _by_annotator(same, again["annotator"])


def _by_annotator(yes: "pd.Series[bool]", annotators: "pd.Series[str]") -> pd.DataFrame:
    groups = yes.groupby(annotators, observed=True)
    return pd.DataFrame({"mean": groups.mean(), "count": groups.count()})


def _seconds(answered: pd.DataFrame) -> pd.DataFrame:
    """Of each annotator: the median viewing time, and from how many judgments."""
    timed = answered.dropna(subset=["seconds"])
    seconds = timed.groupby("annotator", observed=True)["seconds"]
    return pd.DataFrame({"mean": seconds.median(), "count": seconds.count()})


def _sameness(judgments: pd.DataFrame) -> pd.DataFrame:
    """Of each annotator: the share of their commonest pair of answers, and from how many."""
    pair = ["consistent", "single"]
    answered = judgments.dropna(subset=pair)
    pairs = answered.groupby(["annotator", *pair], observed=True).size().groupby(level=0)
    return pd.DataFrame({"mean": pairs.max() / pairs.sum(), "count": pairs.sum()})


def _agreement(first: pd.DataFrame) -> pd.DataFrame:
    """Of each annotator: Cohen's kappa with all others, and over how many directions.

    Chance is what the annotator's own share of yes and that of the others would give; so nobody
    gains by always giving the commonest answer.
    """
    by_direction = first.groupby(DIRECTION, observed=True)["mos"]
    n = by_direction.transform("count")
    own = first.loc[n > 1, "mos"]
    others = (by_direction.transform("sum")[n > 1] - own) / (n[n > 1] - 1)  # their share of yes
    answers = pd.DataFrame(
        {
            "annotator": first.loc[n > 1, "annotator"],
            "own": own,
            "others": others,
            "equal": own * others + (1 - own) * (1 - others),
        }
    )
    by_annotator = answers.groupby("annotator", observed=True)
    means = by_annotator[["own", "others", "equal"]].mean()
    chance = means["own"] * means["others"] + (1 - means["own"]) * (1 - means["others"])
    kappa = (means["equal"] - chance) / (1 - chance)
    return pd.DataFrame({"mean": kappa, "count": by_annotator.size()})


def _enough(found: pd.DataFrame, fewest: int, of_what: str) -> Evidence:
    """The values by annotator, those from too little replaced by the reason."""
    return {
        str(name): Undefined("all answers are the same")
        if np.isnan(value)
        else Undefined(f"{count} {of_what} are fewer than {fewest}")
        if count < fewest
        else float(value)
        for name, value, count in zip(found.index, found["mean"], found["count"], strict=True)
    }
