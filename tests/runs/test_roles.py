"""Roles are stored, never guessed from names, and they give the order of all methods."""

import pytest

from benchmark.core.errors import BenchError
from benchmark.runs.roles import assign_roles, in_order, known_roles, place

USUAL = {"random": "baseline", "discovered": "method", "coordinate": "baseline"}


def test_methods_stand_first_then_baselines_then_the_unknown_each_by_name() -> None:
    roles = {**USUAL, "zebra": None, "mine": "method", "apt": None}
    order = ("discovered", "mine", "coordinate", "random", "apt", "zebra")
    assert in_order(roles) == order
    names = ["new", "random", "mine", "another"]
    assert sorted(names, key=place(order)) == ["mine", "random", "another", "new"]


def test_what_a_result_stores_comes_before_what_is_handed_in() -> None:
    stored = [("a", "method"), ("b", ""), ("c", ""), ("d", "nonsense")]
    known = known_roles(stored, {"a": "baseline", "b": "baseline", "d": "method"})
    assert known == {"a": "method", "b": "baseline", "c": None, "d": "method"}


def test_one_that_is_stored_with_both_roles_is_under_test() -> None:
    assert known_roles([("a", "baseline"), ("a", "method")], {}) == {"a": "method"}


def test_every_method_meets_every_baseline() -> None:
    roles = assign_roles({**USUAL, "mine": "method"})
    assert roles.under_test == ("discovered", "mine")
    assert roles.against == ("coordinate", "random")
    assert roles.why == "discovered and mine are under test."


@pytest.mark.parametrize(
    ("named", "under_test", "against"),
    [
        (["mine"], ("mine",), ("coordinate", "random")),
        (["mine", "discovered"], ("discovered", "mine"), ("coordinate", "random")),
        (["random"], ("random",), ("coordinate",)),
    ],
)
def test_naming_narrows(named, under_test, against) -> None:
    everyone = {**USUAL, "mine": "method"}
    roles = assign_roles(everyone, named)
    assert (roles.under_test, roles.against) == (under_test, against)
    assert roles.order == assign_roles(everyone).order  # so that colours stay
    assert "because the command says so" in roles.why


def test_without_a_baseline_the_named_one_meets_all_others() -> None:
    methods = {"a": "method", "b": "method", "c": "method"}
    silent = assign_roles(methods)
    assert (silent.under_test, silent.against) == ((), ())
    assert silent.why == (
        "No comparison: a, b and c are under test and no baseline is there; "
        "name one with --under-test."
    )
    named = assign_roles(methods, ["b"])
    assert (named.under_test, named.against) == (("b",), ("a", "c"))
    assert "No baseline is there, so a and c stand for one." in named.why


def test_baselines_alone_and_one_alone_are_not_compared() -> None:
    alone = assign_roles({"random": "baseline"})
    assert alone.why == "No comparison: random is alone here, so there is nothing to compare."
    assert "nothing to compare" in assign_roles({}).why
    baselines = assign_roles({"random": "baseline", "coordinate": "baseline"}, option="--method")
    assert baselines.under_test == ()
    assert baselines.why == (
        "No comparison: coordinate and random are baselines; "
        "name the one to put to the test with --method."
    )


def test_what_nobody_says_is_asked_for_and_never_guessed() -> None:
    nobody = assign_roles({"discovered": None, "random": None}, option="--method")
    assert nobody.under_test == ()
    assert nobody.why == (
        "No comparison: nothing says what discovered and random are; "
        "name who is under test with --method."
    )
    assert nobody.order == ("discovered", "random")
    told = assign_roles({"discovered": None, "random": None}, ["random"], "the analysis plan")
    assert (told.under_test, told.against) == (("random",), ("discovered",))
    assert "because the analysis plan says so" in told.why
    assert "so they are taken for baselines: discovered." in told.why


def test_one_of_unknown_role_among_known_ones_is_left_out_and_said_so() -> None:
    roles = assign_roles({**USUAL, "mine": None})
    assert (roles.under_test, roles.against) == (("discovered",), ("coordinate", "random"))
    assert "are left out; --under-test names one: mine." in roles.why


def test_a_method_that_is_not_there_is_refused() -> None:
    with pytest.raises(BenchError, match="did you mean discovered"):
        assign_roles(USUAL, ["discoverd"])
