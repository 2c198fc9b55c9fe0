"""Krippendorff's alpha against his own package and his published example; agreement by loops."""

from itertools import combinations

import krippendorff
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom, bootstrap

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Interval, Undefined
from benchmark.core.judgments import DIRECTION
from benchmark.stats import agreement as measure
from benchmark.stats.agreement import agreement, alpha, repeat_agreement
from benchmark.stats.bootstrap import expanded
from benchmark.stats.population import POINTS, WEIGHTS, Population

from .calibration import FULL, STUDIES, covers

QUESTIONS = ("consistent", "single", "mos", "category")
PEOPLE = {"found": Population(0.6), "random": Population(0.3)}

# Four observers, twelve units, five values (Krippendorff, Computing alpha-reliability, 2011, C).
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


@pytest.fixture
def judgments(simulated):
    """A fifth of the answers are missing, so directions have different numbers of them."""
    judgments = simulated(np.random.default_rng(0), PEOPLE, generators=2).judgments
    return judgments[np.random.default_rng(1).random(len(judgments)) < 0.8]


def as_judgments(table: list[list[int | None]], like: pd.DataFrame) -> pd.DataFrame:
    """Answers of observers (rows) about units (columns), as the category."""
    rows = [
        (str(unit), str(observer), str(answer))
        for observer, answers in enumerate(table)
        for unit, answer in enumerate(answers)
        if answer is not None
    ]
    frame = pd.concat([like.iloc[:1]] * len(rows), ignore_index=True)
    frame[["direction", "annotator", "category"]] = rows
    return frame


def test_alpha_of_the_published_example(judgments):
    result = agreement(as_judgments(PUBLISHED, judgments), "category")
    assert round(result.alpha.value, 3) == 0.743
    assert (result.units, result.answers) == (11, 40)  # the twelfth unit has one answer


@pytest.mark.parametrize("question", QUESTIONS)
def test_alpha_equals_the_krippendorff_package(judgments, question):
    codes, _ = pd.factorize(judgments[question])  # -1 where there is no answer
    coded = judgments.assign(code=np.where(codes < 0, np.nan, codes))
    table = coded.pivot_table("code", "annotator", DIRECTION)
    oracle = krippendorff.alpha(table.to_numpy(), level_of_measurement="nominal")
    assert agreement(judgments, question).alpha.value == pytest.approx(oracle)


def test_alphas_interval_is_scipys_over_directions(judgments):
    answers = judgments.groupby(DIRECTION)["mos"].agg(["sum", "count"])
    yes, n = answers[answers["count"] > 1].to_numpy(float).T  # (directions,) both
    sums = np.column_stack([yes, n - yes, 2 * yes * (n - yes) / (n - 1)])  # (directions, 3)
    oracle = bootstrap(
        (np.arange(len(sums)),),
        lambda rows, axis: alpha(sums[rows].sum(axis=-2)),
        method="BCa",
        confidence_level=expanded(len(sums)),
        rng=1,
    ).confidence_interval
    interval = agreement(judgments, "mos").alpha.interval
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high), abs=0.01)


def test_percent_agreement_is_the_mean_over_directions_of_equal_pairs(judgments):
    shares = []
    for _, answers in judgments.groupby(DIRECTION)["mos"]:
        pairs = list(combinations(answers, 2))
        if pairs:
            shares.append(np.mean([a == b for a, b in pairs]))
    result = agreement(judgments, "mos")
    assert result.percent.value == pytest.approx(np.mean(shares))
    assert result.percent.interval.low < result.percent.value < result.percent.interval.high


def test_annotators_who_answer_alike_have_alpha_one_and_at_random_zero(judgments):
    alike = judgments.assign(mos=(judgments["direction"].astype(int) % 2))
    assert agreement(alike, "mos").alpha.value == 1
    chance = judgments.assign(mos=np.random.default_rng(2).integers(2, size=len(judgments)))
    result = agreement(chance, "mos").alpha
    assert result.interval.low < 0 < result.interval.high


@pytest.mark.parametrize(("question", "answer"), [("mos", 1), ("consistent", False)])
def test_unanimous_answers_define_no_alpha(judgments, question, answer):
    result = agreement(judgments.assign(**{question: answer}), question)
    assert result.percent.value == 1
    assert result.alpha == Undefined(
        f"every answer is {answer}, so no disagreement can be expected"
    )


def test_a_single_dissent_gives_a_value_but_no_interval(judgments):
    mos = np.ones(len(judgments), dtype=int)
    mos[0] = 0
    result = agreement(judgments.assign(mos=mos), "mos").alpha
    assert result.value < 0.05
    assert result.interval == Undefined("too few directions hold dissent to resample them")


def test_one_annotator_agrees_with_nobody(judgments):
    result = agreement(judgments[judgments["annotator"] == "a03"], "mos")
    assert result.alpha == result.percent == Undefined("nothing was judged twice")
    assert agreement(judgments[:0], "mos").units == 0


def of_directions(judgments, count):
    """The answers about so many directions of one generator."""
    own = judgments[judgments["generator"] == "g0"]
    names = own["method"] + own["direction"]
    return own[names.isin(sorted(set(names))[:count])]


@pytest.mark.parametrize("directions", [2, 3, 7])
def test_alpha_of_few_directions_is_undefined(judgments, directions):
    """Two directions that are each judged half and half have -0.5, whatever people see."""
    result = agreement(of_directions(judgments, directions), "mos")
    assert result.alpha == Undefined(
        f"alpha needs 8 directions with two answers, here are {directions}"
    )
    assert result.units == directions


def test_alpha_of_some_directions_has_a_value_and_no_interval(judgments):
    result = agreement(of_directions(judgments, 15), "mos").alpha
    assert result.interval == Undefined(
        "its bootstrap needs 16 directions with two answers, here are 15"
    )
    assert isinstance(agreement(of_directions(judgments, 16), "mos").alpha.interval, Interval)


@STUDIES
@pytest.mark.parametrize(("directions", "least"), [(16, 0.93), (12, 0.90), (8, 0.86)])
def test_where_the_least_number_of_directions_comes_from(studies, simulated, directions, least):
    """Coverage of alpha's interval, were it given; it reaches 93% from 16 directions on."""
    people, found = Population(0.4), []
    for seed in range(studies):
        drawn = simulated(
            np.random.default_rng([seed, directions]), {"found": people}, 1, directions
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(measure, "FEWEST_FOR_ALPHA", 8)
            patch.setattr(measure, "RESAMPLES", 1_000)
            result = agreement(drawn.judgments, "mos").alpha
        yes = expit(people.level + people.direction_sd * POINTS[:, None] + drawn.leniency)
        n = len(drawn.leniency)
        both = (yes.sum(axis=1) ** 2 - np.sum(yes**2, axis=1)) / (n * (n - 1))  # (directions,)
        share = float(WEIGHTS @ yes.mean(axis=1))
        truth = 1 - (share - float(WEIGHTS @ both)) / (share * (1 - share))
        found.append(covers(result, truth))
    known = [hit for hit in found if hit is not None]
    print(f"alpha of {directions} directions covers {np.mean(known):.4f} of {len(known)}")
    assert sum(known) >= binom.ppf(1e-3, len(known), least)
    if studies == FULL and directions < 16:
        assert np.mean(known) < 0.93


def test_an_unknown_question_is_refused(judgments):
    with pytest.raises(BenchError, match="unknown question 'moss'; did you mean mos"):
        agreement(judgments, "moss")


def test_repeats_are_compared_within_annotators(judgments):
    """Everybody repeats every item; half of the annotators answer the opposite."""
    contrary = judgments["annotator"] < "a06"
    answers = judgments["mos"].where(~contrary, 1 - judgments["mos"])
    repeats = judgments.assign(repeat=1, mos=answers)
    result = repeat_agreement(pd.concat([judgments, repeats]), "mos")
    assert result.percent.value == pytest.approx(0.5)  # an annotator counts once
    assert result.units == len(judgments)
    assert "annotators" in result.percent.interval.how


def test_repeated_answers_that_are_the_same_have_alpha_one(judgments):
    result = repeat_agreement(pd.concat([judgments, judgments.assign(repeat=1)]), "mos")
    assert (result.alpha.value, result.percent.value) == (1, 1)


def test_alpha_of_repeats_equals_the_krippendorff_package(judgments):
    rng = np.random.default_rng(3)
    changed = np.where(rng.random(len(judgments)) < 0.2, 1 - judgments["mos"], judgments["mos"])
    repeats = judgments.assign(repeat=1, mos=changed)
    first = judgments["mos"].to_numpy(float)
    oracle = krippendorff.alpha(np.stack([first, changed]), level_of_measurement="nominal")
    result = repeat_agreement(pd.concat([judgments, repeats]), "mos")
    assert result.alpha.value == pytest.approx(oracle)


def test_without_repeats_nothing_was_judged_twice(judgments):
    assert repeat_agreement(judgments, "mos").alpha == Undefined("nothing was judged twice")


def test_alpha_of_one_value_is_nan_for_the_caller_to_refuse():
    assert np.isnan(alpha(np.array([4.0, 0.0, 0.0])))
