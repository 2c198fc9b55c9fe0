"""Which method's directions win when two stand side by side, by how much, and how sure.

The unit is the direction: what one person says of a pair is no evidence independent of what another
says, and a direction stands in several pairs. So judgments of a pair are averaged first, and errors
are those of pairs that share directions (`benchmark.core.dyadic`).

"Neither, or both alike" is half a win for each; a share without those answers stands beside it.
Measured by simulation (2,000 studies each; directions differ by SD 1.2 on the logit scale, each
meets two of every other method, 15% of answers are ties): intervals of a share hold the truth in
94.4-96.8% of studies with 8 directions of each method or more, and in 95-98% with 4 or 6; the test
rejects 3.5-5.6% and 2.9-5.1% of true nulls.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtr, stdtrit

from benchmark.core.dyadic import PAIRS, Ends, dyadic_variance, ends_of
from benchmark.core.errors import BenchError, unknown
from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.finite import complete
from benchmark.core.judgments import DIRECTION, NAME, SECOND, first_showings
from benchmark.stats.intervals import ROUNDING, wilson
from benchmark.stats.permutation import adjusted

PAIR = [*DIRECTION, "method_2", "direction_2"]
VALUES = ["n", "ties", "score"]
TURNED = {  # the second direction stands first
    "method": "method_2",
    "direction": "direction_2",
    "method_2": "method",
    "direction_2": "direction",
}
HOW = "Wilson interval, errors of pairs that share a direction"


@dataclass(frozen=True)
class WinShare:
    """How often a method's directions win on a generator. pairs: those with a direction of it;
    judgments: of those pairs, of which `ties` named neither. wins: mean over pairs, a tie half a
    win. decided: the same without the ties."""

    generator: str
    method: str
    directions: int
    pairs: int
    judgments: int
    ties: int
    wins: Estimate
    decided: float | Undefined


@dataclass(frozen=True)
class Contest:
    """Two methods where they met, on one generator or pooled over several that count the same.

    wins: of the first, a tie half a win. p: two-sided; it is below 0.05 just where the interval
    leaves out one half. p_adjusted: by Holm, over all contests made together.
    """

    generators: tuple[str, ...]
    method: str
    other: str
    pairs: int
    judgments: int
    ties: int
    wins: Estimate | Undefined
    decided: float | Undefined
    p: float | Undefined
    p_adjusted: float | Undefined


@dataclass(frozen=True)
class Share:
    """A mean over pairs of these ends, and its variance."""

    value: float
    variance: float
    ends: Ends


def pair_scores(judgments: pd.DataFrame) -> pd.DataFrame:
    """One row per judged pair: generator, method, direction, method_2, direction_2, n judgments,
    ties among them, and score: the mean share of a win that the first direction has.

    judgments: of items of two directions; mos is 1 where the first wins, 0 where the second does,
    0.5 where neither. Pairs of one method are left out: they say nothing of methods. Raises
    BenchError for another score, and for a pair of two generators.
    """
    complete(judgments, SECOND, NAME)
    first = first_showings(judgments).dropna(subset=["mos"])
    other = first[~first["mos"].isin([0, 0.5, 1])]
    if len(other):
        raise BenchError(f"{NAME}, column mos, must be 0, 0.5 or 1, not {other['mos'].iloc[0]}")
    mixed = first[first["generator"] != first["generator_2"]]
    if len(mixed):
        names = f"{mixed['generator'].iloc[0]} and {mixed['generator_2'].iloc[0]}"
        raise BenchError(f"a pair stands across generators, {names}; nothing compares those")
    first = first[first["method"] != first["method_2"]]
    scored = first.assign(mos=first["mos"].astype(float), ties=first["mos"] == 0.5)
    by_pair = scored.groupby(PAIR, observed=True)
    pairs = by_pair.agg(n=("mos", "size"), ties=("ties", "sum"), score=("mos", "mean"))
    return pairs.reset_index()[[*PAIR, *VALUES]]


def win_shares(pairs: pd.DataFrame) -> tuple[WinShare, ...]:
    """One result for every generator and method that was judged, by name.

    pairs: of `pair_scores`. Raises BenchError where one lacks a value.
    """
    complete(pairs, [*PAIR, *VALUES], PAIRS)
    found = []
    for generator, own in pairs.groupby("generator", observed=True):
        for method in sorted({*own["method"], *own["method_2"]}):
            of_method = _seen_from(own, method)
            share = _share(of_method)
            found.append(
                WinShare(
                    generator=str(generator),
                    method=method,
                    directions=of_method["direction"].nunique(),
                    pairs=len(of_method),
                    judgments=int(of_method["n"].sum()),
                    ties=int(of_method["ties"].sum()),
                    wins=Estimate(share.value, _interval([share])),
                    decided=_decided([of_method]),
                )
            )
    return tuple(found)


def contests(pairs: pd.DataFrame, order: Sequence[str]) -> tuple[Contest, ...]:
    """Every method against each that follows it in `order`: on each generator where they met, then
    pooled if those are several.

    pairs: of `pair_scores`. Raises BenchError for a method that nobody judged, and where a pair
    lacks a value.
    """
    complete(pairs, [*PAIR, *VALUES], PAIRS)
    known = {*pairs["method"], *pairs["method_2"]}
    for name in order:
        if name not in known:
            raise unknown("judged method", name, known)
    every = []
    for method, other in combinations(order, 2):
        met = {
            str(generator): _seen_from(own, method, other)
            for generator, own in pairs.groupby("generator", observed=True)
        }
        met = {generator: own for generator, own in met.items() if len(own)}
        every += [_contest({name: own}, method, other) for name, own in met.items()]
        if len(met) > 1:
            every.append(_contest(met, method, other))
    corrected = adjusted([one.p for one in every])
    return tuple(replace(one, p_adjusted=p) for one, p in zip(every, corrected, strict=True))


def direction_wins(pairs: pd.DataFrame) -> pd.DataFrame:
    """One row per judged direction: generator, method, direction, pairs, n judgments, and wins, the
    mean share of a win over its pairs.

    pairs: of `pair_scores`. Raises BenchError where one lacks a value.
    """
    complete(pairs, [*PAIR, *VALUES], PAIRS)
    back = pairs.assign(score=1 - pairs["score"]).rename(columns=TURNED)
    both = pd.concat([pairs, back])
    by_direction = both.groupby(DIRECTION, observed=True)
    return by_direction.agg(
        pairs=("score", "size"), n=("n", "sum"), wins=("score", "mean")
    ).reset_index()


def _seen_from(pairs: pd.DataFrame, method: str, other: str | None = None) -> pd.DataFrame:
    """The pairs that `method` stands in, itself first; with `other`, those of the two alone."""
    front = pairs[pairs["method"] == method]
    back = pairs[pairs["method_2"] == method].rename(columns=TURNED)
    both = pd.concat([front, back.assign(score=1 - back["score"])], ignore_index=True)
    return both if other is None else both[both["method_2"] == other]


def _share(pairs: pd.DataFrame) -> Share:
    """The mean score of pairs of one generator."""
    value = float(pairs["score"].mean())
    influence = (pairs["score"].to_numpy(float) - value) / len(pairs)  # (pairs,)
    ends = ends_of(pairs)
    return Share(value, float(dyadic_variance(influence, ends)), ends)


def _interval(shares: Sequence[Share]) -> Interval | Undefined:
    """The interval of the mean of independent shares, one for each generator, within [0, 1]."""
    if few := _few(shares):
        return few
    student_level = 2 * ndtr(stdtrit(_freedom(shares), 0.975)) - 1
    trials = _trials(shares)
    low, high = wilson(_mean(shares) * trials, trials, student_level)
    return Interval(float(low), float(high), HOW)


def _contest(met: dict[str, pd.DataFrame], method: str, other: str) -> Contest:
    own = list(met.values())
    shares = [_share(pairs) for pairs in own]
    p: float | Undefined = _few(shares) or _p(shares)
    return Contest(
        generators=tuple(met),
        method=method,
        other=other,
        pairs=sum(map(len, own)),
        judgments=sum(int(pairs["n"].sum()) for pairs in own),
        ties=sum(int(pairs["ties"].sum()) for pairs in own),
        wins=Estimate(_mean(shares), _interval(shares)),
        decided=_decided(own),
        p=p,
        p_adjusted=p,
    )


def _p(shares: Sequence[Share]) -> float:
    """Two-sided p of a share of one half: the score test, whose inversion is Wilson's interval."""
    value = _mean(shares)
    t = (value - 0.5) / np.sqrt(0.25 / _trials(shares))
    return float(2 * stdtr(_freedom(shares), -abs(t)))


def _mean(shares: Sequence[Share]) -> float:
    return float(np.mean([share.value for share in shares]))


def _freedom(shares: Sequence[Share]) -> int:
    return sum(share.ends.fewest - 1 for share in shares)


def _trials(shares: Sequence[Share]) -> float:
    """How many independent trials are worth as much; one for each direction at the least."""
    value = _mean(shares)
    variance = sum(share.variance for share in shares) / len(shares) ** 2
    least = float(sum(share.ends.fewest for share in shares))
    return max(value * (1 - value) / variance, least) if variance > ROUNDING else least


def _few(shares: Sequence[Share]) -> Undefined | None:
    return min((share.ends for share in shares), key=lambda ends: ends.fewest).too_few


def _decided(pairs: Sequence[pd.DataFrame]) -> float | Undefined:
    """The mean over generators of the share of wins among answers that named one."""
    named = [float((own["n"] - own["ties"]).sum()) for own in pairs]
    if min(named) == 0:
        return Undefined("every answer was neither")
    won = [float((own["score"] * own["n"] - own["ties"] / 2).sum()) for own in pairs]
    return float(np.mean(np.divide(won, named)))
