"""Chi-square over directions against scipy, and Cramer's V against Bergsma's own formula."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from benchmark.core.estimates import Undefined
from benchmark.stats.association import associations, chi_square, cramers_v
from benchmark.stats.population import Population

CATEGORIES = ["geometry", "colour", "texture"]
PEOPLE = {"found": Population(0.6), "random": Population(0.4), "coordinate": Population(0.5)}


@pytest.fixture
def judgments(simulated):
    return simulated(np.random.default_rng(0), PEOPLE, generators=2).judgments


def one_vote(judgments, found: list[int], random: list[int]):
    """One judgment per direction of two methods, with these numbers of each category."""
    first = judgments[(judgments["generator"] == "g0") & (judgments["method"] != "coordinate")]
    first = first.drop_duplicates(["method", "direction"])
    votes = [np.repeat(CATEGORIES, counts) for counts in (found, random)]
    return first.assign(category=np.concatenate(votes))


def bergsma(table: np.ndarray) -> float:
    n, (r, c) = table.sum(), table.shape
    phi2 = chi2_contingency(table, correction=False).statistic / n
    corrected = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return np.sqrt(corrected / min(rows - 1, columns - 1))


def test_chi_square_equals_scipy():
    tables = np.random.default_rng(0).uniform(1, 9, (5, 3, 4))
    oracle = [chi2_contingency(table, correction=False).statistic for table in tables]
    assert chi_square(tables) == pytest.approx(oracle)


def test_one_vote_a_direction_is_the_ordinary_test(judgments):
    found, random = [12, 5, 3], [5, 6, 9]
    (result,) = associations(one_vote(judgments, found, random), CATEGORIES)
    table = np.array([found, random])
    oracle = chi2_contingency(table, correction=False)
    assert result.chi2 == pytest.approx(oracle.statistic)
    assert result.p == pytest.approx(oracle.pvalue, abs=0.02)
    assert result.cramers_v == pytest.approx(bergsma(table), abs=0.01)
    assert result.directions == 40


def test_v_is_bergsmas_where_chance_is_his():
    table = np.array([[10, 3, 2], [4, 9, 5], [2, 2, 12]])
    n, (r, c) = table.sum(), table.shape
    chi2 = chi2_contingency(table, correction=False).statistic
    by_chance = (r - 1) * (c - 1) * n / (n - 1)
    assert cramers_v(chi2, by_chance, n, (r, c)) == pytest.approx(bergsma(table))


def test_a_method_that_tells_the_category_has_v_one(judgments):
    (result,) = associations(one_vote(judgments, [20, 0, 0], [0, 20, 0]), CATEGORIES)
    assert result.cramers_v == pytest.approx(1, abs=0.01)
    assert result.p < 0.001


def test_more_votes_of_one_mind_are_no_more_evidence(judgments):
    once = one_vote(judgments, [10, 6, 4], [5, 7, 8])
    thrice = [once.assign(annotator=f"b{i}") for i in range(3)]
    assert associations(pd.concat(thrice), CATEGORIES) == associations(once, CATEGORIES)


def test_each_generator_and_the_pooled_table(judgments):
    first, second, pooled = associations(judgments, CATEGORIES)
    assert (first.generators, second.generators) == (("g0",), ("g1",))
    assert pooled.generators == ("g0", "g1")
    assert pooled.directions == first.directions + second.directions
    assert all(0 < result.p <= 1 and 0 <= result.cramers_v <= 1 for result in (first, pooled))


def test_labels_stay_within_their_generator(judgments):
    """Generators differ in change types, methods do not: pooling must not see a difference."""
    kinds = judgments["generator"].map({"g0": "geometry", "g1": "colour"})
    lopsided = judgments.assign(category=kinds)
    few = (judgments["method"] == "found") & (judgments["generator"] == "g1")
    lopsided = lopsided[~(few & (judgments["direction"].astype(int) > 3))]
    *_, pooled = associations(lopsided, CATEGORIES)
    assert pooled.chi2 > 8  # as if methods differed
    assert pooled.p == Undefined("all arrangements of the labels give the same table")
    assert pooled.cramers_v == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda j: j.assign(category=None), "fewer than two methods"),
        (lambda j: j[j["method"] == "found"], "fewer than two methods"),
        (lambda j: j.assign(category="colour"), "fewer than two change types"),
        (lambda j: j[j["direction"] == "0"].assign(category=CATEGORIES * 10), "a test needs 40"),
    ],
)
def test_what_cannot_be_tested_says_why(judgments, change, reason):
    first, *_ = associations(change(judgments), CATEGORIES)
    for field in (first.chi2, first.p, first.cramers_v):
        assert isinstance(field, Undefined)
        assert reason in field.reason


def test_no_judgments_give_no_rows(judgments):
    assert associations(judgments[:0], CATEGORIES) == ()


def test_v_of_a_table_as_large_as_its_sample_is_refused():
    assert isinstance(cramers_v(3.0, 2.0, 3, (3, 3)), Undefined)
