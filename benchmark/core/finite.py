"""No figure is computed from a number that is not there: whoever gave it hears what and where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmark.core.errors import BenchError

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and the site needs no frames

Floats = NDArray[np.float64]


def finite(values: ArrayLike, name: str) -> Floats:
    """The values as float64, of the same shape.

    Raises BenchError that calls them `name` and says the place of the first that is no finite
    number; places count from 0.
    """
    given = np.asarray(values, dtype=object)  # (...)
    try:
        numbers = given.astype(np.float64)  # (...); None becomes NaN
    except (TypeError, ValueError):
        numbers = np.vectorize(_number, otypes=[np.float64])(given)  # (...)
    good = np.isfinite(numbers)  # (...)
    if not good.all():
        place = tuple(np.argwhere(~good)[0].tolist())
        raise _lacking(name, given[place], _words(place))
    return numbers


def finite_groups(groups: Sequence[ArrayLike], name: str) -> list[Floats]:
    """`finite` of each group of values; the error says which group. None of them may be empty."""
    checked = [finite(group, f"{name}, group {i},") for i, group in enumerate(groups)]
    for i, group in enumerate(checked):
        if not len(group):
            raise BenchError(f"{name}, group {i}, has no values")
    return checked


def complete(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """The same frame, of which these columns hold a value in every row, and no infinite number.

    Raises BenchError that calls the frame `name` and says which column is missing, or which value.
    """
    return _whole(frame, columns, name, gaps=False)


def finite_or_missing(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """The same for columns of numbers in which a missing value means what the caller counts."""
    return _whole(frame, columns, name, gaps=True)


def _whole(frame: pd.DataFrame, columns: Sequence[str], name: str, gaps: bool) -> pd.DataFrame:
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise BenchError(f"{name} lack the column {', '.join(absent)}")
    for column in columns:
        values = frame[column]
        bad = _infinities(values)  # (rows,)
        if not gaps:
            bad |= values.isna().to_numpy(dtype=bool)
        if bad.any():
            place = int(np.flatnonzero(bad)[0])
            raise _lacking(f"{name}, column {column},", values.iloc[place], f"row {place}")
    return frame


def _infinities(values: pd.Series[Any]) -> NDArray[np.bool_]:
    """Which of a column's values are infinite: (rows,). One by one they are looked at only where
    they may be of several types: a study has a hundred thousand rows."""
    kind = values.dtype.kind
    if kind == "f" and isinstance(values.dtype, np.dtype):
        return np.isinf(values.to_numpy())
    if kind in "biuM" or values.dtype == "string":
        return np.zeros(len(values), dtype=bool)
    return np.array([_infinite(value) for value in values], dtype=bool)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _infinite(value: Any) -> bool:
    return isinstance(value, float | np.floating) and math.isinf(value)


def _words(place: tuple[int, ...]) -> str:
    if not place:
        return ""
    return f"place {place[0] if len(place) == 1 else place}"


def _lacking(name: str, value: Any, place: str) -> BenchError:
    shown = value.item() if isinstance(value, np.generic) else value
    missing = shown is None or shown != shown  # NaN
    what = "nothing" if missing else repr(shown)
    if not place:
        return BenchError(f"{name} must be a finite number, not {what}")
    return BenchError(f"{name} must be whole and finite; there is {what} at {place}")
