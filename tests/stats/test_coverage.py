"""Every shipped interval covers the truth at 95%."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom, spearmanr

from benchmark.core.estimates import Undefined
from benchmark.stats.agreement import agreement, repeat_agreement
from benchmark.stats.categories import change_types
from benchmark.stats.comparison import compare
from benchmark.stats.correlation import rank_correlation
from benchmark.stats.gee import marginal_model
from benchmark.stats.intervals import wilson
from benchmark.stats.mos import method_mos
from benchmark.stats.paired import compare_rca
from benchmark.stats.population import POINTS, WEIGHTS, Population

from .calibration import (
    CATEGORIES,
    FULL,
    STUDIES,
    Outcomes,
    calibrate,
    covers,
    panel_mos,
    predictions,
)


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
