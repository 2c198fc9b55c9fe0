"""The marginal model against statsmodels' own formula interface and against plain odds."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy.stats import t as student

from benchmark.core.estimates import Undefined
from benchmark.stats.comparison import compare
from benchmark.stats.gee import marginal_model
from benchmark.stats.population import Population

from .calibration import STUDIES, Outcomes, calibrate, rejects

PEOPLE = {"found": Population(0.6), "random": Population(0.3)}


def test_it_is_statsmodels_gee_with_t_and_wider_errors(simulated):
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
    wider = np.sqrt(79 / freedom)
    assert model.p == pytest.approx(2 * student.sf(abs(fit.tvalues["found"]) / wider, freedom))
    half = student.ppf(0.975, freedom) * wider * fit.bse["found"]
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


def answer_all(judgments, generator, method, answer):
    """The judgments, with one answer for all of a cell of the design."""
    cell = (judgments["generator"] == generator) & (judgments["method"] == method)
    return judgments.assign(mos=judgments["mos"].mask(cell, answer))


def test_separation_in_cells_whose_margins_are_mixed_is_refused(simulated):
    """All yes to the method on one generator, all no to the baseline on the other: the odds ratio
    has no end, though every generator and every method has answers of both kinds."""
    judgments = simulated(np.random.default_rng(0), PEOPLE, generators=2).judgments
    apart = answer_all(answer_all(judgments, "g0", "found", 1), "g1", "random", 0)
    for column in ("generator", "method"):
        assert apart.groupby(column)["mos"].mean().between(0.05, 0.95).all()
    assert marginal_model(apart, "found", "random") == Undefined(
        "every answer about found on g0 is yes, so its odds are not finite"
    )


@pytest.mark.parametrize("method", ["found", "random"])
@pytest.mark.parametrize(("answer", "word"), [(1, "yes"), (0, "no")])
def test_separation_in_one_of_several_generators_is_refused(simulated, method, answer, word):
    judgments = simulated(np.random.default_rng(0), PEOPLE, generators=3).judgments
    certain = answer_all(judgments, "g1", method, answer)
    assert marginal_model(certain, "found", "random") == Undefined(
        f"every answer about {method} on g1 is {word}, so its odds are not finite"
    )


def keep(judgments, **directions):
    """Only so many directions of each method: of one number, or one per generator."""
    kept = [
        rows[rows["direction"].astype(int) < np.broadcast_to(directions[method], 9)[i]]
        for (i, generator) in enumerate(sorted(set(judgments["generator"])))
        for method, rows in judgments[judgments["generator"] == generator].groupby("method")
    ]
    return pd.concat(kept, ignore_index=True)


@pytest.mark.parametrize("few", range(1, 6))
@pytest.mark.parametrize("method", ["found", "random"])
def test_a_method_of_one_or_few_directions_is_refused(simulated, method, few):
    """However many the other has: one cluster has no spread, and the model says 2.6 to 6.1."""
    judgments = simulated(np.random.default_rng(1), PEOPLE, directions=20, ratings=12).judgments
    other = "random" if method == "found" else "found"
    here = "is 1" if few == 1 else f"are {few}"
    assert marginal_model(
        keep(judgments, **{method: few, other: 20}), "found", "random"
    ) == Undefined(
        "the errors of a model need 6 rated directions of both methods, "
        f"here {here} of {method} on g0"
    )


def test_few_directions_on_one_of_several_generators_are_refused(simulated):
    drawn = simulated(np.random.default_rng(1), PEOPLE, 2, directions=10, ratings=12).judgments
    lonely = keep(drawn, found=[10, 1, *[0] * 7], random=[10, 10, *[0] * 7])
    assert marginal_model(lonely, "found", "random") == Undefined(
        "the errors of a model need 6 rated directions of both methods, here is 1 of found on g1"
    )
    enough = keep(drawn, found=[6, 10, *[0] * 7], random=[10, 6, *[0] * 7])
    assert not isinstance(marginal_model(enough, "found", "random"), Undefined)


def test_the_freedom_is_that_of_the_method_with_fewer_directions(simulated):
    drawn = simulated(np.random.default_rng(2), PEOPLE, directions=30).judgments
    frame = keep(drawn, found=7, random=30)
    model = marginal_model(frame, "found", "random")
    low, high = np.log([model.odds_ratio.interval.low, model.odds_ratio.interval.high])
    value = np.log(model.odds_ratio.value)
    error = (high - low) / 2 / student.ppf(0.975, 2 * 7 - 2)
    assert model.p == pytest.approx(2 * student.sf(abs(value) / error, 12))


def test_directions_that_do_not_differ_are_refused(simulated):
    """Each direction has two yes of four: the errors of a model are zero."""
    drawn = simulated(np.random.default_rng(0), PEOPLE, directions=6, ratings=4)
    judgments = drawn.judgments.assign(mos=[0, 1, 1, 0] * 12)
    assert isinstance(marginal_model(judgments, "found", "random"), Undefined)


def test_methods_that_share_no_generator_are_refused(simulated):
    judgments = simulated(np.random.default_rng(0), PEOPLE).judgments
    assert isinstance(marginal_model(judgments, "found", "coordinate"), Undefined)


def shape(rng):
    """A design of 1 to 8 directions per method on one to three generators, alike or not."""
    generators = int(rng.integers(1, 4))
    sizes = rng.integers(1 if rng.random() < 0.5 else 6, 9, size=(2, generators))
    if rng.random() < 0.5:
        sizes[1] = sizes[0]
    return generators, sizes


@STUDIES
def test_no_interval_of_small_designs_is_far_narrower_than_that_of_the_comparison(
    studies, simulated
):
    """On the scale of the difference. The faults that this is about had widths of 0 to 0.3 times
    the comparison's, whose interval resamples directions and knows that they are few."""
    ratios = []
    for seed in range(studies * 2):
        rng = np.random.default_rng(seed)
        generators, (found, random) = shape(rng)
        people = {name: Population(rng.choice([0.3, 0.5])) for name in ("found", "random")}
        drawn = simulated(rng, people, generators, directions=8).judgments
        judgments = keep(
            drawn,
            found=[*found, *[0] * (9 - generators)],
            random=[*random, *[0] * (9 - generators)],
        )
        if rng.random() < 0.3:
            judgments = answer_all(
                judgments, "g0", str(rng.choice(["found", "random"])), int(rng.integers(2))
            )
        model = marginal_model(judgments, "found", "random")
        if isinstance(model, Undefined):
            continue
        shares = judgments.groupby(["generator", "method"])["mos"].mean()
        slope = (shares * (1 - shares)).mean()  # of a share against its logit
        interval = model.odds_ratio.interval
        width = np.log(interval.high / interval.low) * slope
        other = compare(judgments, "found", ["random"])[-1].difference.interval
        ratios.append(width / (other.high - other.low))
    print(
        f"{len(ratios)} of {studies * 2} designs have a model, widths",
        np.quantile(ratios, [0, 0.01, 0.5]),
    )
    assert len(ratios) > 0.2 * studies
    assert min(ratios) > 0.5
    assert np.median(ratios) > 0.75  # 0.89 to 0.97 on one generator


@STUDIES
@pytest.mark.parametrize(
    ("mos", "found", "random"),
    [
        (0.5, [6], [6]),
        (0.25, [8], [8]),
        (0.5, [6], [20]),
        (0.4, [6, 6], [6, 6]),
        (0.4, [8, 6], [6, 8]),
        (0.4, [8, 8, 8], [8, 8, 8]),
    ],
)
def test_few_directions_reject_five_percent_of_true_nulls(studies, simulated, mos, found, random):
    people = dict.fromkeys(["found", "random"], Population(mos))
    rest = [0] * (9 - len(found))

    def study(rng: np.random.Generator) -> Outcomes:
        drawn = simulated(rng, people, len(found), directions=max(*found, *random)).judgments
        judgments = keep(drawn, found=[*found, *rest], random=[*random, *rest])
        model = marginal_model(judgments, "found", "random")
        return {"GEE": rejects(model if isinstance(model, Undefined) else model.p)}

    calibrate("rejects", studies, study)
