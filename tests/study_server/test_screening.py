"""Which annotators the rules leave out, on answers written down and on simulated carelessness."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from benchmark.core.estimates import Undefined
from benchmark.stats.population import Population
from study_server.screening import NOTHING, RULES, Limits, described
from study_server.screening import screen as screen_by
from study_server.tasks import Rating
from tests.stats.conftest import simulate

LIMITS = Limits(min_checks_passed=0.75)


def screen(judgments, limits=LIMITS):
    return screen_by(judgments, limits, ["consistent", "single"], Rating.expected)


@pytest.fixture
def judgments():
    people = {"found": Population(0.6), "random": Population(0.3)}
    return simulate(np.random.default_rng(0), people, directions=40, ratings=6).judgments


def checks(judgments: pd.DataFrame, right: dict[str, int]) -> pd.DataFrame:
    """Four check items for each annotator, of which this many are answered as expected."""
    kinds = ["good", "still", "good", "still"]
    expected = np.array([1, 0, 1, 0])
    rows = []
    for annotator, n in right.items():
        frame = pd.concat([judgments.iloc[:1]] * 4, ignore_index=True)
        answers = np.where(np.arange(4) < n, expected, 1 - expected)
        rows.append(frame.assign(annotator=annotator, check=kinds, mos=answers, direction=kinds))
    return pd.concat([judgments, *rows], ignore_index=True)


def by_name(results):
    return {result.annotator: result for result in results}


def test_careful_annotators_stay(judgments):
    results = screen(judgments)
    assert [result.annotator for result in results] == sorted(judgments["annotator"].unique())
    assert not any(result.excluded for result in results)


def test_wrong_check_items_exclude(judgments):
    results = by_name(screen(checks(judgments, {"a00": 4, "a01": 3, "a02": 2})))
    assert [results[f"a0{i}"].check_share for i in range(3)] == [1, 0.75, 0.5]
    assert results["a02"].failed == ("check_share",)
    assert not results["a01"].excluded  # three of four is what the rule asks for


def test_contrary_repeats_exclude(judgments):
    own = judgments["annotator"].isin(["a03", "a04"])
    repeats = judgments[own].groupby("annotator").head(8).assign(repeat=1)
    contrary = np.where(repeats["annotator"] == "a03", 1 - repeats["mos"], repeats["mos"])
    results = by_name(screen(pd.concat([judgments, repeats.assign(mos=contrary)])))
    assert results["a03"].failed == ("repeat_share",)
    assert (results["a03"].repeat_share, results["a04"].repeat_share) == (0, 1)


def test_answers_faster_than_looking_exclude(judgments):
    seconds = np.where(judgments["annotator"] == "a05", 0.7, 9.0)
    results = by_name(screen(judgments.assign(seconds=seconds)))
    assert results["a05"].failed == ("median_seconds",)
    assert results["a05"].median_seconds == 0.7


def test_always_the_same_answer_agrees_no_more_than_chance(judgments):
    straight = judgments["mos"].where(judgments["annotator"] != "a06", 0)
    result = by_name(screen(judgments.assign(mos=straight)))["a06"]
    assert result.agreement == pytest.approx(0)


def test_the_opposite_of_everybody_excludes(judgments):
    contrary = judgments["mos"].where(judgments["annotator"] != "a07", 1 - judgments["mos"])
    result = by_name(screen(judgments.assign(mos=contrary)))["a07"]
    assert result.failed == ("agreement",)


def test_nobody_has_to_agree_with_those_who_break_other_rules(judgments):
    """Eight contrary annotators among twelve: the other four stay, whatever the eight say."""
    crowd = judgments["annotator"] < "a08"
    contrary = judgments.assign(mos=judgments["mos"].where(~crowd, 1 - judgments["mos"]))
    spoiled = by_name(screen(contrary))
    assert spoiled["a09"].agreement < 0 < spoiled["a00"].agreement
    hasty = contrary.assign(seconds=judgments["seconds"].where(~crowd, 0.7))
    outside = [f"a{n:02d}" for n in range(8)]
    by_staff = screen_by(contrary, LIMITS, ["consistent", "single"], Rating.expected, outside)
    alone = by_name(screen(judgments[~crowd]))
    for results in (by_name(screen(hasty)), by_name(by_staff)):
        for name, result in alone.items():
            assert results[name] == result
        assert all(results[name].agreement < 0 for name in outside)


def test_agreement_of_two_annotators_is_cohens_kappa():
    people = {"found": Population(0.5)}
    judgments = simulate(
        np.random.default_rng(1), people, directions=50, annotators=2, ratings=2
    ).judgments
    table = judgments.pivot_table("mos", "direction", "annotator")
    oracle = cohens_kappa(pd.crosstab(table["a00"], table["a01"]).to_numpy()).kappa
    assert [result.agreement for result in screen(judgments)] == pytest.approx([oracle] * 2)


def test_rules_with_too_little_to_go_by_exclude_nobody(judgments):
    few = judgments.groupby("annotator").head(3).assign(seconds=np.nan)
    for result in screen(few):
        assert result.check_share == result.repeat_share == Undefined("nothing to go by")
        assert result.median_seconds == Undefined("nothing to go by")
        assert isinstance(result.agreement, Undefined)
        assert not result.excluded


def test_unanimous_answers_say_nothing_about_agreement(judgments):
    for result in screen(judgments.assign(mos=1)):
        assert result.agreement == Undefined("all answers are the same")


def test_other_rules_exclude_others(judgments):
    strict = Limits(min_median_seconds=8.1)
    assert all(result.failed == ("median_seconds",) for result in screen(judgments, strict))


def test_the_rules_tell_careless_annotators_from_careful_ones():
    """Careless ones answer at random: check items, repeats and study items alike."""
    rng = np.random.default_rng(4)
    people = {"found": Population(0.6), "random": Population(0.3)}
    excluded = {True: [], False: []}
    for _ in range(12):
        judgments = simulate(rng, people, directions=40, annotators=12, ratings=6).judgments
        careless = judgments["annotator"] < "a03"
        answers = judgments["mos"].where(~careless, rng.integers(2, size=len(judgments)))
        right = {f"a{i:02d}": rng.binomial(4, 0.5 if i < 3 else 0.95) for i in range(12)}
        results = screen(checks(judgments.assign(mos=answers), right))
        for result in results:
            excluded[result.annotator < "a03"].append(result.excluded)
    assert np.mean(excluded[True]) > 0.7
    assert np.mean(excluded[False]) < 0.1


def test_no_judgments_give_no_rows(judgments):
    assert screen(judgments[:0]) == ()


def test_one_answer_for_all_excludes(judgments):
    """The rule applies from 20 answers on, and compares pairs of answers to both questions."""
    own = judgments[judgments["annotator"] == "a08"]
    others = judgments[judgments["annotator"] != "a08"]
    straight = own.assign(consistent=True, single=False, mos=0)
    result = by_name(screen(pd.concat([others, straight])))["a08"]
    assert result.same_share == 1
    assert "same_share" in result.failed
    few = by_name(screen(pd.concat([others, straight.head(19)])))["a08"]
    assert few.same_share == Undefined("19 answers are fewer than 20")
    assert not few.excluded


def test_who_chooses_nothing_has_no_answer_for_all(judgments):
    """A task that asks for words alone leaves nobody out for giving one answer."""
    for result in screen_by(judgments, LIMITS, [], Rating.expected):
        assert result.same_share == NOTHING
        assert "same_share" not in result.failed


def test_a_value_at_the_limit_stays(judgments):
    own = judgments[judgments["annotator"] == "a09"].head(20)
    mostly = own.assign(consistent=np.arange(20) < 15, single=True)
    others = judgments[judgments["annotator"] != "a09"]
    for limit, excluded in ((0.75, False), (0.74, True)):
        rules = Limits(max_same_answers=limit, min_agreement=-1.0)
        assert by_name(screen(pd.concat([others, mostly]), rules))["a09"].excluded is excluded


def test_bots_are_not_asked_for_time(judgments):
    hasty = judgments.assign(seconds=0.1)
    assert all(result.failed == ("median_seconds",) for result in screen(hasty))
    assert not any(result.excluded for result in screen(hasty.assign(simulated=True)))


def test_all_rules_are_said_in_one_line():
    line = described(LIMITS)
    assert "check_share 0.75 or more (from 2 check items on)" in line
    assert "median_seconds 2 or more," in line
    assert "same_share 0.98 or less (from 20 answers on)" in line
    assert all(name in line for name in RULES)
    assert "median_seconds 0 or more" in described(LIMITS.of(simulated=True))
