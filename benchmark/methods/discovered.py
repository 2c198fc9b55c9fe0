"""The method of Voynov & Babenko (ICML 2020): A and R trained together, so that R can tell A's
columns apart by what they do to images."""

from dataclasses import dataclass

from benchmark.core.errors import BenchError, unknown
from benchmark.directions.shift import SPACES, STARTS, check_orthonormal
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.rca.training import Learner, train


@dataclass(frozen=True)
class Discovered(Method):
    """Directions that learn.

    space: unit columns (K may exceed d) or orthonormal ones. start: from the coordinate axes or at
    random. lr: Adam's rate for A; R's is the protocol's. A must learn more slowly than R.
    """

    space: str = "unit"
    start: str = "axes"
    lr: float = 1e-3

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise unknown("space", self.space, SPACES)
        if self.start not in STARTS:
            raise unknown("start", self.start, STARTS)
        if not self.lr > 0:
            raise BenchError(f"discovered.lr must be above 0, not {self.lr}")

    def check(self, latent_dim: int, k: int) -> None:
        if self.space == "orthonormal":
            check_orthonormal("discovered", latent_dim, k)

    def fit(self, task: Assignment) -> Fitted:
        """Train A with an R of its own; the learner holds that R, the curve and the snapshots.

        Raises Diverged where a loss stops being finite.
        """
        generator, protocol = task.generator, task.protocol
        start = STARTS[self.start](generator.latent_dim, protocol.k, task.rng)  # (d, K)
        learner = Learner(
            "discovered",
            SPACES[self.space](start),
            generator.image_shape,
            protocol,
            task.r_seed,
            task.device,
            lr_columns=self.lr,
        )
        train(
            generator,
            [learner],
            protocol,
            task.stream_name,
            [task.checkpoint],
            task.label,
        )
        if learner.failure:
            raise learner.failure
        return Fitted(learner.columns.matrix().detach().cpu(), learner)
