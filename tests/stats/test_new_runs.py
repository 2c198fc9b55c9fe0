"""The claim about new runs against scipy's paired t and a loop over signs.

Calibration stands here too, because it is what the claim is for: with luck that all directions of a
run share, the test over directions rejects far too often.
"""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import ttest_1samp

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.stats.new_runs import new_runs
from benchmark.stats.paired import compare_rca
from benchmark.stats.permutation import swap_labels

from .calibration import FULL, STUDIES, Outcomes, calibrate, covers, predictions, rejects

DIFFERENCES = np.array([0.08, 0.05, -0.01, 0.11, 0.07, 0.02, 0.04])


def runs_that_differ(
    rng: np.random.Generator, seeds: int, level: float = 0.0, run_sd: float = 0.5
) -> np.ndarray:
    """Accuracies (2, seeds, 24): all directions of a run share its luck; the first is ahead."""
    ahead = np.array([level, 0.0]).reshape(2, 1, 1)
    luck = run_sd * rng.standard_normal((2, seeds, 1))
    return expit(ahead + luck + 0.6 * rng.standard_normal((2, seeds, 24)))


def test_the_interval_and_p_are_the_paired_t() -> None:
    claim = new_runs(DIFFERENCES)
    oracle = ttest_1samp(DIFFERENCES, 0)
    assert claim.p == pytest.approx(oracle.pvalue)
    ends = oracle.confidence_interval(0.95)
    assert (claim.difference.interval.low, claim.difference.interval.high) == pytest.approx(
        (ends.low, ends.high)
    )
    assert claim.difference.value == pytest.approx(DIFFERENCES.mean())
    assert claim.seeds == 7


def test_the_check_turns_every_sign() -> None:
    means = [np.mean(DIFFERENCES * signs) for signs in product((1, -1), repeat=7)]
    observed = DIFFERENCES.mean()
    above = np.mean([m > observed + 1e-12 for m in means])
    equal = np.mean([abs(m - observed) <= 1e-12 for m in means])
    assert new_runs(DIFFERENCES).p_signs == pytest.approx(2 * (above + equal / 2))


@pytest.mark.parametrize("seeds", range(5))
def test_fewer_than_five_seeds_claim_nothing_about_new_runs(seeds: int) -> None:
    claim = new_runs(DIFFERENCES[:seeds])
    are = "is 1" if seeds == 1 else f"are {seeds}"
    reason = Undefined(f"a claim about new runs needs at least 5 seeds, here {are}")
    assert claim.difference == claim.p == claim.p_signs == claim.p_adjusted == reason


def test_five_seeds_have_too_few_signs_for_the_check_alone() -> None:
    claim = new_runs(DIFFERENCES[:5])
    assert isinstance(claim.p, float)
    assert claim.p_signs == Undefined(
        "so few seeds have 32 arrangements of labels; a test needs 40"
    )


def test_seeds_that_all_say_the_same_have_no_error() -> None:
    claim = new_runs(np.full(6, 0.1))
    assert claim.difference.value == pytest.approx(0.1)
    assert isinstance(claim.p, Undefined)


def test_a_missing_difference_is_refused_by_its_place() -> None:
    with pytest.raises(BenchError, match=r"the differences by seed .* nothing at place 2"):
        new_runs([0.1, 0.2, np.nan, 0.1, 0.2])


def test_the_comparison_pairs_runs_by_seed() -> None:
    rng = np.random.default_rng(0)
    drawn = predictions(rng, runs_that_differ(rng, 6))
    (comparison,) = compare_rca(drawn.sample(frac=1, random_state=1), "found", ["random"])
    right = drawn.assign(right=drawn["k"] == drawn["k_hat"])
    means = right.groupby(["method", "seed"])["right"].mean()  # each direction as often as others
    differences = means["found"] - means["random"]
    assert comparison.new_runs.p == pytest.approx(ttest_1samp(differences, 0).pvalue)
    assert comparison.new_runs.difference.value == pytest.approx(comparison.difference.value)


def test_pooled_runs_are_those_of_the_seeds_that_every_generator_has() -> None:
    rng = np.random.default_rng(2)
    first = predictions(rng, runs_that_differ(rng, 6))
    second = predictions(rng, runs_that_differ(rng, 5)).assign(generator="g1")
    frame = [first, second]
    one, two, pooled = compare_rca(pd.concat(frame, ignore_index=True), "found", ["random"])
    assert (one.new_runs.seeds, two.new_runs.seeds, pooled.new_runs.seeds) == (6, 5, 5)
    by_hand = [(a + b) / 2 for a, b in zip(one.by_seed[:5], two.by_seed, strict=True)]
    assert pooled.new_runs.p == pytest.approx(ttest_1samp(by_hand, 0).pvalue)
    assert len(pooled.by_seed) == 6


def test_claims_about_new_runs_are_a_family_of_their_own() -> None:
    rng = np.random.default_rng(3)
    drawn = predictions(rng, runs_that_differ(rng, 6, level=1.0))
    other = drawn[drawn["method"] == "random"].assign(method="axes")
    other = other[other["seed"] < 5].assign(k_hat=lambda f: (f["k"] + 1) % 24)
    both = pd.concat([drawn, other], ignore_index=True)
    first, second = compare_rca(both, "found", ["random", "axes"])
    low, high = sorted([first.new_runs.p, second.new_runs.p])
    adjusted = sorted([first.new_runs.p_adjusted, second.new_runs.p_adjusted])
    assert adjusted == pytest.approx([2 * low, max(2 * low, high)])


def measured(rng: np.random.Generator, accuracy: np.ndarray) -> np.ndarray:
    """Differences of the shares that 40 questions per direction give: (seeds, directions)."""
    shares = rng.binomial(40, accuracy) / 40  # (2, seeds, directions)
    return shares[0] - shares[1]


@STUDIES
@pytest.mark.parametrize("seeds", [5, 6, 12])
@pytest.mark.parametrize("run_sd", [0.0, 0.5])
def test_new_runs_on_true_nulls_with_luck_of_runs(studies: int, seeds: int, run_sd: float) -> None:
    def study(rng: np.random.Generator) -> Outcomes:
        differences = measured(rng, runs_that_differ(rng, seeds, run_sd=run_sd))
        claim = new_runs(differences.mean(axis=1))
        return {"t over seeds": rejects(claim.p)}

    calibrate("rejects", studies, study)


@STUDIES
def test_the_check_by_signs_on_true_nulls(studies: int) -> None:
    def study(rng: np.random.Generator) -> Outcomes:
        claim = new_runs(measured(rng, runs_that_differ(rng, 9)).mean(axis=1))
        return {"turned signs": rejects(claim.p_signs)}

    calibrate("rejects", studies, study)


@STUDIES
@pytest.mark.parametrize("seeds", [5, 12])
def test_intervals_of_new_runs(studies: int, seeds: int) -> None:
    many = runs_that_differ(np.random.default_rng(FULL), 40_000, 0.8)
    truth = float(np.subtract(*many.mean(axis=(1, 2))))

    def study(rng: np.random.Generator) -> Outcomes:
        claim = new_runs(measured(rng, runs_that_differ(rng, seeds, 0.8)).mean(axis=1))
        return {"t over seeds": covers(claim.difference, truth)}

    calibrate("covers", studies, study)


@STUDIES
@pytest.mark.parametrize("seeds", [1, 6])
def test_the_test_over_directions_alone_would_reject_too_often(studies: int, seeds: int) -> None:
    """Why there are two claims: read as one about new runs, its p is wrong, however many seeds."""
    rejected = 0
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        differences = measured(rng, runs_that_differ(rng, seeds))
        rejected += swap_labels([differences.mean(axis=0)], resamples=999).p <= 0.05
    print(f"over directions, {seeds} seeds: rejects {rejected / studies:.4f} of {studies}")
    assert rejected / studies > 0.3
