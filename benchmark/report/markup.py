"""Tables as people read them: rounded, in Markdown and in LaTeX."""

import textwrap
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

FORMATS = {
    "rca_fresh": ".3f", "rca_fresh_low": ".3f", "rca_fresh_high": ".3f",
    "rca_joint": ".3f", "rca_joint_low": ".3f", "rca_joint_high": ".3f",
    "top5": ".3f", "shift_error": ".2f", "max_cosine": ".2f", "effective_rank": ".1f",
    "collapse": ".2f", "recovery": ".2f", "k": ".0f", "chance": ".3f", "n": ",.0f", "seeds": ".0f",
    "seconds": ",.0f", "seconds_fit": ",.0f", "seconds_fresh": ",.0f", "seconds_evaluation": ",.0f",
}  # fmt: skip
INTERVAL = "rca_fresh [rca_fresh_low, rca_fresh_high]"
WORDS = ("generator", "method", "status")  # columns set flush left
LONGEST = 120  # characters of a reason; the csv has all of it


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The same table in text, rca_fresh and its interval as one column: `0.613 [0.603, 0.622]`."""
    styles = {str(name): FORMATS.get(str(name), "g") for name in table}
    text = pd.DataFrame(
        {name: [entry(value, style) for value in table[name]] for name, style in styles.items()}
    )
    value, low, high = (text[name] for name in ("rca_fresh", "rca_fresh_low", "rca_fresh_high"))
    text["rca_fresh"] = (value + " [" + low + ", " + high + "]").where(value != "", "")
    return text.drop(columns=["rca_fresh_low", "rca_fresh_high"]).rename(
        columns={"rca_fresh": INTERVAL}
    )


def entry(value: Any, style: str) -> str:
    """One value as text, numbers in `style`, long words shortened; nothing where it is missing."""
    if pd.isna(value):
        return ""
    if isinstance(value, (int, float, np.number)):
        return format(value, style)
    return textwrap.shorten(str(value), LONGEST, placeholder=" ...")


def markdown(text: pd.DataFrame, bold: Collection[int] = ()) -> str:
    """A table in GitHub's Markdown; the interval is bold in the rows that `bold` numbers."""
    text = text.apply(lambda column: column.str.replace("|", r"\|"))
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
