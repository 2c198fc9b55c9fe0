"""What the page says of a direction, and what the explorer sorts directions by."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.metrics import HEADLINE_OF_A_DIRECTION
from benchmark.metrics.measures import Measures, label
from benchmark.report.judged import Judged
from benchmark.report.pictures.explorer import Chapter, Shown
from benchmark.tables.table import HIGH, LOW
from benchmark.tables.text import interval_text, value_text

MOS, NUMBER = "MOS of the study", "the number"  # orders that no metric gives


@dataclass(frozen=True)
class Order:
    """An entry of "Sorted by": what it is called inside the page and to the reader, and which end
    comes first, `high` where it is not `low`."""

    name: str
    words: str
    better: str


@dataclass(frozen=True)
class Said:
    """What the page says of a direction.

    facts: known figures, in words. name: what somebody called the direction, or empty; by_hand: the
    name comes from no study. values: JSON that maps each order to the value and its text.
    """

    facts: Sequence[str]
    name: str
    by_hand: bool
    values: str


def orders(chapters: Sequence[Chapter], measures: Measures, judged: Judged | None) -> list[Order]:
    """The orders: accuracy, every other column that a shown direction has, MOS, and the number."""
    known = {name for chapter in chapters for one in chapter.directions for name in one.figures}
    names = [name for name in in_order(measures) if name in known]
    columns = [(name, measures.direction[name]) for name in names]
    found = [Order(name, label(name, column), column.better or "high") for name, column in columns]
    if judged and len(judged.directions):  # a study that shows two at once gives no MOS
        found.append(Order(MOS, spoken_mos(judged.simulated), "high"))
    return [*found, Order(NUMBER, "number", "low")]


def in_order(measures: Measures) -> list[str]:
    """The columns that directions are sorted by, the headline first."""
    names = measures.of_directions
    return sorted(names, key=lambda name: name != HEADLINE_OF_A_DIRECTION)


def said(one: Shown, simulated: bool, measures: Measures) -> Said:
    """All that is known of one direction; facts from simulated annotators say so."""
    facts: list[str] = []
    values: dict[str, tuple[float, str]] = {NUMBER: (one.k, str(one.k))}
    for name in in_order(measures):
        if name in one.figures:
            text = figure_text(name, one.figures, measures)
            values[name] = (one.figures[name], text.partition(" ")[0])
            facts.append(f"{label(name, measures.direction[name])} {text}")
    facts += [
        f"{label(name, column)} {value_text(one.words[name], column.kind)}"
        for name, column in measures.direction.items()
        if column.kind == "text" and name in one.words
    ]
    mos, name = one.facts.get("mos"), one.facts.get("label") or ""
    if mos is not None:
        low, high = one.facts.get("low"), one.facts.get("high")
        text = value_text(mos, "ratio")
        values[MOS] = (mos, text)
        ends = "" if low is None else f" [{value_text(low, 'ratio')}, {value_text(high, 'ratio')}]"
        n = int(one.facts.get("n", 0))
        facts.append(f"{spoken_mos(simulated)} {text}{ends} of {n} answers")
    if category := one.facts.get("category"):
        facts.append(str(category))
    return Said(facts, str(name), one.facts.get("by_hand", mos is None), json.dumps(values))


def figure_text(name: str, figures: Mapping[str, float], measures: Measures) -> str:
    """A figure in digits, with its interval where it has one."""
    kind, low, high = (
        measures.direction[name].kind,
        figures.get(name + LOW),
        figures.get(name + HIGH),
    )
    if low is None or high is None:
        return value_text(figures[name], kind)
    return interval_text(figures[name], low, high, kind)


def spoken_mos(simulated: bool) -> str:
    """The name of MOS, which says `simulated` for bots."""
    return "simulated MOS" if simulated else "MOS"
