"""What counts as a judgment, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from benchmark.core.judgments import answers_about, direction_scores, first_showings, showings
from benchmark.stats.population import Population
from tests.stats.conftest import simulate

PEOPLE = {"found": Population(0.5), "random": Population(0.5)}


@pytest.fixture
def judgments():
    drawn = simulate(np.random.default_rng(0), PEOPLE, generators=2, directions=3, ratings=4)
    return drawn.judgments


def test_scores_equal_a_loop(judgments):
    scores = direction_scores(judgments)
    assert len(scores) == 12
    for row in scores.itertuples():
        votes = [
            j.mos
            for j in judgments.itertuples()
            if (j.generator, j.method, j.direction) == (row.generator, row.method, row.direction)
        ]
        assert (row.yes, row.n, row.mos) == (sum(votes), 4, sum(votes) / 4)


def test_check_items_and_repeats_do_not_count(judgments):
    scores = direction_scores(judgments)
    checks = judgments.assign(check="good", mos=1)
    repeats = judgments.assign(repeat=1, mos=0)
    everything = pd.concat([checks.iloc[:7], repeats.iloc[:5], judgments])
    assert direction_scores(everything).equals(scores)
    assert len(showings(everything)) == len(judgments) + 5
    assert len(first_showings(everything)) == len(judgments)


def test_missing_answers_do_not_count(judgments):
    missing = judgments.astype({"mos": float})
    missing.loc[missing["direction"] == "0", "mos"] = np.nan
    missing.iloc[4, missing.columns.get_loc("mos")] = None
    scores = direction_scores(missing)
    assert set(scores["direction"]) == {"1", "2"}
    assert scores["n"].sum() == 31
    assert not scores.isna().any(axis=None)


def test_only_generators_with_both_methods_are_compared(judgments):
    lacking = judgments[(judgments["generator"] == "g0") | (judgments["method"] == "found")]
    assert set(answers_about(lacking, "found", "random")["generator"]) == {"g0"}


def test_a_missing_column_is_named(judgments):
    with pytest.raises(BenchError, match="lack the column seconds, check"):
        direction_scores(judgments.drop(columns=["seconds", "check"]))


def test_people_and_simulated_annotators_are_never_mixed(judgments):
    mixed = judgments.assign(simulated=judgments["annotator"] == "a00")
    with pytest.raises(BenchError, match="are simulated; analyse people and simulated"):
        direction_scores(mixed)
    assert len(direction_scores(judgments.assign(simulated=True))) == 12


def test_two_answers_of_one_annotator_to_one_showing_are_refused(judgments):
    with pytest.raises(BenchError, match="judged direction 0 of found on g0 twice"):
        direction_scores(pd.concat([judgments, judgments.iloc[:1]]))
