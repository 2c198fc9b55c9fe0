"""How wide the interval of a share of wins is, for the stopping rule of a study of pairs; see
`study_server.watching`, which loads this when it is asked for: pandas is slow to import."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from benchmark.core.dyadic import ENDS, FEWEST_DIRECTIONS, dyadic_variance, ends_of
from benchmark.core.estimates import Undefined
from benchmark.core.finite import finite
from benchmark.core.judgments import DIRECTION, SECOND
from study_server.bundle import Bundle
from study_server.watching import NO_SPREAD

LEAST_RATINGS = 3  # of each pair, before the rule looks; or all that are wanted


def wins_width(pairs: Sequence[pd.DataFrame]) -> float:
    """The width of Student's 95% interval of the mean share of wins over generators, which count
    the same; errors are those of pairs that share a direction.

    pairs: of each generator the pairs of two methods, with their ends as `benchmark.core.dyadic`
    takes them and `score`, the share of wins of the one. Raises BenchError where one is missing.
    """
    variance, freedom = 0.0, 0
    for own in pairs:
        score = finite(own["score"].to_numpy(float), "the shares of wins")  # (pairs,)
        ends = ends_of(own)
        found = dyadic_variance((score - score.mean()) / len(score), ends)
        variance += float(found) / len(pairs) ** 2
        freedom += ends.fewest - 1
    return float(2 * stdtrit(freedom, 0.975) * np.sqrt(variance))


def widest_wins(
    bundle: Bundle, first: pd.DataFrame, compared: Sequence[tuple[str, str]]
) -> float | Undefined:
    """Of all contests of the plan, or why none is known.

    first: first showings that have a score, of those who count. compared: methods two by two.
    """
    wanted = min(LEAST_RATINGS, bundle.settings.ratings_per_item)
    by_pair = first.groupby([*DIRECTION, *SECOND], observed=True)["mos"]
    found = {place: (len(given), float(given.mean())) for place, given in by_pair}
    rows, behind = [], 0
    for item_id, (one, other) in bundle.sources.items():
        if bundle.checks[item_id] or one.method == other.method:
            continue
        place = tuple((s.generator, s.method, s.direction) for s in (one, other))
        n, score = found.get((*place[0], *place[1]), (0, 0.0))
        behind += n < wanted
        rows.append((one.generator, *place[0][1:], *place[1][1:], score))
    if behind:
        return Undefined(f"not known yet: {behind} pairs have fewer than {wanted} ratings")
    frame = pd.DataFrame(rows, columns=["generator", *ENDS, "score"])
    widths = []
    for method, against in compared:
        met = [_seen_from(own, method, against) for _, own in frame.groupby("generator")]
        met = [own for own in met if len(own)]
        if not met:
            continue
        fewest = min(ends_of(own).fewest for own in met)
        if fewest < FEWEST_DIRECTIONS:
            return Undefined(f"not known: a method has {fewest} directions, fewer than 4")
        widths.append(wins_width(met))
        if widths[-1] < NO_SPREAD:  # the analysis' interval is wide there
            return Undefined(f"not known: pairs of {method} and {against} do not vary")
    return max(widths, default=Undefined("not known: there is nothing to compare"))


def _seen_from(pairs: pd.DataFrame, method: str, other: str) -> pd.DataFrame:
    """The pairs of two methods, with the share of wins of the first."""
    own = pairs[(pairs["method"] == method) & (pairs["method_2"] == other)]
    back = pairs[(pairs["method"] == other) & (pairs["method_2"] == method)]
    score = [*own["score"], *(1 - back["score"])]
    return pd.concat([own, back], ignore_index=True).assign(score=score)
