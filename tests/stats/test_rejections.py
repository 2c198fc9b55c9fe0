"""Every shipped test rejects true nulls at 5%.

Exempt is the two-way bootstrap, known to be conservative and labelled so: of it only the upper
bounds are asked.
"""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom

from benchmark.core.estimates import Undefined
from benchmark.stats.association import associations
from benchmark.stats.comparison import compare
from benchmark.stats.gee import marginal_model
from benchmark.stats.paired import compare_rca
from benchmark.stats.permutation import permute_labels
from benchmark.stats.population import Population
from benchmark.stats.power import Design, direction_means
from benchmark.stats.twoway import two_way_difference

from .calibration import CATEGORIES, STUDIES, Outcomes, calibrate, covers, predictions, rejects


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
def test_two_way_bootstrap_is_conservative(studies, simulated):
    people = {"found": Population(0.5), "random": Population(0.3)}
    missed = 0
    for seed in range(studies):
        judgments = simulated(np.random.default_rng(seed), people).judgments
        missed += not covers(two_way_difference(judgments, "found", "random"), 0.2)
    print(f"two-way bootstrap misses {missed / studies:.4f} of {studies}")
    assert missed <= binom.ppf(1 - 1e-3, studies, 0.05)
