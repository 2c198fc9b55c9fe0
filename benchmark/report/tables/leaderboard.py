"""leaderboard.csv, .md and .tex: all methods on all generators, by their mean place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from benchmark.metrics import HEADLINE
from benchmark.metrics.measures import Measures
from benchmark.report.tables.duels import Duels
from benchmark.report.tables.each_with_each import all_pairs, clear_order, matrix, pairs
from benchmark.report.tables.fairness import differing_terms, unfair
from benchmark.report.tables.main_table import ENDS, rca_row
from benchmark.report.words import LEADERBOARD, ON_THE_BOARD, PLACE
from benchmark.runs.replicates import Replicates
from benchmark.stats.paired import RcaComparison
from benchmark.stats.ranks import Ahead, Place, mean_places
from benchmark.tables.table import HIGH, LOW, Column, Table
from benchmark.tables.writing import remove_table, without_nan, write_csv, write_table

FEWEST = 3  # methods: of two the comparison says everything
MEAN_PLACE = "mean place"
SPENT = {"seconds": 1, "passes": 1000, "backward": 1000}  # on a cell, in these units


@dataclass(frozen=True)
class Board:
    """The tables of the leaderboard. board: methods by generators. matrix: each method against each
    other, over all generators. numbers: the same in all digits, for its CSV. pairs: the same on
    each generator. ahead: generator and method of each that is surely ahead of all others there,
    which stands out in the board."""

    board: Table
    matrix: Table
    numbers: Table
    pairs: Table
    ahead: tuple[tuple[str, str], ...]


def write_leaderboard(
    rows: Sequence[Replicates],
    measures: Measures,
    run: Path,
    order: Sequence[str],
    duels: Duels | None = None,
) -> Board | None:
    """Write the leaderboard and the pairs into `run`; None, and no files, for fewer than FEWEST
    methods. order: of the methods, which ties keep. duels: of these rows, where another table
    compares them, too."""
    found = leaderboard(rows, measures, order, duels)
    if found is None:
        for name in ("leaderboard", "matrix", "pairs"):
            remove_table(name, run)
        return None
    write_table(found.board, run)
    write_table(found.matrix, run)
    write_csv(found.numbers, run / "matrix.csv")
    write_csv(found.pairs, run / "pairs.csv")
    return found


def leaderboard(
    rows: Sequence[Replicates],
    measures: Measures,
    order: Sequence[str],
    duels: Duels | None = None,
) -> Board | None:
    """The tables; None for fewer than FEWEST methods with a done cell and one configuration."""
    duels = duels or Duels(rows)
    methods = [m for m in order if any(r.method == m for r in duels.rows)]
    if len(methods) < FEWEST:
        return None
    done = [r for r in rows if r.done]
    values = {(r.generator, r.method): rca_row(r, measures) for r in duels.rows}
    generators = list(dict.fromkeys(r.generator for r in done))
    compared = all_pairs(duels, methods)
    whole = [g for g in generators if all((g, m) in values for m in methods)]
    apart, differing = unfair(duels.rows), differing_terms(duels.rows)
    common = [g for g in whole if g not in apart]
    fair = [g for g in whole if not any(place[0] == g for place in differing)]
    clear = _clear(compared)
    places = _places(values, common, methods, clear)
    first = [one for one in _ahead_of_all(clear, done) if one[0] not in apart]
    ranked = sorted(methods, key=lambda m: places[m].mean if places else methods.index(m))
    notes = [*duels.left_out, *_of_places(whole, common, fair, generators, apart)]
    return Board(
        _board(rows, values, generators, fair, ranked, places, first, measures, notes),
        *matrix(compared, ranked, differing),
        pairs(compared, differing),
        tuple(first),
    )


def _places(
    values: Mapping[tuple[str, str], Mapping[str, Any]],
    generators: Sequence[str],
    methods: Sequence[str],
    clear: Sequence[Ahead],
) -> dict[str, Place]:
    """Mean places over the generators on which the figures of all methods compare; empty without
    one."""
    if not generators:
        return {}
    scores = {g: {m: values[g, m][HEADLINE] for m in methods} for g in generators}
    return mean_places(scores, clear)


def _ahead_of_all(clear: Sequence[Ahead], done: Sequence[Replicates]) -> list[tuple[str, str]]:
    """Generator and method of each that is surely ahead of all others there."""
    places = dict.fromkeys((r.generator, r.method) for r in done)
    found = []
    for generator, method in places:
        rivals = [m for g, m in places if g == generator and m != method]
        if rivals and all(Ahead(generator, method, rival) in clear for rival in rivals):
            found.append((generator, method))
    return found


def _clear(pairs: Sequence[RcaComparison]) -> list[Ahead]:
    """The pairs on one generator of which one is surely ahead."""
    return [
        Ahead(pair.generators[0], *order)
        for pair in pairs
        if len(pair.generators) == 1 and (order := clear_order(pair))
    ]


def _board(
    rows: Sequence[Replicates],
    values: Mapping[tuple[str, str], Mapping[str, Any]],
    generators: Sequence[str],
    fair: Sequence[str],
    methods: Sequence[str],
    places: Mapping[str, Place],
    first: Sequence[tuple[str, str]],
    measures: Measures,
    notes: Sequence[str],
) -> Table:
    """Methods by generators. fair: those over which prices are averaged, which all methods
    have on equal terms: one that is left out where images are large would else look cheap."""
    prices = [n for n in measures.of_prices if measures.cell[n].reference != "k"]
    columns: dict[str, Column] = {"method": PLACE["method"]}
    for name in (MEAN_PLACE, MEAN_PLACE + LOW, MEAN_PLACE + HIGH):
        columns[name] = LEADERBOARD[name]
    for generator in generators:
        name = f"on {generator}"
        columns[name] = Column(
            f"`{HEADLINE}` on {generator}, with its 95% interval.", optional=True
        )
        columns[name + LOW], columns[name + HIGH] = Column(""), Column("")
    for name in prices:
        columns[name] = measures.cell[name]
    for name in SPENT:
        columns[name] = LEADERBOARD[name]
    lines, bold = [], []
    for method in methods:
        place = places.get(method)
        line: dict[str, Any] = {"method": method}
        if place is not None:
            line |= {
                MEAN_PLACE: place.mean,
                MEAN_PLACE + LOW: place.low,
                MEAN_PLACE + HIGH: place.high,
            }
        own = {g: values[g, method] for g in generators if (g, method) in values}
        for generator, row in own.items():
            name = f"on {generator}"
            line |= {name: row[HEADLINE], name + LOW: row[ENDS[0]], name + HIGH: row[ENDS[1]]}
        same = [own[generator] for generator in fair]
        line |= {name: _mean([row[name] for row in same]) for name in prices}
        for name, unit in SPENT.items():
            line[name] = _mean([row[name] / row["seeds"] / unit for row in same])
        lines.append(line)
    for generator, method in first:
        bold.append((methods.index(method), f"on {generator}"))
    ended = [f"{r.method} on {r.generator}: {r.status()}." for r in rows if r.status() != "done"]
    frame = without_nan(pd.DataFrame(lines, columns=list(columns)))
    empty = [n for n in frame if n != "method" and frame[n].isna().all()]
    frame = frame.drop(columns=empty)
    shown = [(i, name) for i, name in bold if name in frame]
    return Table(
        "leaderboard", "Leaderboard", frame, columns, (*notes, *ended), ON_THE_BOARD, bold=shown
    )


def _mean(values: Sequence[float]) -> float:
    """NaN where any of them is, or there is none."""
    return fmean(values) if values and not any(map(isnan, values)) else nan


def _of_places(
    whole: Sequence[str],
    common: Sequence[str],
    fair: Sequence[str],
    generators: Sequence[str],
    apart: Mapping[str, str],
) -> list[str]:
    """Over which generators places and prices are means, and why not over the others."""
    notes = []
    left = [g for g in generators if g not in whole]
    if common:
        both = "Places, and the means beside them, are" if fair == common else "Places are means"
        words = f"{both} over {', '.join(common)}"
        notes = [
            f"{words}; not every method was compared on {', '.join(left)}." if left else f"{words}."
        ]
    elif not whole:
        notes = ["No generator has figures of every method, so there are no means."]
    if fair != common:  # seeds alone differ, and a cell costs the same
        notes.append(f"Means of what methods cost are over {', '.join(fair)}.")
    return [*notes, *(f"Without places and bold: {g}, {why}." for g, why in apart.items())]
