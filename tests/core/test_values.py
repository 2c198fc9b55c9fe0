"""Values of settings: each type takes what stands for it, as TOML or as text, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest

from benchmark.core.errors import BenchError
from benchmark.core.values import as_field, check_plain, check_stored, field_types


@dataclass(frozen=True)
class Choice:
    count: int = 3
    rate: float = 0.5
    word: str = "a"
    sure: bool = False
    classes: tuple[int, ...] | None = None
    widths: tuple[float, ...] = (1.0, 2.0)
    psi: float | None = None
    mode: Literal["fast", "exact"] = "fast"
    layer: int | str | None = None
    layers: list[int] = field(default_factory=list)
    scales: Sequence[float] = ()
    some: list = field(default_factory=list)  # type: ignore[type-arg]  # as people write it


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("count", 4, 4),
        ("count", "4", 4),
        ("rate", 2, 2.0),
        ("rate", "1e-3", 1e-3),
        ("word", "b", "b"),
        ("sure", True, True),
        ("sure", "false", False),
        ("classes", "7,2", (7, 2)),
        ("classes", [7, 2], (7, 2)),
        ("classes", 7, (7,)),
        ("classes", "7", (7,)),
        ("classes", "none", None),
        ("widths", [1, 2.5], (1.0, 2.5)),
        ("psi", "0.7", 0.7),
        ("psi", None, None),
        ("mode", "exact", "exact"),
        ("layer", "3", 3),
        ("layer", "conv", "conv"),
        ("layer", "none", None),
        ("layers", "1,12", [1, 12]),
        ("layers", [1, 12], [1, 12]),
        ("scales", "1,2.5", (1.0, 2.5)),
        ("some", "a,b", ["a", "b"]),
    ],
)
def test_what_stands_for_a_value(name: str, value: Any, expected: Any) -> None:
    found = as_field(Choice, name, value, name)
    assert found == expected
    assert type(found) is type(expected)
    if isinstance(found, tuple | list):
        assert [type(part) for part in found] == [type(part) for part in expected]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", 1.5, "n must be int, like 3, not 1.5"),
        ("count", "many", "n must be int, like 3, not 'many'"),
        ("count", True, "n must be int, like 3, not True"),
        ("rate", "fast", "n must be float, like 0.5, not 'fast'"),
        ("rate", "inf", "n must be float"),
        ("rate", float("nan"), "n must be float"),
        ("rate", None, "n must be float"),
        ("rate", "-Infinity", "n must be float"),
        ("rate", 10**400, "n must be float"),
        ("count", 2**63, "n must be int"),
        ("count", "inf", "n must be int"),
        ("widths", "1,nan", "n must be float"),
        ("psi", float("inf"), "n must be float"),
        ("word", 3, "n must be str, like a, not 3"),
        ("sure", "perhaps", "n must be bool, like False, not 'perhaps'"),
        ("sure", 1, "n must be bool"),
        ("classes", "dog", "n must be int,int,..., not 'dog'"),
        ("classes", "", "n must be int,int,..., not ''"),
        ("classes", [1.5], "n must be int,int,..."),
        ("widths", "a,b", "n must be float,float,..., like 1.0,2.0, not 'a,b'"),
        ("psi", "", "n must be float, not ''"),
        ("mode", "slow", "n must be fast or exact, like fast, not 'slow'"),
        ("layer", [1], "n must be int or str, not [1]"),
        ("layers", "a", "n must be int,int,..., not 'a'"),
    ],
)
def test_what_does_not(name: str, value: Any, message: str) -> None:
    with pytest.raises(BenchError) as caught:
        as_field(Choice, name, value, "n")
    assert str(caught.value).startswith(message)


def test_types_that_are_only_written_as_text_are_known_too() -> None:
    """Type hints as strings, as `from __future__ import annotations` leaves them."""
    annotations: dict[str, Any] = {"psi": "float | None", "psis": "tuple[float, ...]"}
    fields = {"__annotations__": annotations, "psi": None, "psis": (1.0,), "__module__": __name__}
    kind = dataclass(type("Late", (), fields))
    assert field_types(kind) == {"psi": float | None, "psis": tuple[float, ...]}
    assert as_field(kind, "psi", "0.5", "psi") == 0.5


@pytest.mark.parametrize("value", [1, -1, 0.5, "a", True, [1, 2.5], ["a"], []])
def test_a_run_can_store_plain_values(value: Any) -> None:
    check_plain(value, "n")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("inf"), "n must be finite, not inf"),
        ([1.0, float("nan")], "n must be finite, not nan"),
        (2**63, "n must be text or a number"),
        (date(2026, 1, 31), "n must be text or a number"),
        ([{"a": 1}], "n must be text or a number"),
        ([[1]], "n must be text or a number"),
        (None, "n must be text or a number"),
    ],
)
def test_what_it_could_not_store_is_refused(value: Any, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        check_plain(value, "n")


def test_what_a_setting_of_ones_own_holds_is_refused_where_no_run_can_store_it() -> None:
    check_stored({"a": [1, None, "b"]}, "n")
    with pytest.raises(BenchError, match="n is of type PosixPath, which no run can store"):
        check_stored(Path("weights.pt"), "n")
