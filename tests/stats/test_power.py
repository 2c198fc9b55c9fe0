"""Power against the closed form, against scipy's t-test, and by what must be so."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import ttest_ind

from benchmark.core.errors import BenchError
from benchmark.stats.permutation import permute_labels
from benchmark.stats.population import Population
from benchmark.stats.power import (
    Design,
    arrangements,
    closed_form,
    direction_means,
    p_values,
    power,
)

BASELINE, METHOD = Population(0.3), Population(0.5)


def test_a_population_has_the_mos_it_says():
    rng = np.random.default_rng(0)
    for people in (Population(0.1), Population(0.5), Population(0.8, 2.0, 0.1)):
        directions = people.direction_sd * rng.standard_normal(400_000)
        annotators = people.annotator_sd * rng.standard_normal(400_000)
        chance = expit(people.level + directions + annotators)
        assert chance.mean() == pytest.approx(people.mos, abs=0.003)


def test_its_variances_are_those_of_simulated_means():
    rng = np.random.default_rng(0)
    logits = METHOD.level + 1.2 * rng.standard_normal((4_000, 1))
    means = expit(logits + 0.6 * rng.standard_normal((4_000, 400))).mean(axis=1)  # (4000,)
    assert means.var() == pytest.approx(METHOD.between, rel=0.06)
    assert METHOD.between + METHOD.within == pytest.approx(0.25)


@pytest.mark.parametrize("design", [Design(20, 12, 5), Design(40, 24, 3), Design(15, 12, 12)])
def test_power_agrees_with_the_closed_form(design):
    result = power(design, METHOD, BASELINE, studies=4_000)
    assert result.power == pytest.approx(result.closed_form, abs=0.04)
    assert result.low < result.power < result.high


def test_power_is_that_of_a_t_test_on_the_same_studies():
    means = direction_means(Design(30, 12, 5), METHOD, BASELINE, 3_000, np.random.default_rng(0))
    found = ttest_ind(means[:, :30], means[:, 30:], axis=1).pvalue <= 0.05
    result = power(Design(30, 12, 5), METHOD, BASELINE, studies=3_000)
    assert result.power == pytest.approx(found.mean(), abs=0.03)


def test_no_effect_is_found_in_five_percent():
    result = power(Design(20, 12, 5), BASELINE, BASELINE, studies=4_000)
    assert 0.035 < result.power < 0.065


def test_the_shared_arrangements_give_the_p_of_the_shipped_test():
    design, rng = Design(5, 6, 4), np.random.default_rng(0)
    means = direction_means(design, METHOD, BASELINE, 20, rng)
    p = p_values(means, arrangements(5, rng))  # 252 arrangements, so exact
    oracle = [permute_labels([(row[:5], row[5:])]).p for row in means]
    assert p == pytest.approx(oracle)


def test_more_directions_buy_more_than_more_ratings():
    few = Design(20, 24, 12)
    many = Design(40, 24, 6)
    assert few.judgments == many.judgments
    assert closed_form(many, METHOD, BASELINE) > closed_form(few, METHOD, BASELINE) + 0.1
    results = [power(design, METHOD, BASELINE, studies=2_000).power for design in (few, many)]
    assert results[1] > results[0] + 0.1


def test_a_seed_gives_the_same_power_again():
    first, again, other = (
        power(Design(10, 6, 3), METHOD, BASELINE, studies=500, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_each_direction_asks_annotators_of_its_own():
    """One annotator's leniency is in all means; that of many annotators cancels."""
    people = Population(0.5, direction_sd=0.0, annotator_sd=3.0)
    spread = {}
    for annotators in (1, 40):
        design = Design(40, annotators, 1)
        means = direction_means(design, people, people, 400, np.random.default_rng(0))
        assert means.shape == (400, 80)
        spread[annotators] = means.mean(axis=1).std()
    assert spread[1] > 0.3
    assert spread[40] < 0.1


@pytest.mark.parametrize(
    ("design", "message"),
    [((3, 5, 2), "3 directions"), ((20, 4, 5), "5 ratings"), ((20, 4, 0), "0 ratings")],
)
def test_designs_that_cannot_be_are_refused(design, message):
    with pytest.raises(BenchError, match=message):
        Design(*design)


@pytest.mark.parametrize("mos", [0.0, 1.0, 1.2])
def test_a_mos_outside_the_open_interval_is_refused(mos):
    with pytest.raises(BenchError, match="MOS"):
        Population(mos)
