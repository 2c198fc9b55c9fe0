"""Values as people read them. Every table, page and terminal prints through here, so the same
value looks the same everywhere; only CSV files keep all digits.

    kind         printed as
    share        0.613
    difference   +0.120
    ratio        1.85
    number       28.1   three digits, or all of an integer
    count        12,345
    p            0.012, or <0.001
    seconds      4.2    and 1,234 from 100 on
    flag         yes, no
    text         as it is, on one line; of a fraction at most six digits

A value with an interval is `0.613 [0.603, 0.622]`. What the data cannot answer (None, NaN, an
infinite number) is `undefined`; what nobody asked for, or a word that nobody gave, is empty.
"""

import math
import re
from typing import Any

import numpy as np
import pandas as pd

from benchmark.tables.table import HIGH, LOW, Kind, Table

MISSING = "undefined"
INTERVAL = "[95% interval]"  # in the heading of a column that has one
SMALLEST_P = 0.001
LONGEST = 120  # characters of a text; the CSV has all of it
FORMATS: dict[str, str] = {"share": ".3f", "difference": "+.3f", "ratio": ".2f", "p": ".3f"}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")  # they reorder lines


def value_text(value: Any, kind: Kind) -> str:
    """One value as a reader sees it."""
    if value is None or value is pd.NA or (_is_number(value) and not math.isfinite(value)):
        return "" if kind == "text" else MISSING
    if isinstance(value, (bool, np.bool_)) or (kind == "flag" and _is_number(value)):
        return "yes" if value else "no"
    if not _is_number(value):
        return plain_line(str(value))
    number = value.item() if isinstance(value, np.generic) else value
    text = format(number, _format(number, kind))
    if kind == "p" and number < SMALLEST_P:
        return f"<{SMALLEST_P}"
    return text if text.strip("+-0.,") else text.lstrip("+-")  # -0.000 is nothing


def interval_text(value: Any, low: Any, high: Any, kind: Kind) -> str:
    """`0.613 [0.603, 0.622]`; `0.613 [undefined]` where the ends are missing."""
    text, ends = value_text(value, kind), [value_text(end, kind) for end in (low, high)]
    if text in ("", MISSING):
        return text
    return f"{text} [{MISSING}]" if MISSING in ends or "" in ends else f"{text} [{', '.join(ends)}]"


def rounded(table: Table) -> pd.DataFrame:
    """The table in text, each value and its interval in one column `NAME [95% interval]`."""
    text: dict[str, list[str]] = {}
    for name in table.shown:
        column, values = table.columns[name], table.frame[name]
        heading, shown = name, [value_text(value, column.kind) for value in values]
        if table.has_interval(name):
            ends = zip(values, table.frame[name + LOW], table.frame[name + HIGH], strict=True)
            shown = [interval_text(*three, column.kind) for three in ends]
            heading = f"{name} {INTERVAL}"
        text[heading] = ["" if column.optional and one == MISSING else one for one in shown]
    return pd.DataFrame(text, dtype=object)


def plain_line(text: str) -> str:
    """The text without line breaks, controls and what turns its direction, cut to LONGEST."""
    text = " ".join(CONTROL.sub(" ", text).split())
    if len(text) <= LONGEST:
        return text
    stop = LONGEST - len(" ...")
    space = text.rfind(" ", 0, stop + 1)
    return f"{text[: space if space > 0 else stop].rstrip()} ..."


def _format(number: float, kind: Kind) -> str:
    whole = isinstance(number, int)
    if kind == "count":
        return ",d" if whole else ",.0f"
    if whole and kind in ("number", "text"):
        return "d"
    if kind == "number":
        return ",.0f" if abs(number) >= 99.95 else "#.3g"
    if kind == "seconds":
        return ",.0f" if abs(number) >= 100 else ".1f"
    return FORMATS.get(kind, "g")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
