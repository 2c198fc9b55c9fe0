"""The terms on which a generator is measured where nobody says otherwise."""

from dataclasses import dataclass


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
