"""Who is the method and who the baseline, and why."""

import pytest

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.runs.roles import Roles, assign_roles


@pytest.mark.parametrize(
    ("rated", "method", "others"),
    [
        (["random", "discovered", "coordinate"], "discovered", ("coordinate", "random")),
        (["random", "mine"], "mine", ("random",)),
        (["random", "mine", "discovered"], "discovered", ("mine", "random")),
        (["yours", "mine"], "mine", ("yours",)),
    ],
)
def test_the_method_is_no_baseline(rated, method, others) -> None:
    roles = assign_roles(rated)
    assert isinstance(roles, Roles)
    assert (roles.method, roles.others) == (method, others)
    assert f"{method} is" in roles.why


def test_several_that_are_no_baseline_are_said_to_be() -> None:
    roles = assign_roles(["mine", "discovered", "random"])
    assert isinstance(roles, Roles)
    assert "discovered, mine are no baselines" in roles.why
    assert "--method" in roles.why


def test_the_plan_decides_and_the_command_before_it() -> None:
    planned = assign_roles(["mine", "discovered", "random"], planned="mine")
    named = assign_roles(["mine", "discovered", "random"], planned="mine", named="random")
    assert isinstance(planned, Roles)
    assert isinstance(named, Roles)
    assert (planned.method, named.method) == ("mine", "random")
    assert "by the analysis plan" in planned.why
    assert "not the plan" in named.why


def test_baselines_alone_and_one_alone_are_not_compared() -> None:
    assert assign_roles(["random"]) == Undefined(
        "random is the only rated method, so there is nothing to compare"
    )
    alone = assign_roles(["random", "coordinate"])
    assert isinstance(alone, Undefined)
    assert "--method" in alone.reason
    assert assign_roles(["random", "coordinate"], named="random") != alone


def test_a_method_that_nobody_rated_is_refused() -> None:
    with pytest.raises(BenchError, match="did you mean discovered"):
        assign_roles(["discovered", "random"], named="discoverd")
