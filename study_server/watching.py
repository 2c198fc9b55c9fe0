"""Whether there is enough: the study's stopping rule, looked at as often as one likes.

It asks how narrow the interval of the difference is, or that of a share of wins, never where it
lies, so that looking again and again finds no differences that are not there: of 2,000 simulated
studies without any, looked at after every round of ratings, the test that follows rejects 4.4-5.6%
(of wins 5.6-5.7%); stopping at the first p below 0.05 would reject 11-13%. The site shows what
the rule says, and people act on it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmark.core.estimates import Undefined
from benchmark.core.finite import finite_groups
from benchmark.core.judgments import first_showings
from study_server.bundle import Bundle
from study_server.stopping_rule import NO_SPREAD, StoppingRule

if TYPE_CHECKING:
    import pandas as pd  # slow to import

Floats = NDArray[np.float64]

MOS, WINS = "the difference of MOS", "a share of wins"
LEAST_DIRECTIONS = 4  # of each method on each generator, below which no width is known
LEAST_RATINGS = 3  # of each direction, before the rule looks; or all that are wanted


@dataclass(frozen=True)
class Looked:
    """What the rule says now. width: of the widest interval of a method against another that the
    plan compares; people: whose ratings count; of: what has the interval."""

    rule: StoppingRule
    width: float | Undefined
    people: int
    of: str = MOS

    @property
    def fixed(self) -> str:
        """The rule in words."""
        return self.rule.say(self.of)

    @property
    def met(self) -> bool:
        """Whether there is enough."""
        wide = isinstance(self.width, Undefined) or self.width >= self.rule.width
        return not wide or 0 < self.rule.people <= self.people

    def __str__(self) -> str:
        now = []
        if self.rule.width:
            narrow = isinstance(self.width, Undefined)
            now.append(f"the width is {self.width if narrow else f'{self.width:.3f}'}")
        if self.rule.people:
            now.append(f"{self.people} of {self.rule.people} people")
        return f"{'met' if self.met else 'not met'}: {', '.join(now)}"


def look(bundle: Bundle, counted: "pd.DataFrame", who: Collection[str]) -> Looked:
    """What the study's rule says of these answers.

    counted: of `study_server.quality.answers`. who: the public numbers of those who count.
    """
    rule = bundle.settings.stopping
    first = first_showings(counted).dropna(subset=["mos"])
    first = first[first["annotator"].isin(list(who))]
    width: float | Undefined = Undefined("not asked for")
    pairs = bundle.task.shows > 1
    if rule.width and pairs:
        from study_server.watching_wins import widest_wins

        width = widest_wins(bundle, first, compared(bundle))
    elif rule.width:
        width = _widest(bundle, first)
    return Looked(rule, width, int(first["annotator"].nunique()), WINS if pairs else MOS)


def difference_width(strata: Sequence[tuple[Floats, Floats]]) -> float:
    """The width of Student's 95% interval of a mean difference over strata, such as generators.

    strata: MOS of the directions of two methods, (n_1,) and (n_2,), two or more of each; variances
    may differ (Welch, Biometrika 1947). Raises BenchError where a MOS is missing.
    """
    parts = [
        (group.var(ddof=1) / len(group) / len(strata) ** 2, len(group) - 1)
        for pair in strata
        for group in finite_groups(pair, "the MOS of directions")
    ]
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return 0.0
    freedom = variance**2 / sum(part**2 / n for part, n in parts)
    return float(2 * stdtrit(freedom, 0.975) * np.sqrt(variance))


def _widest(bundle: Bundle, first: "pd.DataFrame") -> float | Undefined:
    """Of all comparisons of the plan."""
    wanted = min(LEAST_RATINGS, bundle.settings.ratings_per_item)
    by_direction = first.groupby(["generator", "method", "direction"], observed=True)["mos"]
    found = {place: (len(given), float(given.mean())) for place, given in by_direction}
    shares: dict[tuple[str, str], list[float]] = defaultdict(list)
    behind = 0
    for item_id, (source, *_) in bundle.sources.items():
        if not bundle.checks[item_id]:
            n, mos = found.get((source.generator, source.method, source.direction), (0, 0.0))
            behind += n < wanted
            shares[source.generator, source.method].append(mos)
    if behind:
        return Undefined(f"not known yet: {behind} directions have fewer than {wanted} ratings")
    fewest = min(map(len, shares.values()))
    if fewest < LEAST_DIRECTIONS:
        return Undefined(f"not known: a method has {fewest} directions, fewer than 4")
    generators = sorted({generator for generator, _ in shares})
    widths = []
    for method, other in compared(bundle):
        both = [g for g in generators if (g, method) in shares and (g, other) in shares]
        strata = [tuple(np.array(shares[g, name]) for name in (method, other)) for g in both]
        if strata:
            widths.append(difference_width(strata))  # type: ignore[arg-type]  # pairs
            if widths[-1] < NO_SPREAD:
                return Undefined(f"not known: directions of {method} do not vary, nor of {other}")
    return max(widths, default=Undefined("not known: there is nothing to compare"))


def compared(bundle: Bundle) -> list[tuple[str, str]]:
    """The methods under test, each with what it is compared with, as in the analysis."""
    cells = bundle.hidden["provenance"].get("cells", {}).values()
    roles = {cell["method"]: cell.get("role", "") for cell in cells if isinstance(cell, dict)}
    names = sorted(bundle.methods)
    named = bundle.settings.method
    tested = [named] if named else [name for name in names if roles.get(name) == "method"]
    against = [name for name in names if roles.get(name) == "baseline" and name not in tested]
    return [(one, other) for one in tested or names for other in against or names if one != other]
