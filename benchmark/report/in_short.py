"""A run in three lines, for the terminal: who is ahead, where nobody is, and at what price."""

from collections.abc import Collection, Sequence

import pandas as pd

from benchmark.metrics import HEADLINE
from benchmark.metrics.measures import Measures
from benchmark.report.tables.fairness import unfair
from benchmark.report.tables.main_table import rca_table
from benchmark.runs.replicates import Replicates
from benchmark.tables.text import value_text


def in_short(
    rows: Sequence[Replicates], ahead: Collection[tuple[str, str]], measures: Measures
) -> list[str]:
    """Nothing is called the best where figures do not compare as they stand.

    rows: of the main table. ahead: generator and method of those that the comparison found ahead
    of all others. A price is told by its worst value among them, without those that have a
    different best on each generator, as the effective rank has."""
    done = [r for r in rows if r.done]
    if len({r.method for r in done}) < 2:
        return []
    table = rca_table(done, measures)
    first = table[[(r.generator, r.method) in ahead for r in done]]
    apart = unfair(done)
    several = table[table.duplicated("generator", keep=False) & ~table["generator"].isin(apart)]
    best = several.loc[several.groupby("generator", sort=False)[HEADLINE].idxmax()]
    unsure = best[~best["generator"].isin(first["generator"])]
    lines = []
    if len(first):
        lines.append(f"ahead of all others by {HEADLINE}: {_told(first)}")
        if prices := _prices(first, measures):
            lines.append(f"the price of it, at worst: {', '.join(prices)}")
    if len(unsure):
        lines.append(f"nobody is surely ahead of all others; the best: {_told(unsure)}")
    lines += [f"who is ahead on {name} cannot be said: {why}" for name, why in apart.items()]
    return lines


def _told(table: pd.DataFrame) -> str:
    """The rows in words: each method with its generators and their figures."""
    parts = []
    for method, own in table.groupby("method", sort=False):
        places = [
            f"{row['generator']} ({value_text(row[HEADLINE], 'share')}, "
            f"chance {value_text(row['chance'], 'share')})"
            for row in own.to_dict("records")
        ]
        parts.append(f"{method} on {', '.join(places)}")
    return "; ".join(parts)


def _prices(table: pd.DataFrame, measures: Measures) -> list[str]:
    """Each price that is known, with the generator where it is highest."""
    parts = []
    for name in measures.of_prices:
        column = measures.cell[name]
        if column.reference or name not in table:
            continue
        ranked = table.dropna(subset=name).sort_values(name, ascending=column.better == "low")
        for worst in ranked.tail(1).to_dict("records"):
            parts.append(f"{name} {value_text(worst[name], column.kind)} ({worst['generator']})")
    return parts
