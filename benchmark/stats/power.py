"""How many directions, annotators and ratings a study needs to find a difference.

Studies are drawn from a population and each is judged by the very test that the real one will be
judged by. More directions buy more than more ratings of each: ratings only shrink the noise within
a direction, and directions differ.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, stdtrit

from benchmark.core.errors import BenchError
from benchmark.core.finite import finite
from benchmark.stats.bootstrap import CHUNK, ROUNDING
from benchmark.stats.intervals import wilson
from benchmark.stats.population import Population

Floats = NDArray[np.float64]

STUDIES = 10_000
ARRANGEMENTS = 999  # of labels, the same for all studies; 10,000 would add less than 0.01 power
LEVEL = 0.05

# the designs of a power table
DIRECTIONS = (10, 15, 20, 30, 40, 60, 80, 120)
ANNOTATORS = (6, 12, 24)
RATINGS = (3, 5, 8)


@dataclass(frozen=True)
class Design:
    """directions: of each method. annotators: in all. ratings: of each direction, by as many
    different annotators.
    """

    directions: int
    annotators: int
    ratings: int

    def __post_init__(self) -> None:
        if self.directions < 4:  # 3 against 3 have 20 arrangements
            raise BenchError(f"{self.directions} directions per method are too few to test; plan 4")
        if not 1 <= self.ratings <= self.annotators:
            raise BenchError(
                f"{self.ratings} ratings per direction need as many annotators; "
                f"there are {self.annotators}"
            )

    @property
    def judgments(self) -> int:
        """How many judgments a method and a baseline need together."""
        return 2 * self.directions * self.ratings


@dataclass(frozen=True)
class Power:
    """power: share of simulated studies with p <= 0.05; low, high: its Wilson interval.
    closed_form: what the normal approximation says, as a check.
    """

    design: Design
    power: float
    low: float
    high: float
    closed_form: float


def power(
    design: Design, method: Population, baseline: Population, studies: int = STUDIES, seed: int = 0
) -> Power:
    """The chance that a study of this design finds the difference between two populations."""
    rng = np.random.default_rng(seed)
    labels = arrangements(design.directions, rng)  # (2D, arrangements)
    block = max(1, CHUNK // max(labels.shape[1], 2 * design.directions * design.annotators))
    found = 0
    for start in range(0, studies, block):
        rows = min(block, studies - start)
        means = direction_means(design, method, baseline, rows, rng)  # (b, 2D)
        found += int(np.sum(p_values(means, labels) <= LEVEL))
    low, high = wilson(found, studies)
    share = found / studies
    return Power(design, share, float(low), float(high), closed_form(design, method, baseline))


def direction_means(
    design: Design, method: Population, baseline: Population, studies: int, rng: np.random.Generator
) -> Floats:
    """Means of the directions of simulated studies: (studies, 2D), those of the method first.

    Both methods are judged by the same annotators, whose spread is the method's.
    """
    levels = np.repeat([method.level, baseline.level], design.directions)  # (2D,)
    spreads = np.repeat([method.direction_sd, baseline.direction_sd], design.directions)  # (2D,)
    directions = levels + spreads * rng.standard_normal((studies, len(levels)))  # (studies, 2D)
    annotators = method.annotator_sd * rng.standard_normal((studies, 1, design.annotators))
    panel = np.repeat(annotators, len(levels), axis=1)  # (studies, 2D, annotators)
    asked = rng.permuted(panel, axis=2)[:, :, : design.ratings]  # (studies, 2D, ratings)
    chance = expit(directions[:, :, None] + asked)  # (studies, 2D, ratings)
    return np.mean(rng.random(chance.shape) < chance, axis=2)


def arrangements(directions: int, rng: np.random.Generator) -> Floats:
    """Weights that turn 2D means into the difference under other labels: (2D, arrangements).

    The first are the true labels; then all others if those are few, else random ones.
    """
    n = 2 * directions
    if math.comb(n, directions) <= ARRANGEMENTS:
        chosen = np.array(list(itertools.combinations(range(n), directions)))
    else:
        drawn = rng.permuted(np.tile(np.arange(n), (ARRANGEMENTS, 1)), axis=1)[:, :directions]
        chosen = np.concatenate([np.arange(directions)[None], drawn])
    labels = np.full((n, len(chosen)), -1 / directions)
    labels[chosen.T, np.arange(len(chosen))] = 1 / directions
    return labels


def p_values(means: Floats, labels: Floats) -> Floats:
    """Two-sided mid-p of each study's difference among those of other labels: (studies,).

    Raises BenchError where a mean or a weight is missing.
    """
    means, labels = finite(means, "the means of directions"), finite(labels, "the weights")
    differences = means @ labels  # (studies, arrangements)
    gaps = differences - differences[:, :1]  # (studies, arrangements)
    equal = np.abs(gaps) <= ROUNDING  # (studies, arrangements)
    above = np.mean((gaps > 0) & ~equal, axis=1) + np.mean(equal, axis=1) / 2  # (studies,)
    return 2 * np.minimum(above, 1 - above)


def closed_form(design: Design, method: Population, baseline: Population) -> float:
    """Power of a t-test on direction means, by the normal approximation."""
    variance = sum(
        (of.between + of.within / design.ratings) / design.directions for of in (method, baseline)
    )
    shift = (method.mos - baseline.mos) / math.sqrt(variance)
    critical = stdtrit(2 * design.directions - 2, 1 - LEVEL / 2)
    return float(ndtr(shift - critical) + ndtr(-shift - critical))


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
    if not 0 < baseline.mos + finite(effect, "the effect") < 1:
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
    """The fewest directions of each curve that reach the wanted power; fewest judgments first.

    Raises BenchError where the wanted power is no finite number.
    """
    finite(wanted, "the wanted power")
    found = []
    for _, curve in groupby(table, key=lambda row: (row.design.annotators, row.design.ratings)):
        found += [row for row in curve if row.power >= wanted][:1]
    return tuple(sorted(found, key=lambda row: row.design.judgments))
