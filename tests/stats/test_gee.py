"""The marginal model against statsmodels' own formula interface and against plain odds."""

import numpy as np
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy.stats import t as student

from benchmark.core.estimates import Undefined
from benchmark.stats.gee import marginal_model
from benchmark.stats.population import Population

PEOPLE = {"found": Population(0.6), "random": Population(0.3)}


def test_it_is_statsmodels_gee_with_t(simulated):
    judgments = simulated(np.random.default_rng(0), PEOPLE, generators=2).judgments
    frame = judgments.assign(
        found=(judgments["method"] == "found").astype(int),
        unit=judgments["generator"] + judgments["method"] + judgments["direction"],
    ).sort_values("unit")
    fit = smf.gee(
        "mos ~ found + C(generator)",
        "unit",
        frame,
        family=sm.families.Binomial(),
        cov_struct=sm.cov_struct.Exchangeable(),
    ).fit()
    model = marginal_model(judgments, "found", "random")
    assert model.odds_ratio.value == pytest.approx(np.exp(fit.params["found"]))
    freedom = 80 - 3  # directions less the three coefficients
    assert model.p == pytest.approx(2 * student.sf(abs(fit.tvalues["found"]), freedom))
    half = student.ppf(0.975, freedom) * fit.bse["found"]
    ends = np.exp(fit.params["found"] + np.array([-half, half]))
    interval = model.odds_ratio.interval
    assert (interval.low, interval.high) == pytest.approx(tuple(ends))


def test_with_equal_clusters_its_odds_ratio_is_that_of_the_shares(simulated):
    judgments = simulated(np.random.default_rng(1), PEOPLE).judgments
    share = judgments.groupby("method")["mos"].mean()
    odds = share / (1 - share)
    model = marginal_model(judgments, "found", "random")
    assert model.odds_ratio.value == pytest.approx(odds["found"] / odds["random"])


def test_certain_answers_are_refused(simulated):
    judgments = simulated(np.random.default_rng(0), PEOPLE).judgments
    certain = judgments.assign(mos=judgments["mos"].where(judgments["method"] != "random", 1))
    assert marginal_model(certain, "found", "random") == Undefined(
        "every answer about random is yes, so its odds are not finite"
    )
    assert isinstance(marginal_model(judgments.assign(mos=0), "found", "random"), Undefined)


def test_too_few_directions_are_refused(simulated):
    drawn = simulated(np.random.default_rng(4), PEOPLE, directions=1)
    judgments = drawn.judgments.assign(mos=[1, 0, 1, 1, 0, 0, 1, 0, 0, 0])
    assert marginal_model(judgments, "found", "random") == Undefined(
        "2 directions are too few for a model"
    )


def test_directions_that_do_not_differ_are_refused(simulated):
    """Each direction has two yes of four: the errors of a model are zero."""
    drawn = simulated(np.random.default_rng(0), PEOPLE, directions=6, ratings=4)
    judgments = drawn.judgments.assign(mos=[0, 1, 1, 0] * 12)
    assert isinstance(marginal_model(judgments, "found", "random"), Undefined)


def test_methods_that_share_no_generator_are_refused(simulated):
    judgments = simulated(np.random.default_rng(0), PEOPLE).judgments
    assert isinstance(marginal_model(judgments, "found", "coordinate"), Undefined)
