"""How large a study must be: a table and a curve of its power, before it is built."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib.lines import Line2D

from benchmark.charts import style
from benchmark.core.errors import BenchError
from benchmark.stats.population import Population
from benchmark.stats.power import Power, enough, power_table
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate
from benchmark.tables.writing import write_table

COLUMNS = {
    "annotators": Column("How many people take part.", "count"),
    "ratings": Column("How many of them judge each direction.", "count"),
    "directions": Column("How many directions of each method they judge.", "count"),
    "judgments": Column("What that costs for a method and one baseline together.", "count"),
    "power": Column(
        "The share of simulated studies in which the permutation test finds the difference "
        "(p <= 0.05)."
    ),
    "power_low": Column("Lower end of its 95% Wilson interval: how exact the simulation is."),
    "power_high": Column("Upper end of that interval."),
    "closed_form": Column("What the normal approximation says of the same design, as a check."),
}


def plan_study(
    effect: float, wanted: float, baseline: float, folder: Path, studies: int, seed: int
) -> tuple[Power, ...]:
    """Write power.csv, .md, .tex, .svg, .webp into `folder`; returns the designs that are enough.

    effect: MOS of the method less that of the baseline, whose MOS is `baseline`. wanted: power, in
    (0, 1). studies: simulated for each design. Raises BenchError where these make no sense.
    """
    if not 0 < wanted < 1:
        raise BenchError(f"a power lies between 0 and 1, not at {wanted}")
    rows = power_table(effect, Population(baseline), studies=studies, seed=seed)
    designs = enough(rows, wanted)
    write_table(plan_table(rows, designs, effect, wanted, baseline, studies, seed), folder)
    with style.look():
        draw_power(rows, wanted, folder)
    return designs


def plan_table(
    rows: Sequence[Power],
    designs: Sequence[Power],
    effect: float,
    wanted: float,
    baseline: float,
    studies: int,
    seed: int,
) -> Table:
    """One row per design, by annotators, ratings and directions."""
    spread = Population(baseline)
    notes = (
        f"A difference of {effect:g} above a baseline of MOS {baseline:g}; directions differ by a "
        f"standard deviation of {spread.direction_sd:g} and annotators by {spread.annotator_sd:g} "
        f"on the logit scale; {studies:,} simulated studies per design, seed {seed}.",
        f"Cheapest design with a power of {wanted:g}: {describe(designs[0])}."
        if designs
        else f"No design here reaches a power of {wanted:g}.",
        "Directions buy more than ratings: more ratings only shrink the noise within a direction, "
        "and directions differ.",
    )
    records = [
        {
            "annotators": row.design.annotators,
            "ratings": row.design.ratings,
            "directions": row.design.directions,
            "judgments": row.design.judgments,
            "power": row.power,
            "power_low": row.low,
            "power_high": row.high,
            "closed_form": row.closed_form,
        }
        for row in rows
    ]
    key = ["annotators", "ratings", "directions"]
    return tabulate("power", "Power of a study", COLUMNS, records, key, notes)


def describe(row: Power) -> str:
    """A design in words."""
    design = row.design
    return (
        f"{design.directions} directions per method, {design.ratings} ratings each, by "
        f"{design.annotators} annotators ({design.judgments} judgments; power {row.power:.2f})"
    )


def draw_power(rows: Sequence[Power], wanted: float, folder: Path) -> None:
    """Power over directions: one line per number of ratings, one facet per number of annotators."""
    facets = [list(group) for _, group in groupby(rows, key=lambda row: row.design.annotators)]
    figure, axes = style.facets(len(facets))
    numbers = sorted({row.design.ratings for row in rows})
    names = [f"{n} ratings per direction" for n in numbers]
    colour, marker = style.palette(names), style.markers(names)
    for ax, facet in zip(axes, facets, strict=True):
        for n, name in zip(numbers, names, strict=True):
            curve = [row for row in facet if row.design.ratings == n]
            x = [row.design.directions for row in curve]
            ax.plot(
                x,
                [row.power for row in curve],
                color=colour[name],
                marker=marker[name],
                markersize=4,
            )
            ax.fill_between(
                x,
                [row.low for row in curve],
                [row.high for row in curve],
                color=colour[name],
                alpha=0.2,
                linewidth=0,
            )
        ax.axhline(wanted, color=style.GREY, linestyle=":")
        ax.set(title=f"{facet[0].design.annotators} annotators", ylim=(0, 1.02))
        ax.set(xlabel="directions of each method", ylabel="power")
    line = Line2D([], [], color=style.GREY, linestyle=":", label=f"wanted, {wanted:g}")
    handles = [
        Line2D([], [], color=colour[name], marker=marker[name], markersize=4, label=name)
        for name in names
    ]
    style.legend(figure, [], names, [*handles, line])
    style.save(figure, folder, "power")
