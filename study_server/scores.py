"""What those who count said so far: scores of items, agreement, checks and repeats.

In all functions counted is `quality.answers` and people `quality.persons`, of the same kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import ndtri

from benchmark.core.alpha import alpha_over
from benchmark.core.estimates import Estimate, Undefined
from benchmark.core.judgments import first_showings, item_columns, units
from study_server.quality import Person
from study_server.screening import check_answers, repeat_answers

if TYPE_CHECKING:
    import pandas as pd  # slow to import


@dataclass(frozen=True)
class Scored:
    """What those who count said of an item: the mean of n scores, of one direction its MOS."""

    n: int
    mean: float

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of a MOS's 95% interval (Wilson, JASA 1927), which speaks of further
        annotators. A mean of other scores has none."""
        return likely_share(self.mean, self.n)

    @property
    def width(self) -> float:
        low, high = self.interval
        return high - low


def scores(
    counted: "pd.DataFrame", people: Sequence[Person]
) -> dict[tuple[tuple[str, str, int], ...], Scored]:
    """By what an item shows (generator, method, number of each direction), its first showings."""
    if counted.empty:
        return {}
    first = _scored(counted, people)
    found = {}
    for place, given in first.groupby(item_columns(first), observed=True)["mos"]:
        shown = tuple(zip(*[iter(place)] * 3, strict=True))
        found[shown] = Scored(len(given), float(given.mean()))
    return found


def likely_share(share: float, n: int) -> tuple[float, float]:
    """The ends of Wilson's 95% score interval of a share of n answers, in [0, 1]."""
    z2 = float(ndtri(0.975)) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def widest(n: int) -> float:
    """How wide that interval is of n answers that are most divided, as of a full item at most."""
    low, high = likely_share((n // 2) / n, n)
    return high - low


def checks_passed(
    counted: "pd.DataFrame", people: Sequence[Person], expected: Mapping[str, float]
) -> tuple[int, int]:
    """How many check items those who count judged rightly, and how many they judged. expected: the
    score that each kind of check deserves."""
    good = check_answers(_of_who_counts(counted, people), expected)["good"]
    return int(good.sum()), len(good)


def repeats_alike(counted: "pd.DataFrame", people: Sequence[Person]) -> tuple[int, int]:
    """How many repeats those who count judged as at first, and how many they judged."""
    good = repeat_answers(_of_who_counts(counted, people))["good"]
    return int(good.sum()), len(good)


def agreement(counted: "pd.DataFrame", people: Sequence[Person]) -> Estimate | Undefined:
    """Krippendorff's alpha of the score over items that two or more of those who count judged,
    first showings only, as in the analysis."""
    first = _scored(counted, people)
    counts = first.pivot_table(
        index=item_columns(first), columns="mos", aggfunc="size", fill_value=0, observed=True
    ).to_numpy(float)  # (items, scores)
    return alpha_over(counts[counts.sum(axis=1) >= 2], units(first))


def _of_who_counts(counted: "pd.DataFrame", people: Sequence[Person]) -> "pd.DataFrame":
    names = [person.public_id for person in people if person.counts]
    return counted[counted["annotator"].isin(names)]


def _scored(counted: "pd.DataFrame", people: Sequence[Person]) -> "pd.DataFrame":
    """The first showings that have a score, of those who count."""
    return first_showings(_of_who_counts(counted, people)).dropna(subset=["mos"])
