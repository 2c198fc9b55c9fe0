"""The comparison and its checks: equal to the tests they come from, in every scope."""

import pytest

from benchmark.runs.roles import assign_roles
from benchmark.stats.comparison import compare
from benchmark.stats.gee import marginal_model
from benchmark.stats.permutation import adjusted
from benchmark.stats.population import Population
from benchmark.stats.twoway import two_way_difference
from benchmark.study.tables.mos_comparisons import comparison_table, sensitivity_table

from .conftest import ROLES, drawn, gather

ASSIGNED = assign_roles(ROLES)


def test_rows_are_the_family_with_raw_and_adjusted_p(material) -> None:
    frame = comparison_table(material, ASSIGNED).frame
    assert frame["generator"].tolist() == ["g0", "g1", "pooled"] * 2
    assert frame["p_holm"].tolist() == adjusted(frame["p"].tolist())
    assert (frame["p_holm"] < 0.05).all()
    pooled = frame.iloc[2]
    scores = material.judgments.groupby(["generator", "method", "direction"])["mos"].mean()
    means = scores.groupby(level=[0, 1]).mean().unstack()
    difference = (means["discovered"] - means["coordinate"]).mean()
    assert pooled["baseline"] == "coordinate"
    assert pooled["difference"] == pytest.approx(difference, abs=1e-12)
    assert pooled["difference_low"] < difference < pooled["difference_high"]
    assert pooled["method_directions"] == pooled["baseline_directions"] == 24


def test_checks_repeat_the_question_with_and_without_the_excluded(material) -> None:
    screened = material.without({"a00"})
    frame = sensitivity_table(screened, material, ASSIGNED).frame
    assert len(frame) == 2 * 2 * 3
    own = frame[(frame["baseline"] == "random") & (frame["annotators"] == "screened")]
    model = marginal_model(screened.judgments, "discovered", "random")
    both = two_way_difference(screened.judgments, "discovered", "random")
    main = compare(screened.judgments, "discovered", ["random"])[-1]
    expected = [main.difference.value, model.odds_ratio.value, both.value]
    assert own["value"].tolist() == expected
    assert own["p"].tolist() == [main.p, model.p, None]
    everyone = frame[(frame["baseline"] == "random") & (frame["annotators"] == "all")]
    assert everyone["value"].tolist() != expected


def test_without_excluded_annotators_nothing_is_shown_twice(material) -> None:
    table = sensitivity_table(material, material, ASSIGNED)
    assert set(table.frame["annotators"]) == {"screened"}
    assert any("Screening left nobody out" in note for note in table.notes)


def test_one_method_alone_has_nothing_to_compare() -> None:
    one = gather(drawn(methods={"discovered": Population(0.5)}))
    roles = assign_roles({"discovered": "method"})
    for table in (comparison_table(one, roles), sensitivity_table(one, one, roles)):
        assert len(table.frame) == 0
        assert any("nothing to compare" in note for note in table.notes)


def test_all_yes_has_a_difference_of_none_and_no_odds() -> None:
    judgments = drawn().assign(mos=1, consistent=True, single=True)
    table = comparison_table(gather(judgments), ASSIGNED)
    assert table.frame["difference"].tolist() == [0, 0]
    assert table.frame["odds_ratio"].tolist() == [None, None]
    assert any("no finite odds" in note for note in table.notes)


def test_answers_without_a_score_are_left_out_and_counted_in_a_note(material) -> None:
    judgments = material.judgments.astype({"mos": float})
    judgments.loc[[3, 5, 9], "mos"] = None
    some = gather(judgments)
    note = f"3 of {len(judgments)} judgments have no score; left out."
    assert note in comparison_table(some, ASSIGNED).notes
    assert note in sensitivity_table(some, some, ASSIGNED).notes
    assert "no score" not in " ".join(comparison_table(material, ASSIGNED).notes)
