"""Wins of methods and their strengths, against loops, closed forms and simulated studies."""

import itertools
import random

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit

from benchmark.core.dyadic import dyadic_variance, ends_of
from benchmark.core.errors import BenchError
from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.stats.bradley_terry import strengths
from benchmark.stats.population import POINTS, WEIGHTS
from benchmark.stats.wins import contests, direction_wins, pair_scores, win_shares
from study_server.study_settings import Settings
from study_server.tasks import Pairs, Source

from .calibration import STUDIES, Outcomes, calibrate, covers, rejects

TIES = 0.15  # of the simulated answers
SPREAD = 1.2  # of directions, on the logit scale


def drawn(
    rng: np.random.Generator,
    levels: dict[str, float],
    directions: int,
    ratings: int = 5,
    generators: int = 1,
) -> tuple[pd.DataFrame, np.ndarray]:
    """The pairs that the task draws, and the scores of their judgments: (pairs, ratings).

    Annotators see the same worth in a direction. levels: of the methods, in log odds, around which
    their directions spread.
    """
    sources = [
        Source(f"g{g}", method, k)
        for g in range(generators)
        for method in levels
        for k in range(directions)
    ]
    worth = {s: levels[s.method] + SPREAD * rng.standard_normal() for s in sources}
    task = Pairs(Settings({}, {}, "1"))
    items = task.items(sources, random.Random(int(rng.integers(2**31))))
    chance = expit([worth[a] - worth[b] for a, b in items])  # (pairs,)
    won = (rng.random((len(items), ratings)) < chance[:, None]).astype(float)
    mos = np.where(rng.random(won.shape) < TIES, 0.5, won)  # (pairs, ratings)
    rows = [
        (a.generator, a.method, str(a.direction), b.generator, b.method, str(b.direction))
        for a, b in items
    ]
    names = ["generator", "method", "direction", "generator_2", "method_2", "direction_2"]
    return pd.DataFrame(rows, columns=names), mos


def simulate_pairs(*given, **sizes) -> pd.DataFrame:
    """The judgments of a study, see `drawn`."""
    items, mos = drawn(*given, **sizes)
    frame = items.loc[items.index.repeat(mos.shape[1])].reset_index(drop=True)
    return frame.assign(
        annotator=[f"a{i}" for i in range(mos.shape[1])] * len(items),
        mos=mos.ravel(),
        repeat=0,
        seconds=8.0,
        check=pd.Series(None, index=frame.index, dtype=object),
        simulated=False,
    )


def simulate_scores(*given, **sizes) -> pd.DataFrame:
    """The same as `pair_scores` of them, which takes longer."""
    items, mos = drawn(*given, **sizes)
    counts = {"n": mos.shape[1], "ties": (mos == 0.5).sum(axis=1), "score": mos.mean(axis=1)}
    return items.drop(columns="generator_2").assign(**counts)


def expected_share(gap: float) -> float:
    """The share of wins, ties half, of a method whose level is `gap` above another's."""
    return TIES / 2 + (1 - TIES) * float(WEIGHTS @ expit(gap + SPREAD * 2**0.5 * POINTS))


def likeliest(won: np.ndarray) -> np.ndarray:
    """Strengths of mean 0 by maximum likelihood; won: (methods, methods) of wins."""

    def loss(free: np.ndarray) -> float:
        strength = np.append(0.0, free)
        return -float(np.sum(won * log_expit(strength[:, None] - strength)))

    found = np.append(0.0, minimize(loss, np.zeros(len(won) - 1), tol=1e-12).x)
    return found - found.mean()


LEVELS = {"found": 1.0, "random": 0.0, "axes": 0.3}
JUDGMENTS = simulate_pairs(np.random.default_rng(0), LEVELS, 8, generators=2)
PAIRS = pair_scores(JUDGMENTS)
ONE = PAIRS[PAIRS["generator"] == "g0"]


def test_judgments_of_a_pair_are_averaged_first() -> None:
    assert len(PAIRS) == 2 * 3 * 16
    row = PAIRS.iloc[5]
    own = JUDGMENTS
    for name in ("generator", "method", "direction", "method_2", "direction_2"):
        own = own[own[name] == row[name]]
    assert (row["n"], row["ties"]) == (5, (own["mos"] == 0.5).sum())
    assert row["score"] == own["mos"].mean()


def test_scores_are_simulated_as_judgments_are() -> None:
    given = np.random.default_rng(0), LEVELS, 8
    made = simulate_scores(*given, generators=2)[PAIRS.columns]
    sorted_alike = made.sort_values(list(made.columns[:5]), ignore_index=True)
    pd.testing.assert_frame_equal(sorted_alike, PAIRS, check_dtype=False)


def test_shares_are_those_of_a_loop() -> None:
    for found in win_shares(PAIRS):
        scores: dict[tuple[str, ...], list[float]] = {}
        ties = 0
        for row in JUDGMENTS[JUDGMENTS["generator"] == found.generator].itertuples():
            if found.method not in (row.method, row.method_2):
                continue
            pair = (row.method, row.direction, row.method_2, row.direction_2)
            won = row.mos if row.method == found.method else 1 - row.mos
            scores.setdefault(pair, []).append(won)
            ties += row.mos == 0.5
        means = [np.mean(own) for own in scores.values()]
        decided = [won for own in scores.values() for won in own if won != 0.5]
        assert (found.directions, found.pairs, found.judgments) == (8, 32, 160)
        assert found.ties == ties
        assert found.wins.value == pytest.approx(np.mean(means), abs=1e-12)
        assert found.decided == pytest.approx(np.mean(decided), abs=1e-12)
        assert found.wins.interval.low < found.wins.value < found.wins.interval.high
    by_direction = direction_wins(PAIRS)
    assert (by_direction["pairs"] == 4).all()
    assert by_direction["wins"].mean() == pytest.approx(0.5, abs=1e-12)


def test_the_variance_is_that_of_a_loop_over_pairs_of_pairs() -> None:
    pairs, rng = ONE, np.random.default_rng(4)
    worth = {end: rng.standard_normal() for end in itertools.product(LEVELS, map(str, range(8)))}
    influence = np.array(
        [
            worth[row.method, row.direction] + worth[row.method_2, row.direction_2]
            for row in pairs.itertuples()
        ]
    )
    influence -= influence.mean()
    held = [
        {(row.method, row.direction), (row.method_2, row.direction_2)} for row in pairs.itertuples()
    ]
    total = sum(
        influence[i] * influence[j]
        for i in range(len(pairs))
        for j in range(len(pairs))
        if held[i] & held[j]
    )
    assert total > np.sum(influence**2)  # else the least variance would stand in its place
    ends = ends_of(pairs)
    assert (ends.directions, ends.fewest) == (24, 8)
    assert dyadic_variance(influence, ends) == pytest.approx(total * 8 / 7, rel=1e-12)
    with pytest.raises(BenchError, match="3 influences are not those of 48 pairs"):
        dyadic_variance(influence[:3], ends)


def test_strengths_are_the_likeliest() -> None:
    names = sorted(LEVELS)
    won = np.zeros((3, 3))
    for row in ONE.itertuples():
        i, j = names.index(row.method), names.index(row.method_2)
        won[i, j] += row.score
        won[j, i] += 1 - row.score
    found = strengths(ONE)
    assert [found[name].value for name in names] == pytest.approx(likeliest(won), abs=1e-5)


def test_of_two_methods_the_strengths_are_half_the_log_odds() -> None:
    judgments = simulate_pairs(np.random.default_rng(3), {"a": 0.5, "b": 0.0}, 10)
    pairs = pair_scores(judgments)
    (share, _) = win_shares(pairs)
    found = strengths(pairs)
    assert found["a"].value == pytest.approx(logit(share.wins.value) / 2, abs=1e-9)
    assert found["b"].value == pytest.approx(-found["a"].value, abs=1e-12)
    mirrored = (-found["b"].interval.high, -found["b"].interval.low)
    assert (found["a"].interval.low, found["a"].interval.high) == pytest.approx(mirrored)


def test_who_wins_everything_has_no_finite_strength_but_an_interval_of_wins() -> None:
    judgments = JUDGMENTS.assign(
        mos=[
            1.0 if row.method == "found" else 0.0 if row.method_2 == "found" else row.mos
            for row in JUDGMENTS.itertuples()
        ]
    )
    found = strengths(pair_scores(judgments))
    assert all(isinstance(one, Undefined) for one in found.values())
    assert "not finite" in found["random"].reason
    best = next(one for one in win_shares(pair_scores(judgments)) if one.method == "found")
    assert best.wins.value == 1
    assert 0.5 < best.wins.interval.low < best.wins.interval.high == 1
    p = [one.p for one in contests(pair_scores(judgments), list(LEVELS)) if one.method == "found"]
    assert max(p) < 0.03


@pytest.mark.parametrize("share", [1 / 3, 0.7, 0.9])
def test_equal_scores_are_no_surer_than_directions_are_many(share: float) -> None:
    scores = np.where(PAIRS["method"] == "found", share, 1 - share)
    one, *_ = contests(PAIRS.assign(score=scores), ["found", "random"])
    assert one.wins.value == pytest.approx(share)
    assert one.wins.interval.high - one.wins.interval.low > 0.1  # rounding is no variance


def test_ties_alone_decide_nothing() -> None:
    judgments = JUDGMENTS.assign(mos=0.5)
    for one in contests(pair_scores(judgments), list(LEVELS)):
        assert (one.wins.value, one.ties, one.p) == (0.5, one.judgments, 1.0)
        assert isinstance(one.decided, Undefined)
    assert {one.value for one in strengths(pair_scores(judgments)).values()} == {0.0}


def test_contests_name_every_pair_of_methods_once_and_pool_generators() -> None:
    found = contests(PAIRS, list(LEVELS))
    assert [(one.method, one.other, len(one.generators)) for one in found] == [
        (a, b, n)
        for a, b in (("found", "random"), ("found", "axes"), ("random", "axes"))
        for n in (1, 1, 2)
    ]
    for start in (0, 3, 6):
        one, two, both = found[start : start + 3]
        assert both.wins.value == pytest.approx((one.wins.value + two.wins.value) / 2)
        assert both.pairs == one.pairs + two.pairs == 32
    for one in found:  # the test and the interval say the same
        inside = one.wins.interval.low <= 0.5 <= one.wins.interval.high
        assert (one.p > 0.05) == inside
        assert one.p_adjusted >= one.p
    mirrored = contests(PAIRS, ["random", "found"])
    assert mirrored[0].wins.value == pytest.approx(1 - found[0].wins.value)
    assert mirrored[0].p == pytest.approx(found[0].p)


def test_few_directions_have_no_errors() -> None:
    judgments = simulate_pairs(np.random.default_rng(1), {"a": 0.0, "b": 0.0}, 3)
    (contest,) = contests(pair_scores(judgments), ["a", "b"])
    assert "errors over pairs need 4 directions of a method, here are 3" in contest.p.reason
    assert isinstance(contest.wins.interval, Undefined)
    found = strengths(pair_scores(judgments))
    assert all(
        isinstance(one, Undefined) or isinstance(one.interval, Undefined) for one in found.values()
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mos": 0.7}, "must be 0, 0.5 or 1, not 0.7"),
        ({"generator_2": "elsewhere"}, "a pair stands across generators, g0 and elsewhere"),
    ],
)
def test_what_is_no_pair_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        pair_scores(JUDGMENTS.assign(**changes))
    with pytest.raises(BenchError, match="lack the column generator_2"):
        pair_scores(JUDGMENTS.drop(columns="generator_2"))
    with pytest.raises(BenchError, match="unknown judged method 'fond'; did you mean found"):
        contests(PAIRS, ["fond", "random"])


@STUDIES
@pytest.mark.parametrize(("methods", "directions"), [(2, 8), (3, 20)])
def test_intervals_of_wins_and_strengths_cover_the_truth(
    studies: int, methods: int, directions: int
) -> None:
    levels = dict(list({"found": 1.2, "random": 0.0, "axes": 0.4}.items())[:methods])
    gaps = np.subtract.outer(list(levels.values()), list(levels.values()))
    shares = np.array([[expected_share(gap) for gap in row] for row in gaps])
    np.fill_diagonal(shares, 0)
    strength = likeliest(shares)[0]

    def study(rng: np.random.Generator) -> Outcomes:
        pairs = simulate_scores(rng, levels, directions)
        found = next(one for one in win_shares(pairs) if one.method == "found")
        fitted = strengths(pairs)["found"]
        return {
            "wins": covers(found.wins, shares[0].sum() / (methods - 1)),
            "strength": covers(fitted, strength),
        }

    calibrate("covers", studies, study)


@STUDIES
@pytest.mark.parametrize("directions", [8, 20])
def test_contests_rarely_reject_a_true_null(studies: int, directions: int) -> None:
    def study(rng: np.random.Generator) -> Outcomes:
        (one,) = contests(simulate_scores(rng, dict.fromkeys("abc", 0.0), directions), ["a", "b"])
        return {"a against b": rejects(one.p)}

    calibrate("rejects", studies, study)


def test_an_interval_is_an_interval() -> None:
    for one in strengths(pair_scores(JUDGMENTS[JUDGMENTS["generator"] == "g1"])).values():
        assert isinstance(one, Estimate)
        assert isinstance(one.interval, Interval)
