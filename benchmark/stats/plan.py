"""Which designs are enough: power over a grid of directions, annotators and ratings."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from benchmark.errors import BenchError
from benchmark.stats.planning import Design, Power, power
from benchmark.stats.population import Population

DIRECTIONS = (10, 15, 20, 30, 40, 60, 80, 120)
ANNOTATORS = (6, 12, 24)
RATINGS = (3, 5, 8)


def power_table(
    effect: float,
    baseline: Population,
    directions: Sequence[int] = DIRECTIONS,
    annotators: Sequence[int] = ANNOTATORS,
    ratings: Sequence[int] = RATINGS,
    studies: int = 2_000,
    seed: int = 0,
) -> tuple[Power, ...]:
    """Power to find a method whose MOS is `effect` above the baseline's, for every design.

    Rows are ordered by annotators, ratings and directions: each pair of the first two is a curve.
    Designs that want more ratings than there are annotators are left out.
    """
    if not 0 < baseline.mos + effect < 1:
        raise BenchError(
            f"a baseline MOS of {baseline.mos} leaves no room for an effect of {effect}"
        )
    method = Population(baseline.mos + effect, baseline.direction_sd, baseline.annotator_sd)
    designs = [
        Design(d, a, r)
        for a in sorted(annotators)
        for r in sorted(ratings)
        for d in sorted(directions)
        if r <= a
    ]
    return tuple(power(design, method, baseline, studies, seed) for design in designs)


def enough(table: Iterable[Power], wanted: float) -> tuple[Power, ...]:
    """The fewest directions of each curve that reach the wanted power; fewest judgments first."""
    found = []
    for _, curve in groupby(table, key=lambda row: (row.design.annotators, row.design.ratings)):
        found += [row for row in curve if row.power >= wanted][:1]
    return tuple(sorted(found, key=lambda row: row.design.judgments))
