"""What every method of a comparison shares: K, the range of eps, R, budget and evaluation."""

from dataclasses import dataclass, fields
from math import cos, isfinite, pi

from benchmark.core.errors import BenchError, unknown
from benchmark.generators.usual import RECONSTRUCTORS
from benchmark.rca.precision import PRECISIONS


@dataclass(frozen=True)
class Protocol:
    """The terms on which methods are compared; only cells of equal terms stand in one table.

    k: number of directions K. reconstructor: lenet or resnet18. steps: training steps of R, and of
    A with it. batch: triples per step. lr: Adam's rate for R. schedule: constant, cosine or
    onecycle. lambda_: weight of the shift loss. shift_loss: mse or mae. max_shift, min_shift: range
    of |eps|. evaluation: held-out triples. threads: of the CPU; the last bits of a gradient depend
    on their number, so it is fixed wherever a cell is computed. precision: float32, tf32 or
    bfloat16; the last is that of G alone, where a fresh R learns and no gradient goes through G.
    """

    k: int = 64
    reconstructor: str = "lenet"
    steps: int = 5_000
    batch: int = 32
    lr: float = 4e-3
    schedule: str = "onecycle"
    lambda_: float = 0.25
    shift_loss: str = "mse"
    max_shift: float = 6.0
    min_shift: float = 0.0
    evaluation: int = 10_000
    threads: int = 1
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name in ("k", "steps", "evaluation", "threads"):
            if getattr(self, name) < 1:
                raise BenchError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.batch < 2:
            raise BenchError(f"batch must be at least 2, as batch norm needs, not {self.batch}")
        for name in ("lr", "max_shift"):
            if not (getattr(self, name) > 0 and isfinite(getattr(self, name))):
                raise BenchError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0 <= self.lambda_ < float("inf"):
            raise BenchError(f"lambda must be 0 or more, not {self.lambda_}")
        if not 0 <= self.min_shift < self.max_shift:
            raise BenchError(
                f"min_shift must lie in [0, max_shift), not {self.min_shift} of {self.max_shift}"
            )
        for name, known in (
            ("reconstructor", RECONSTRUCTORS),
            ("schedule", tuple(SCHEDULES)),
            ("shift_loss", ("mse", "mae")),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in known:
                raise unknown(name, getattr(self, name), known)

    def rate_factor(self, step: int) -> float:
        """The share of its peak rate that Adam uses in `step`, 0-based."""
        return SCHEDULES[self.schedule](step / self.steps)


def _cosine(progress: float) -> float:
    return 0.5 * (1.0 + cos(pi * progress))


def _onecycle(progress: float) -> float:
    """Up from 4% to 100% in the first 30%, then down to zero (Smith & Topin, 2017)."""
    if progress < 0.3:
        return 0.04 + 0.96 * (1.0 - _cosine(progress / 0.3))
    return _cosine((progress - 0.3) / 0.7)


SCHEDULES = {"constant": lambda progress: 1.0, "cosine": _cosine, "onecycle": _onecycle}


def key_of(field_name: str) -> str:
    """A field's name as people write it: `lambda` for the field `lambda_`."""
    return field_name.rstrip("_")


PROTOCOL_KEYS = {key_of(field.name): field.name for field in fields(Protocol)}
