"""SNGAN's residual generator (Miyato et al., ICLR 2018, appendix B), as Voynov & Babenko use it.

The 32-pixel member (three blocks of equal width) makes MNIST digits, the 64-pixel member (four
blocks, halving widths) anime faces. The state dict has the layout of the authors' `generator.pt`:
`model.0` dense, `model.1` reshape, one entry a residual block, then batch norm, ReLU, convolution
and tanh.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt

from torch import Tensor, nn

from benchmark.core.errors import BenchError
from benchmark.generators.base import Generator, Latents

SEED_SIZE = 4  # the dense layer makes a 4 x 4 image, and every block doubles it


class ResidualUpBlock(nn.Module):
    """(n, in, h, w) -> (n, out, 2h, 2w): two 3x3 convolutions beside an upsampled bypass."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.BatchNorm2d(channels_in),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(channels_in, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, 3, padding=1),
        )
        self.bypass = nn.Sequential(nn.Upsample(scale_factor=2))
        if channels_in != channels_out:
            self.bypass.append(nn.Conv2d(channels_in, channels_out, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) + self.bypass(x)  # (n, out, 2h, 2w)


class SNGAN(Generator):
    """SNGAN generator of d latents and the given channel widths.

    channels: width of the 4 x 4 seed, then of each block's output; image side is 4 * 2^blocks.
    """

    def __init__(self, latent_dim: int, channels: Sequence[int], image_channels: int) -> None:
        super().__init__()
        side = SEED_SIZE * 2 ** (len(channels) - 1)
        self.latent_dim = latent_dim
        self.channels = tuple(channels)
        self.image_shape = (image_channels, side, side)
        self.model = nn.Sequential(
            nn.Linear(latent_dim, channels[0] * SEED_SIZE**2),
            nn.Unflatten(1, (channels[0], SEED_SIZE, SEED_SIZE)),
            *(ResidualUpBlock(a, b) for a, b in pairwise(channels)),
            nn.BatchNorm2d(channels[-1]),
            nn.ReLU(),
            nn.Conv2d(channels[-1], image_channels, 3, padding=1),
            nn.Tanh(),
        )
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                in_branch = ".model." in name  # sqrt(2) makes up for the ReLU before it
                nn.init.xavier_uniform_(layer.weight, sqrt(2.0) if in_branch else 1.0)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def architecture(self) -> dict[str, object]:
        """The arguments that make such a generator, and the name of its family."""
        return {
            "name": "sngan",
            "latent_dim": self.latent_dim,
            "channels": self.channels,
            "image_channels": self.image_shape[0],
        }

    def forward(self, latents: Latents) -> Tensor:
        return self.model(latents.point)  # (n, C, H, W)


def from_state_dict(state: Mapping[str, Tensor], source: str) -> SNGAN:
    """An SNGAN of the widths that `state` shows, loaded strictly.

    The authors' blocks hold each convolution twice, as `conv1`/`conv2` and inside `model`; the
    copies are dropped. `source` names the file in the BenchError that a foreign state raises.
    """
    state = {k: v for k, v in state.items() if ".conv1." not in k and ".conv2." not in k}
    try:
        seed_channels, latent_dim = state["model.0.weight"].shape
        blocks = 2  # index of the first residual block
        channels = [seed_channels // SEED_SIZE**2]
        while f"model.{blocks}.model.6.weight" in state:
            channels.append(state[f"model.{blocks}.model.6.weight"].shape[0])
            blocks += 1
        image_channels = state[f"model.{blocks + 2}.weight"].shape[0]
        generator = SNGAN(latent_dim, channels, image_channels)
        generator.load_state_dict(state)
    except (KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # torch lists its complaints on lines of their own
        raise BenchError(f"{source} is not an SNGAN generator: {reason}") from error
    return generator
