"""Krippendorff's alpha against his own package and his published example; agreement by loops."""

from itertools import combinations

import krippendorff
import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from benchmark.core.alpha import ALL_THE_SAME, alpha
from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.core.judgments import DIRECTION
from benchmark.stats.agreement import agreement, repeat_agreement
from benchmark.stats.bootstrap import expanded
from benchmark.stats.population import Population

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
    assert result.interval.low == 0 < result.value < result.interval.high


@pytest.mark.parametrize(("question", "answer"), [("mos", 1), ("consistent", False)])
def test_unanimous_answers_define_no_alpha(judgments, question, answer):
    result = agreement(judgments.assign(**{question: answer}), question)
    assert result.percent.value == 1
    assert result.alpha == ALL_THE_SAME


def test_a_single_dissent_says_little(judgments):
    mos = np.ones(len(judgments), dtype=int)
    mos[0] = 0
    result = agreement(judgments.assign(mos=mos), "mos").alpha
    assert result.value < 0.05
    assert result.interval.high > 0.5


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


def of_oneself(rng, annotators, unsure):
    """Ten items that each annotator judges twice, the second time otherwise by this chance."""
    first = rng.random((annotators, 10)) < 0.4
    yes = np.stack([first, first ^ (rng.random(first.shape) < unsure)], axis=2)  # (a, 10, 2)
    annotator, item, repeat = (x.ravel() for x in np.indices(yes.shape))
    frame = pd.DataFrame({"generator": "g", "method": "m", "direction": item.astype(str)})
    return frame.assign(
        annotator=annotator, repeat=repeat, mos=yes.ravel().astype(int), seconds=8.0
    ).assign(check=None, simulated=False)


def test_alphas_interval_within_annotators_is_scipys_over_them():
    judgments = of_oneself(np.random.default_rng(4), 20, 0.2)
    answers = judgments.groupby(["annotator", "direction"])["mos"].sum()  # 0, 1 or 2 yes
    answers = answers.to_numpy().reshape(20, 10)
    sums = np.column_stack(
        [(2 - answers).sum(axis=1), answers.sum(axis=1), 2 * (answers == 1).sum(axis=1)]
    )
    oracle = bootstrap(
        (np.arange(len(sums)),),
        lambda rows, axis: alpha(sums[rows].sum(axis=-2).astype(float)),
        method="BCa",
        confidence_level=expanded(len(sums)),
        rng=1,
    ).confidence_interval
    interval = repeat_agreement(judgments, "mos").alpha.interval
    assert (interval.low, interval.high) == pytest.approx((oracle.low, oracle.high), abs=0.01)


@pytest.mark.parametrize(
    ("annotators", "unsure", "reason"),
    [
        (15, 0.2, "its bootstrap needs 16 annotators with two answers, here are 15"),
        (16, 0.0, "too few annotators hold dissent to resample them"),
    ],
)
def test_few_annotators_or_none_who_waver_have_a_value_and_no_interval(annotators, unsure, reason):
    result = repeat_agreement(of_oneself(np.random.default_rng(0), annotators, unsure), "mos").alpha
    assert result.interval == Undefined(reason)
    few = of_oneself(np.random.default_rng(0), 7, 0.2)
    assert repeat_agreement(few, "mos").alpha == Undefined(
        "alpha needs 8 annotators with two answers, here are 7"
    )
