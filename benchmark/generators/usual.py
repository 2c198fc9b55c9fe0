"""The terms on which a generator is measured where nobody says otherwise."""

from dataclasses import dataclass
from math import inf

from benchmark.core.errors import BenchError, unknown

RECONSTRUCTORS = ("lenet", "resnet18")


@dataclass(frozen=True)
class Usual:
    """The terms on which a generator is measured where the run does not say otherwise.

    k: number of directions. reconstructor: lenet or resnet18. min_shift, max_shift: range of |eps|
    in the units of the latent space, such as standard deviations of z; in w it is much smaller.
    """

    k: int = 64
    reconstructor: str = "lenet"
    max_shift: float = 6.0
    min_shift: float = 0.0

    def __post_init__(self) -> None:
        """Raises BenchError for what no run could be on."""
        if type(self.k) is not int or self.k < 1:
            raise BenchError(f"usual: k must be a whole number from 1, not {self.k!r}")
        if self.reconstructor not in RECONSTRUCTORS:
            raise unknown("usual reconstructor", str(self.reconstructor), RECONSTRUCTORS)
        shifts = self.min_shift, self.max_shift
        if not all(type(shift) in (int, float) for shift in shifts) or not (
            0 <= self.min_shift < self.max_shift < inf
        ):
            raise BenchError(f"usual: 0 <= min_shift < max_shift must hold, not of {shifts}")
