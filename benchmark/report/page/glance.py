"""At a glance: each generator's methods side by side, and a sentence on what that shows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmark.metrics import HEADLINE
from benchmark.metrics.measures import Measures
from benchmark.report.judged import Judged
from benchmark.report.tables.fairness import UNEQUAL
from benchmark.report.tables.main_table import ENDS
from benchmark.stats.new_runs import FEWEST_SEEDS
from benchmark.stats.ranks import SURE
from benchmark.tables.table import Table
from benchmark.tables.text import interval_text, value_text

FEW = 3  # comparisons on a generator that get a sentence each


@dataclass(frozen=True)
class Glance:
    """One generator: its rows of the main table.

    Of each: method, k, chance, status; value, low, high of the headline, and that value as text;
    price, what it was bought with in words; against, words on how the methods under test
    compare with it, of few comparisons. What is not known is None. k: of every row, None where they
    differ. sentences: one per comparison, or few on many of them.
    """

    generator: str
    k: int | None
    rows: list[dict[str, Any]]
    sentences: list[str]


def glances(
    table: pd.DataFrame,
    measures: Measures,
    comparison: Table | None,
    judged: Judged | None = None,
) -> list[Glance]:
    """table: the main table, as `rca_table` makes it. judged: adds each method's MOS."""
    pairs = comparison.frame.to_dict("records") if comparison else []
    views = []
    for generator, group in table.groupby("generator", sort=False):
        rows = [glanced(row, measures) for row in group.to_dict("records")]
        here = [pair for pair in pairs if pair["generator"] == generator]
        for row in rows:
            own = [pair for pair in here if pair["baseline"] == row["method"] and len(here) <= FEW]
            spoken = opinion(judged, str(generator), str(row["method"]))
            parts = [difference(pair, "rca") for pair in own]
            parts += [spoken, *(difference(pair, "mos") for pair in own)]
            row["against"] = [words for words in parts if words]
        (k, *others) = {int(row["k"]) for row in rows}
        said = sentences(here, {row["method"] for row in rows})
        views.append(Glance(str(generator), None if others else k, rows, said))
    return views


def glanced(row: Mapping[Any, Any], measures: Measures) -> dict[str, Any]:
    """A row of the main table as its card shows it, without what it is compared with."""
    value, low, high = (None if pd.isna(row[n]) else float(row[n]) for n in (HEADLINE, *ENDS))
    figures = {"value": value, "low": low, "high": high}
    text = interval_text(value, low, high, measures.cell[HEADLINE].kind)
    price = [
        f"{measures.label(name)} {value_text(row[name], measures.cell[name].kind)}"
        for name in small_figures(measures)
        if name in row and not pd.isna(row[name])
    ]
    facts = {name: row[name] for name in ("method", "k", "chance", "status")}
    return {**facts, **figures, "text": text, "price": ", ".join(price)}


def small_figures(measures: Measures) -> list[str]:
    """Names of the columns that a card shows beside the headline: its prices, and how close
    directions came to the true ones, which says more than any RCA where it is known."""
    return [*measures.of_prices, *(name for name in ("recovery",) if name in measures.of_rows)]


def opinion(judged: Judged | None, generator: str, method: str) -> str:
    """A method's MOS in words; empty where nobody judged it."""
    if judged is None:
        return ""
    frame = judged.directions
    own = frame[(frame["generator"] == generator) & (frame["method"] == method)].dropna(
        subset="mos"
    )
    if own.empty:
        return ""
    name = "simulated MOS" if judged.simulated else "MOS"  # of bots, never without the word
    return f"{name} {own['mos'].astype(float).mean():.2f}, {len(own)} directions judged"


def difference(pair: Mapping[Any, Any], measure: str) -> str:
    """How far the method under test is ahead, by `rca` or `mos`; empty where nobody can say."""
    value = pair.get(f"{measure}_difference")
    if value is None:
        return ""
    low, high = pair[f"{measure}_difference_low"], pair[f"{measure}_difference_high"]
    p = pair[f"{measure}_p_adjusted"]
    of_bots = measure == "mos" and pair["answers"] == "simulated"
    words = f"{'simulated ' if of_bots else ''}{measure.upper()} of {pair['method']} less this: "
    words += (
        value_text(value, "difference")
        if low is None
        else interval_text(value, low, high, "difference")
    )
    return words + ("" if p is None else f", adjusted p {value_text(p, 'p')}")


def sentences(pairs: Sequence[Mapping[Any, Any]], present: Collection[str]) -> list[str]:
    """What comparisons on one generator say: of few a sentence each, of many those together that
    say the same. present: the methods that have a row there; of others nothing is said."""
    here = [pair for pair in pairs if {pair["method"], pair["baseline"]} <= set(present)]
    if len(here) <= FEW:
        return [sentence(pair) for pair in here]
    found: dict[str, list[Mapping[Any, Any]]] = {}
    for pair in here:
        found.setdefault(pair["method"], []).append(pair)
    said = [words for method, own in found.items() for words in together(method, own)]
    return [*said, "That speaks of these trained runs; of new ones the table of comparisons does."]


def together(method: str, pairs: Sequence[Mapping[Any, Any]]) -> list[str]:
    """The same of all comparisons of one method, by what they found."""
    known = [p for p in pairs if None not in (p["rca_difference"], p["rca_p_adjusted"])]
    unknown = [pair for pair in pairs if pair not in known]
    same = [pair for pair in known if pair["rca_p_adjusted"] >= SURE]
    words = []
    for how, sign in (("better", 1), ("worse", -1)):
        differ = [pair for pair in known if pair not in same]
        if clear := [pair for pair in differ if sign * pair["rca_difference"] > 0]:
            largest = value_text(max(pair["rca_p_adjusted"] for pair in clear), "p")
            words.append(
                f"R tells directions of {method} apart {how} than those of {_names(clear)}, "
                f"adjusted p {largest}{' at most' if len(clear) > 1 else ''}."
            )
    if same:
        words.append(f"No difference to {_names(same)} is shown.")
    if unknown:
        words.append(f"Whether {method} differs from {_names(unknown)} cannot be said.")
    return words


def _names(pairs: Sequence[Mapping[Any, Any]]) -> str:
    """The baselines; one on unequal terms is marked."""
    names = [
        f"{pair['baseline']}{' (on other terms)' if UNEQUAL in str(pair['note']) else ''}"
        for pair in pairs
    ]
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def sentence(pair: Mapping[Any, Any]) -> str:
    """What a row of the comparison says, as carefully as its p allows."""
    method, baseline = pair["method"], pair["baseline"]
    if pair["rca_difference"] is None or pair["rca_p_adjusted"] is None:
        return f"Whether {method} differs from {baseline} cannot be said: {pair['note']}."
    ahead = pair["rca_difference"] > 0
    p = value_text(pair["rca_p_adjusted"], "p")
    size = f"by {abs(pair['rca_difference']):.3f}, adjusted p {p}"
    if pair["rca_p_adjusted"] >= SURE:
        side = "above" if ahead else "below"
        here = f"No difference to {baseline} is shown ({method} lies {side} it {size})."
    else:
        how = "better" if ahead else "worse"
        here = f"R tells directions of {method} apart {how} than those of {baseline}, {size}"
        terms = next((n for n in pair["note"].split("; ") if n.startswith(UNEQUAL)), "")
        here += f"; but {terms}." if terms else "."
    return f"{here} {of_new_runs(pair)}".rstrip()


def of_new_runs(pair: Mapping[Any, Any]) -> str:
    """What the row says of new runs of both, which is another claim than that of these runs."""
    if "rca_p_new_runs" not in pair:
        return ""
    value, p = pair["rca_difference_new_runs"], pair["rca_p_new_runs_adjusted"]
    if value is None or p is None:
        few = pair["seeds"] < FEWEST_SEEDS
        needs = f", a claim about new ones needs at least {FEWEST_SEEDS} seeds" if few else ""
        return f"That speaks of these trained runs{needs}."
    ends = pair["rca_difference_new_runs_low"], pair["rca_difference_new_runs_high"]
    size = f"{interval_text(value, *ends, 'difference')}, adjusted p {value_text(p, 'p')}"
    if p >= SURE:
        return f"For new runs no difference is shown ({size})."
    return f"New runs can be expected to lie {'above' if value > 0 else 'below'} as well ({size})."
