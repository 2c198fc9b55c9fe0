"""Tables as people read them: rounded, in Markdown and in LaTeX."""

import textwrap
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

P_VALUE = ".2g"
SHARES = ".3f"  # of columns that are not known here; whole numbers stay as they are
FORMATS = {
    "rca_fresh": ".3f",
    "rca_joint": ".3f",
    "top5": ".3f",
    "shift_error": ".2f",
    "max_cosine": ".2f",
    "effective_rank": ".1f",
    "collapse": ".2f",
    "recovery": ".2f",
    "k": ".0f",
    "chance": ".3f",
    "n": ",.0f",
    "seeds": ".0f",
    "seconds": ",.0f",
    "seconds_fit": ",.0f",
    "seconds_fresh": ",.0f",
    "seconds_evaluation": ",.0f",
    "rca_difference": "+.3f",
    "rca_p": P_VALUE,
    "rca_p_adjusted": P_VALUE,
    "mos_difference": "+.3f",
    "mos_odds_ratio": ".2f",
    "mos_p": P_VALUE,
    "mos_p_adjusted": P_VALUE,
}
LOW, HIGH = "_low", "_high"  # what the ends of an interval are called, after its value
INTERVAL = f"rca_fresh [rca_fresh{LOW}, rca_fresh{HIGH}]"
WORDS = (
    "generator",
    "method",
    "baseline",
    "status",
    "shift_loss",
    "rca_by_seed",
    "answers",
    "note",
    "name",
    "change type",
)
LONGEST = 120  # characters of a reason; the csv has all of it


def readable(table: pd.DataFrame, other: str = "g") -> pd.DataFrame:
    """The same table in text, each value and its interval as one column: `0.613 [0.603, 0.622]`.

    other: the style of fractions in columns without one of their own.
    """
    text: dict[str, list[str]] = {}
    for name in map(str, table):
        value = name.removesuffix(LOW).removesuffix(HIGH)
        if value != name and value in table:
            continue  # an end of an interval stands beside its value
        style = FORMATS.get(name) or (P_VALUE if name.split("_")[0] == "p" else other)
        entries = [entry(v, style) for v in table[name]]
        low, high = name + LOW, name + HIGH
        if low in table and high in table:
            ends = zip(entries, table[low], table[high], strict=True)
            entries = [with_interval(v, entry(a, style), entry(b, style)) for v, a, b in ends]
            name = f"{name} [{low}, {high}]"
        text[name] = entries
    return pd.DataFrame(text, dtype=str)


def with_interval(value: str, low: str, high: str) -> str:
    """`0.613 [0.603, 0.622]`; the value alone where the interval is missing."""
    return f"{value} [{low}, {high}]" if value and low and high else value


def entry(value: Any, style: str) -> str:
    """One value as text, numbers in `style`, long words shortened; nothing where it is missing."""
    if pd.isna(value):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)) and style in (SHARES, P_VALUE, "g"):
        return str(value)
    if isinstance(value, (int, float, np.number)):
        text = format(value, style)
        return text if text.strip("-0.") else text.replace("-", "")  # -0.000 is nothing
    return textwrap.shorten(str(value), LONGEST, placeholder=" ...")


def markdown(text: pd.DataFrame, bold: Collection[int] = ()) -> str:
    """A table in GitHub's Markdown; the interval is bold in the rows that `bold` numbers."""
    text = text.apply(lambda column: column.str.replace("|", r"\|"))
    if bold:
        text[INTERVAL] = [f"**{v}**" if i in bold else v for i, v in enumerate(text[INTERVAL])]
    rules = ["---" if name in WORDS else "---:" for name in text]
    rows = [map(str, text), rules, *text.itertuples(index=False)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def latex(text: pd.DataFrame, bold: Collection[int] = ()) -> str:
    """A tabular for the booktabs package, with every special character escaped."""
    columns = "".join("l" if name in WORDS else "r" for name in text)
    style = (
        text.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    )
    for i in bold:
        style = style.map(lambda _: "textbf:--rwrap;", subset=pd.IndexSlice[[i], [INTERVAL]])
    return str(style.to_latex(hrules=True, column_format=columns))
