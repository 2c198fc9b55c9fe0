"""Each method against each: matrix.md over all generators, pairs.csv on every one."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from benchmark.core.estimates import Undefined
from benchmark.report.tables.against import Key, key_of, rca_values
from benchmark.report.tables.duels import Duels
from benchmark.report.words import COMPARISON, MATRIX, PLACE
from benchmark.stats.paired import RcaComparison, in_one_family
from benchmark.stats.ranks import SURE
from benchmark.tables.table import Column, Table
from benchmark.tables.text import value_text
from benchmark.tables.writing import without_nan

TITLE = "Each method against each"
OF_A_PAIR = (
    *("directions", "seeds", "rca_difference", "rca_difference_low", "rca_difference_high"),
    *("rca_p", "rca_p_adjusted"),
)


def all_pairs(duels: Duels, methods: Sequence[str]) -> tuple[RcaComparison, ...]:
    """Each method against each one after it, on every generator and pooled, as one family."""
    present = set(duels.accuracies["method"])
    known = [m for m in methods if m in present]
    return in_one_family(
        comparison
        for first, second in combinations(known, 2)
        for comparison in duels.of(first, second)
    )


def clear_order(pair: RcaComparison) -> tuple[str, str] | None:
    """Which of the two is surely ahead, and which behind; None where neither is."""
    if isinstance(pair.difference, Undefined) or isinstance(pair.p_adjusted, Undefined):
        return None
    if pair.p_adjusted >= SURE or pair.difference.value == 0:
        return None
    both = pair.method, pair.baseline
    return both if pair.difference.value > 0 else (both[1], both[0])


def matrix(
    pairs: Sequence[RcaComparison], methods: Sequence[str], differing: Mapping[Key, str]
) -> tuple[Table, Table]:
    """Row less column, over all generators that both have: with stars to read, and as numbers."""
    widest: dict[tuple[str, str], RcaComparison] = {}
    for pair in pairs:
        key = pair.method, pair.baseline
        if key not in widest or _says_more(pair, widest[key]):
            widest[key] = pair
    cells: dict[tuple[str, str], str] = {}
    numbers: dict[tuple[str, str], float] = {}
    starless: dict[str, list[str]] = {}  # by why
    for (first, second), pair in widest.items():
        if isinstance(pair.difference, Undefined):
            cells[first, second] = cells[second, first] = "?"
            continue
        unequal = "; ".join(_unequal(pair, differing))
        if unequal:
            starless.setdefault(unequal, []).append(f"{first} and {second}")
        sure = " *" if clear_order(pair) and not unequal else ""
        value = pair.difference.value
        numbers[first, second], numbers[second, first] = value, -value
        cells[first, second] = value_text(value, "difference") + sure
        cells[second, first] = value_text(-value, "difference") + sure
    columns = {"method": PLACE["method"]} | {m: Column("", "text") for m in methods}
    reasons = dict.fromkeys(
        f"? {first} and {second}: {pair.difference.reason}."
        for (first, second), pair in widest.items()
        if isinstance(pair.difference, Undefined)
    )
    unstarred = [f"Without a star: {', '.join(of)}, {why}." for why, of in starless.items()]
    notes = (*reasons, *unstarred)
    return (
        Table("matrix", TITLE, _square(cells, methods, ""), columns, notes, MATRIX),
        Table("matrix", TITLE, _square(numbers, methods, None), columns),
    )


def _square(
    cells: Mapping[tuple[str, str], Any], methods: Sequence[str], empty: Any
) -> pd.DataFrame:
    """A row and a column for each method."""
    return pd.DataFrame(
        [
            {"method": m} | {other: cells.get((m, other), empty) for other in methods}
            for m in methods
        ]
    )


def _says_more(pair: RcaComparison, than: RcaComparison) -> bool:
    """A comparison that could be made before one that could not, then that of more generators."""
    known = [not isinstance(one.difference, Undefined) for one in (pair, than)]
    return (known[0], len(pair.generators)) > (known[1], len(than.generators))


def pairs(pairs: Sequence[RcaComparison], differing: Mapping[Key, str]) -> Table:
    """All pairs on every generator and pooled, all digits."""
    names = ["generator", "method", "baseline", *OF_A_PAIR, "note"]
    lines = []
    for pair in pairs:
        values = rca_values(pair)
        asked = (values[name] for name in ("rca_difference", "rca_p"))
        reasons = [value.reason for value in asked if isinstance(value, Undefined)]
        reasons += _unequal(pair, differing)
        known = {n: v for n, v in values.items() if not isinstance(v, Undefined)}
        place = dict(zip(names, key_of(pair), strict=False))
        lines.append({**place, **known, "note": "; ".join(dict.fromkeys(reasons))})
    frame = without_nan(pd.DataFrame(lines, columns=names, dtype=object))
    return Table("pairs", TITLE, frame, {n: COMPARISON[n] for n in names})


def _unequal(pair: RcaComparison, differing: Mapping[Key, str]) -> list[str]:
    """How the terms of the two differ, on each generator where they do."""
    places = [(generator, pair.method, pair.baseline) for generator in pair.generators]
    return [differing[place] for place in places if place in differing]
