"""What a statistic can be: a number with its interval, or the reason why there is none."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Undefined:
    """The data cannot answer; `reason` says why, in words for a table's footnote."""

    reason: str

    def __str__(self) -> str:
        return f"undefined: {self.reason}"


@dataclass(frozen=True)
class Interval:
    """A 95% interval. how: the procedure, and what it generalises over."""

    low: float
    high: float
    how: str

    def __post_init__(self) -> None:
        if not -math.inf < self.low <= self.high < math.inf:  # NaN fails this too
            raise ValueError(f"no interval goes from {self.low} to {self.high}")


@dataclass(frozen=True)
class Estimate:
    """A finite number and how sure it is."""

    value: float
    interval: Interval | Undefined

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"an estimate must be finite, not {self.value}")
