"""What is missing or infinite is refused by its name and place."""

import numpy as np
import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from benchmark.core.finite import complete, finite, finite_groups, finite_or_missing

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "name": ["x", "y", "z"]})


def test_numbers_come_back_as_float64_in_their_shape() -> None:
    given = np.arange(6, dtype=np.int32).reshape(2, 3)
    found = finite(given, "counts")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, given)
    assert finite(3, "count").shape == ()


@pytest.mark.parametrize(
    ("value", "word"), [(np.nan, "nothing"), (None, "nothing"), (np.inf, "inf"), ("two", "'two'")]
)
def test_a_bad_number_is_named_with_its_place(value: object, word: str) -> None:
    with pytest.raises(BenchError) as error:
        finite([[0.5, 1.0], [0.5, value]], "the shares")
    assert (
        str(error.value) == f"the shares must be whole and finite; there is {word} at place (1, 1)"
    )
    with pytest.raises(BenchError) as error:
        finite(value, "the level")  # type: ignore[arg-type]
    assert str(error.value) == f"the level must be a finite number, not {word}"


def test_groups_say_which_one() -> None:
    with pytest.raises(BenchError, match=r"the values, group 1, .* nothing at place 2"):
        finite_groups([[1.0], [1.0, 2.0, np.nan]], "the values")
    with pytest.raises(BenchError, match="the values, group 0, has no values"):
        finite_groups([[], [1.0]], "the values")


def test_frames_say_which_column_and_row() -> None:
    assert complete(FRAME, ["a", "name"], "the scores") is FRAME
    gap = FRAME.assign(name=["x", None, "z"])
    with pytest.raises(BenchError, match=r"the scores, column name, .* nothing at row 1"):
        complete(gap, ["a", "name"], "the scores")
    with pytest.raises(BenchError, match="the scores lack the column b"):
        complete(FRAME, ["a", "b"], "the scores")


def test_a_gap_may_be_allowed_and_infinity_never() -> None:
    gap = FRAME.assign(a=[1.0, np.nan, 3.0])
    assert finite_or_missing(gap, ["a"], "the scores") is gap
    with pytest.raises(BenchError, match=r"column a, .* inf at row 2"):
        finite_or_missing(FRAME.assign(a=[1.0, np.nan, np.inf]), ["a"], "the scores")
