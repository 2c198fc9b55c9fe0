"""Does every shipped test reject true nulls at 5%, and does every interval cover at 95%?

Studies are drawn from populations whose truth is known, with directions (SD 1.2) and annotators
(SD 0.6) that differ on the logit scale. The full form, 2,000 studies, is marked slow and holds the
rates to 3.5-6.5% and 93-97%. The reduced form allows for its own chance. Exempt is the two-way
bootstrap, known to be conservative and labelled so: of it only the upper bounds are asked.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom, spearmanr

from benchmark.stats.agreement import agreement, repeat_agreement
from benchmark.stats.association import associations
from benchmark.stats.categories import change_types
from benchmark.stats.comparison import compare
from benchmark.stats.correlation import rank_correlation
from benchmark.stats.gee import marginal_model
from benchmark.stats.intervals import wilson
from benchmark.stats.mos import method_mos
from benchmark.stats.permutation import permute_labels
from benchmark.stats.planning import Design, direction_means
from benchmark.stats.population import POINTS, WEIGHTS, Population
from benchmark.stats.rca import compare_rca
from benchmark.stats.results import Estimate, Undefined
from benchmark.stats.twoway import two_way_difference

FULL = 2_000
RATES = {"rejects": (0.035, 0.065), "covers": (0.93, 0.97)}
CATEGORIES = ["geometry", "colour", "texture"]
STUDIES = pytest.mark.parametrize(
    "studies", [pytest.param(40, id="reduced"), pytest.param(FULL, marks=pytest.mark.slow)]
)

Outcomes = dict[str, bool | None]


def calibrate(kind: str, studies: int, study: Callable[[np.random.Generator], Outcomes]) -> None:
    """Run a study many times; every outcome's rate must lie in its band. None does not count."""
    low, high = RATES[kind]
    hits, runs = Counter(), Counter()
    for seed in range(studies):
        for name, outcome in study(np.random.default_rng(seed)).items():
            if outcome is not None:
                hits[name] += outcome
                runs[name] += 1
    for name, n in runs.items():
        print(f"{name} {kind} {hits[name] / n:.4f} of {n}")
    for name, n in runs.items():
        assert n >= 0.9 * studies, f"{name} has an answer in {n} of {studies} studies only"
        if studies >= FULL:
            assert low <= hits[name] / n <= high, name
        else:
            assert binom.ppf(1e-3, n, low) <= hits[name] <= binom.ppf(1 - 1e-3, n, high), name


def covers(estimate: Estimate | Undefined, truth: float) -> bool | None:
    if isinstance(estimate, Undefined) or isinstance(estimate.interval, Undefined):
        return None
    return estimate.interval.low <= truth <= estimate.interval.high


def rejects(p: float | Undefined) -> bool | None:
    return None if isinstance(p, Undefined) else p <= 0.05


def panel_mos(people: Population, leniency: np.ndarray) -> np.ndarray:
    """Expected mean of a new direction judged by each of these annotators: (annotators,)."""
    logits = people.level + people.direction_sd * POINTS[:, None] + leniency
    return WEIGHTS @ expit(logits)


@STUDIES
@pytest.mark.parametrize("mos", [0.2, 0.5])
@pytest.mark.parametrize("ratings", [3, 8])
def test_permutation_of_labels(studies, mos, ratings):
    people, design = Population(mos), Design(20, 12, ratings)

    def study(rng: np.random.Generator) -> Outcomes:
        means = direction_means(design, people, people, 3, rng)  # (3, 40): three generators
        strata = [(row[:20], row[20:]) for row in means]
        return {
            "one generator": rejects(permute_labels(strata[:1], resamples=999).p),
            "three generators": rejects(permute_labels(strata, resamples=999).p),
        }

    calibrate("rejects", studies, study)


@STUDIES
def test_exact_permutation_of_labels(studies):
    people, design = Population(0.5), Design(6, 12, 8)

    def study(rng: np.random.Generator) -> Outcomes:
        (means,) = direction_means(design, people, people, 1, rng)
        test = permute_labels([(means[:6], means[6:])])
        assert test.exact
        return {"six directions": rejects(test.p)}

    calibrate("rejects", studies, study)


@STUDIES
def test_comparison_and_its_checks_on_true_nulls(studies, simulated):
    people = Population(0.3)

    def study(rng: np.random.Generator) -> Outcomes:
        judgments = simulated(rng, {"found": people, "random": people}, directions=30).judgments
        (comparison,) = compare(judgments, "found", ["random"])
        model = marginal_model(judgments, "found", "random")
        (association,) = associations(judgments, CATEGORIES)
        return {
            "compare": rejects(comparison.p),
            "GEE": rejects(model if isinstance(model, Undefined) else model.p),
            "change types": rejects(association.p),
        }

    calibrate("rejects", studies, study)


@STUDIES
def test_rca_comparison_on_true_nulls(studies):
    def study(rng: np.random.Generator) -> Outcomes:
        accuracy = expit(1.2 * rng.standard_normal((2, 1, 24)) + rng.normal(0, 0.6, (2, 2, 24)))
        (comparison,) = compare_rca(predictions(rng, accuracy), "found", ["random"])
        return {"swapped labels": rejects(comparison.p)}

    calibrate("rejects", studies, study)


def predictions(rng: np.random.Generator, accuracy: np.ndarray, each: int = 40) -> pd.DataFrame:
    """What a reconstructor of these accuracies (methods, seeds, directions) would answer."""
    method, seed, k = (x.ravel().repeat(each) for x in np.indices(accuracy.shape))
    right = rng.random(k.size) < accuracy.ravel().repeat(each)
    return pd.DataFrame(
        {
            "generator": "g0",
            "method": np.array(["found", "random"], dtype=object)[method],
            "seed": seed,
            "k": k,
            "eps": 1.0,
            "k_hat": np.where(right, k, (k + 1) % accuracy.shape[2]),
            "eps_hat": 1.0,
        }
    )


@STUDIES
def test_holm_over_two_baselines_rarely_rejects_any_true_null(studies, simulated):
    people = dict.fromkeys(["found", "random", "coordinate"], Population(0.4))
    rejected = 0
    for seed in range(studies):
        judgments = simulated(np.random.default_rng(seed), people).judgments
        comparisons = compare(judgments, "found", ["random", "coordinate"])
        rejected += any(comparison.p_adjusted <= 0.05 for comparison in comparisons)
    print(f"Holm rejects any {rejected / studies:.4f} of {studies}")
    assert rejected <= binom.ppf(1 - 1e-3, studies, 0.05)  # never more; less is no fault


@STUDIES
@pytest.mark.parametrize(("mos", "directions"), [(0.3, 20), (0.6, 40)])
def test_intervals_of_a_methods_mos(studies, mos, directions, simulated):
    people = Population(mos)

    def study(rng: np.random.Generator) -> Outcomes:
        drawn = simulated(rng, {"found": people}, directions=directions)
        (result,) = method_mos(drawn.judgments)
        return {"MOS": covers(result.mos, panel_mos(people, drawn.leniency).mean())}

    calibrate("covers", studies, study)


@STUDIES
@pytest.mark.parametrize("directions", [4, 6])
def test_intervals_of_few_directions_cover_at_least_as_often(studies, directions, simulated):
    people = Population(0.3)
    hits = 0
    for seed in range(studies):
        drawn = simulated(np.random.default_rng(seed), {"found": people}, directions=directions)
        (result,) = method_mos(drawn.judgments)
        hits += covers(result.mos, panel_mos(people, drawn.leniency).mean())
    print(f"{directions} directions cover {hits / studies:.4f} of {studies}")
    assert hits >= binom.ppf(1e-3, studies, 0.95)


@STUDIES
def test_intervals_of_one_direction_and_of_the_interpretable_share(studies, simulated):
    people = Population(0.4, annotator_sd=0.0)  # so that a direction has one truth for everybody
    chance = expit(people.level + people.direction_sd * POINTS)
    majority = float(WEIGHTS @ binom.sf(2, 5, chance))

    def study(rng: np.random.Generator) -> Outcomes:
        truth = float(expit(people.level + people.direction_sd * rng.standard_normal()))
        low, high = wilson(rng.binomial(5, truth), 5)
        (result,) = method_mos(simulated(rng, {"found": people}).judgments)
        return {
            "one direction": bool(low <= truth <= high),
            "interpretable share": covers(result.interpretable, majority),
        }

    calibrate("covers", studies, study)


@STUDIES
def test_intervals_of_a_difference(studies, simulated):
    """The truth is of all annotators: who they are cancels in a difference."""
    people = {"found": Population(0.5), "random": Population(0.3)}

    def study(rng: np.random.Generator) -> Outcomes:
        judgments = simulated(rng, people, generators=2, directions=20).judgments
        one, _, pooled = compare(judgments, "found", ["random"])
        model = marginal_model(judgments, "found", "random")
        return {
            "one generator": covers(one.difference, 0.2),
            "two generators": covers(pooled.difference, 0.2),
            "GEE odds ratio": None
            if isinstance(model, Undefined)
            else covers(model.odds_ratio, 7 / 3),
        }

    calibrate("covers", studies, study)


@STUDIES
def test_intervals_of_agreement(studies, simulated):
    people = Population(0.4)

    def study(rng: np.random.Generator) -> Outcomes:
        drawn = simulated(rng, {"found": people}, directions=40)
        result = agreement(drawn.judgments, "mos")
        yes = expit(people.level + people.direction_sd * POINTS[:, None] + drawn.leniency)
        n = len(drawn.leniency)
        both = (yes.sum(axis=1) ** 2 - np.sum(yes**2, axis=1)) / (n * (n - 1))  # (directions,)
        share = float(WEIGHTS @ yes.mean(axis=1))
        differ = 2 * (share - float(WEIGHTS @ both))
        return {
            "percent": covers(result.percent, 1 - differ),
            "alpha": covers(result.alpha, 1 - differ / (2 * share * (1 - share))),
        }

    calibrate("covers", studies, study)


@STUDIES
def test_intervals_of_agreement_with_oneself(studies):
    """Thirty annotators see ten directions of their own twice, so annotators are independent."""
    people = Population(0.4)
    spread = float(np.hypot(people.direction_sd, people.annotator_sd))
    chance = expit(people.level + spread * POINTS)
    truth = float(WEIGHTS @ (chance**2 + (1 - chance) ** 2))

    def study(rng: np.random.Generator) -> Outcomes:
        logits = people.level + people.annotator_sd * rng.standard_normal((30, 1, 1))
        logits = logits + people.direction_sd * rng.standard_normal((30, 10, 1))
        yes = rng.random((30, 10, 2)) < expit(logits)
        annotator, direction, repeat = (x.ravel() for x in np.indices(yes.shape))
        names = np.char.add("d", (annotator * 10 + direction).astype(str))
        judgments = pd.DataFrame(
            {"generator": "g0", "method": "found", "direction": names, "annotator": annotator}
        ).assign(repeat=repeat, mos=yes.ravel().astype(int), consistent=True, single=True)
        judgments = judgments.assign(category=None, seconds=8.0, check=None, simulated=False)
        result = repeat_agreement(judgments, "mos")
        share = people.mos
        alpha = 1 - (1 - truth) / (2 * share * (1 - share))
        return {"percent": covers(result.percent, truth), "alpha": covers(result.alpha, alpha)}

    calibrate("covers", studies, study)


@STUDIES
@pytest.mark.parametrize("directions", [12, 40])
def test_simultaneous_intervals_of_change_types(studies, directions, simulated):
    """All three at once; every category is as frequent as the others."""

    def study(rng: np.random.Generator) -> Outcomes:
        drawn = simulated(rng, {"found": Population(0.5)}, directions=directions)
        types = change_types(drawn.judgments, CATEGORIES)
        return {"all shares": all(covers(result.share, 1 / 3) for result in types)}

    calibrate("covers", studies, study)


@STUDIES
@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_intervals_of_a_rank_correlation(studies, correlation):
    def measures(rng: np.random.Generator, directions: int) -> tuple[np.ndarray, np.ndarray]:
        first, noise = rng.standard_normal((2, directions))
        second = correlation * first + np.sqrt(1 - correlation**2) * noise
        accuracy, mos = expit(1.2 * first), expit(1.2 * second)
        return rng.binomial(156, accuracy) / 156, rng.binomial(5, mos) / 5

    truth = float(spearmanr(*measures(np.random.default_rng(FULL), 400_000)).statistic)

    def study(rng: np.random.Generator) -> Outcomes:
        return {"Spearman": covers(rank_correlation(*measures(rng, 40)), truth)}

    calibrate("covers", studies, study)


@STUDIES
def test_intervals_of_a_difference_of_rca(studies):
    def study(rng: np.random.Generator) -> Outcomes:
        levels = np.array([1.0, 0.0]).reshape(2, 1, 1)
        accuracy = expit(levels + 1.2 * rng.standard_normal((2, 1, 24)).repeat(2, axis=1))
        (comparison,) = compare_rca(predictions(rng, accuracy), "found", ["random"])
        truth = float(np.subtract(*(WEIGHTS @ expit(level + 1.2 * POINTS) for level in (1.0, 0.0))))
        return {"RCA difference": covers(comparison.difference, truth)}

    calibrate("covers", studies, study)


@STUDIES
def test_two_way_bootstrap_is_conservative(studies, simulated):
    people = {"found": Population(0.5), "random": Population(0.3)}
    missed = 0
    for seed in range(studies):
        judgments = simulated(np.random.default_rng(seed), people).judgments
        missed += not covers(two_way_difference(judgments, "found", "random"), 0.2)
    print(f"two-way bootstrap misses {missed / studies:.4f} of {studies}")
    assert missed <= binom.ppf(1 - 1e-3, studies, 0.05)
