"""The settings of an adversarial training."""

from dataclasses import asdict, dataclass

from benchmark.core.errors import BenchError


@dataclass(frozen=True)
class GanConfig:
    """steps: generator updates. batch: images a step. Rates are Adam's: held for the first half of
    the steps, then falling to zero.

    critic_width: channels of the discriminator's first block; a ProgGAN's has the generator's own.
    beta2: Adam's. ema: how much of the averaged weights each step keeps. augment: how all that the
    critic sees is disturbed, some of `augmentation.KINDS`. mirror: turn half of the real images
    left to right. r1: strength of the gradient penalty, none at 0. bf16: forward passes in
    bfloat16. The last two: steps between checkpoints and sheets.
    """

    steps: int = 9_000
    batch: int = 32
    critic_width: int = 32
    lr_generator: float = 3e-4
    lr_critic: float = 4e-4
    beta2: float = 0.9
    ema: float = 0.999
    augment: tuple[str, ...] = ()
    mirror: bool = False
    r1: float = 0.0
    bf16: bool = True
    seed: int = 0
    checkpoint_every: int = 500
    samples_every: int = 1_000

    @property
    def early_step(self) -> int:
        """The step whose generator shows what the rest of the training brought."""
        return max(1, self.steps // 10)

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if type(value) is int and value < 1 and name != "seed":
                raise BenchError(f"{name} must be at least 1, not {value}")
