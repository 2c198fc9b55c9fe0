"""A population of studies: directions and annotators that differ on the logit scale.

The probability of a yes is expit(level + direction + annotator), the last two normal around zero.
Planning draws studies from it, and the calibration of every test and interval does.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, roots_hermitenorm

from benchmark.core.errors import BenchError
from benchmark.core.finite import finite

Floats = NDArray[np.float64]

POINTS, WEIGHTS = roots_hermitenorm(64)
WEIGHTS = WEIGHTS / WEIGHTS.sum()  # averages over a standard normal: WEIGHTS @ f(POINTS)


@dataclass(frozen=True)
class Population:
    """mos: expected over directions and annotators, in (0, 1). Deviations are in logits."""

    mos: float
    direction_sd: float = 1.2
    annotator_sd: float = 0.6

    def __post_init__(self) -> None:
        if not 0 < finite(self.mos, "mos") < 1:
            raise BenchError(f"an expected MOS lies between 0 and 1, not at {self.mos}")
        spreads = finite([self.direction_sd, self.annotator_sd], "direction_sd, annotator_sd")
        if min(spreads) < 0:
            raise BenchError("the spread of directions and annotators cannot be negative")

    @cached_property
    def level(self) -> float:
        """The logit of a typical direction judged by a typical annotator."""
        spread = np.hypot(self.direction_sd, self.annotator_sd)
        return float(brentq(lambda x: WEIGHTS @ expit(x + spread * POINTS) - self.mos, -30, 30))

    @cached_property
    def between(self) -> float:
        """Variance of directions' expected means."""
        logits = self.level + self.direction_sd * POINTS[:, None] + self.annotator_sd * POINTS
        means = expit(logits) @ WEIGHTS  # (directions,)
        return float(WEIGHTS @ (means - self.mos) ** 2)

    @property
    def within(self) -> float:
        """Variance of one judgment of a known direction, by an unknown annotator."""
        return self.mos * (1 - self.mos) - self.between
