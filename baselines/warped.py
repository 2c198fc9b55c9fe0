"""WarpedGANSpace (Tzelepis et al., ICCV 2021): directions that bend, trained as Voynov & Babenko
train columns."""

from dataclasses import dataclass

from benchmark.core.errors import BenchError
from benchmark.directions.vector_fields import WarpedShift
from benchmark.methods.method import Assignment, Learned
from benchmark.rca.training import Learner


@dataclass(frozen=True)
class Warped(Learned):
    """Directions that bend: paths along learned vector fields, trained with R.

    dipoles: N of each field; the authors take 128 for SNGAN, 256 for BigGAN, 512 for ProgGAN. step:
    the longest step of a walk, the top of the authors' range for MNIST. lr: Adam's rate for the
    poles, ten times the authors', whose trainings are longer; A's in `discovered` is, too.
    """

    dipoles: int = 128
    step: float = 0.25
    lr: float = 1e-3

    role = "baseline"

    def __post_init__(self) -> None:
        if self.dipoles < 1:
            raise BenchError(f"warped.dipoles must be at least 1, not {self.dipoles}")
        for name in ("step", "lr"):
            if not getattr(self, name) > 0:
                raise BenchError(f"warped.{name} must be above 0, not {getattr(self, name)}")

    def learner(self, task: Assignment) -> Learner:
        """A learner whose fields are at their start and whose R is its own."""
        shift = WarpedShift(task.generator.latent_dim, task.protocol.k, self.dipoles, self.step)
        shift.scatter(task.rng)
        return Learner(
            "warped",
            shift,
            task.generator.image_shape,
            task.protocol,
            task.r_seed,
            task.device,
            lr_shift=self.lr,
        )
