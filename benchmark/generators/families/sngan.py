"""SNGAN's residual generator (Miyato et al., ICLR 2018, appendix B), as Voynov & Babenko use it.

The 32-pixel member (three blocks of equal width) makes MNIST digits, the 64-pixel member (four
blocks, halving widths) anime faces. The state dict has the layout of the authors' `generator.pt`:
`model.0` dense, `model.1` reshape, one entry per residual block, then batch norm, ReLU, convolution
and tanh. Beside it the authors' folder holds `args.json`: model, latent_dim, image_channels.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Self

from torch import Tensor, nn

from benchmark.core.errors import BenchError
from benchmark.core.reading import read_json
from benchmark.generators.base import Latents
from benchmark.generators.family import Family, read_state_dict
from benchmark.generators.fast.layers import DoubledSum

SEED_SIZE = 4  # the dense layer makes a 4 x 4 image, and every block doubles it
AUTHORS_MODELS = {"sn_resnet32": 32, "sn_resnet64": 64}  # their name of a model: its image side


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

    def folded(self) -> nn.Module:
        """The same block without the bypass's larger image, where the bypass only doubles."""
        doubles = isinstance(self.bypass[-1], nn.Upsample)
        return DoubledSum(self.model) if doubles else self


class SNGAN(Family):
    """SNGAN generator of d latents and the given channel widths.

    channels: width of the 4 x 4 seed, then of each block's output; image side is 4 * 2^blocks.
    """

    family = "sngan"
    published_key = "model.0.weight"
    published_files = ("args.json", "generator.pt")

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
        return {
            "latent_dim": self.latent_dim,
            "channels": self.channels,
            "image_channels": self.image_shape[0],
        }

    def first_layer(self) -> Tensor:
        dense = self.model[0]
        assert isinstance(dense, nn.Linear)
        return dense.weight  # (16 * channels of the seed, d)

    def feature_layers(self) -> tuple[str, ...]:
        """The names of the dense layer and of each block."""
        return ("model.0", *(f"model.{i}" for i in range(2, len(self.channels) + 1)))

    def forward(self, latents: Latents) -> Tensor:
        return self.model(latents.point)  # (n, C, H, W)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor], source: str) -> Self:
        """See `Family`. The authors' blocks hold each convolution twice, as `conv1`/`conv2` and
        inside `model`; the copies are dropped.
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
            generator = cls(latent_dim, channels, image_channels)
            generator.load_state_dict(state)
        except (KeyError, ValueError, RuntimeError) as error:
            reason = " ".join(
                str(error).split()
            )  # torch lists its complaints on lines of their own
            raise BenchError(f"{source} is not an SNGAN generator: {reason}") from error
        return generator

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        args_path, path = folder / "args.json", folder / "generator.pt"
        try:
            args = read_json(args_path)
            side, latent_dim = AUTHORS_MODELS[args["model"]], int(args["latent_dim"])
            image_shape = (int(args.get("image_channels", 3)), side, side)
        except (BenchError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BenchError(
                f"{args_path} should name a model of {', '.join(AUTHORS_MODELS)} and its "
                f"latent_dim, but has a fault at {error}"
            ) from error
        state = read_state_dict(path, "model.")  # what else it has is no part of the generator
        generator = cls.from_state_dict(state, str(path))
        found = (generator.latent_dim, generator.image_shape)
        if found != (latent_dim, image_shape):
            raise BenchError(
                f"{path} maps {found[0]} latent dimensions to images {found[1]}, "
                f"but args.json says {latent_dim} to {image_shape}"
            )
        return generator
