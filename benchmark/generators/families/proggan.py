"""ProgGAN's generator (Karras et al., ICLR 2018), grown to its final size.

The state dict has the layout of ptrblck/prog_gans_pytorch_inference, whose CelebA-HQ snapshot
`100_celeb_hq_network-snapshot-010403.pth` Voynov & Babenko use: `features`, two layers for each
image size, then `output`. Here `features` is called `layers`, since every generator has a method
`features`. Images are not squashed, so pixels may lie a little outside [-1, 1].
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import torch
from torch import Tensor, nn

from benchmark.generators.base import Latents
from benchmark.generators.family import Family, read_as
from benchmark.generators.fast.layers import scaled

SEED_SIZE = 4
PUBLISHED = (512, 512, 512, 512, 256, 128, 64, 32, 16)  # channels from 4 x 4 to 1024 x 1024


class PixelNorm(nn.Module):
    """Scales each place of (n, C, h, w) to a mean square of one over its channels."""

    def forward(self, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=1, keepdim=True)  # (n, 1, h, w)
        return x * torch.rsqrt(length.square() / x.shape[1] + 1e-8)


class ScaledBias(nn.Module):
    """x * scale + b. With weights from N(0, 1), the scale lets all layers learn at one rate."""

    scale: Tensor  # (1,)

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor([scale]))
        self.b = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.b[:, None, None]

    def folded_into(self, conv: nn.Conv2d) -> nn.Conv2d:
        """One convolution that equals `self(conv(x))`."""
        return scaled(conv, self.scale.expand_as(self.b), self.b)


def layer(
    channels_in: int, channels_out: int, kernel: int = 3, *, up: bool = False, gain: float = 2.0
) -> nn.Sequential:
    """Norm, convolution, scaled bias; `up` doubles the image first, a gain of 1 has no ReLU."""
    parts: dict[str, nn.Module] = {"norm": PixelNorm()}
    if up:
        parts["up"] = nn.Upsample(scale_factor=2)
    padding = 3 if kernel == SEED_SIZE else kernel // 2  # the 4 x 4 kernel meets one pixel
    conv = nn.Conv2d(channels_in, channels_out, kernel, padding=padding, bias=False)
    nn.init.normal_(conv.weight)
    parts["conv"] = conv
    fan_in = channels_in * (1 if kernel == SEED_SIZE else kernel**2)
    parts["wscale"] = ScaledBias(channels_out, (gain / fan_in) ** 0.5)
    if gain != 1.0:
        parts["relu"] = nn.LeakyReLU(0.2)
    return nn.Sequential(OrderedDict(parts))


class ProgGAN(Family):
    """ProgGAN generator of d latents; channels at 4 x 4 pixels, then at each doubled size."""

    family = "proggan"
    published_key = "features.0.conv.weight"

    def __init__(
        self, latent_dim: int = 512, channels: Sequence[int] = PUBLISHED, image_channels: int = 3
    ) -> None:
        super().__init__()
        side = SEED_SIZE * 2 ** (len(channels) - 1)
        self.latent_dim = latent_dim
        self.channels = tuple(channels)
        self.image_shape = (image_channels, side, side)
        layers = [layer(latent_dim, channels[0], SEED_SIZE), layer(channels[0], channels[0])]
        for a, b in pairwise(channels):
            layers += [layer(a, b, up=True), layer(b, b)]
        self.layers = nn.Sequential(*layers)
        self.output = layer(channels[-1], image_channels, 1, gain=1.0)
        # torch does not annotate these two
        self.register_state_dict_post_hook(_to_published_names)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_from_published_names)  # type: ignore[no-untyped-call]

    def architecture(self) -> dict[str, object]:
        return {
            "latent_dim": self.latent_dim,
            "channels": self.channels,
            "image_channels": self.image_shape[0],
        }

    def thin(self, side: int) -> None:
        """Let the last 3x3 convolution stride over the pixels that sampling would drop."""
        channels, full, _ = self.image_shape
        if full <= side or full % side:
            return
        last = self.layers[-1].conv
        assert isinstance(last, nn.Conv2d)
        last.stride = (full // side, full // side)
        self.image_shape = (channels, side, side)

    def first_layer(self) -> Tensor:
        """The weight of the 4 x 4 convolution; its input is the latent at mean square one."""
        conv, wscale = self.layers[0].conv, self.layers[0].wscale
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(wscale, ScaledBias)
        # The one pixel meets the kernel's last tap first, so the places come in reverse.
        weight = conv.weight.flip(2, 3).permute(0, 2, 3, 1)  # (C, 4, 4, d), from (C, d, 4, 4)
        return weight.flatten(0, 2) * wscale.scale  # (C * 16, d)

    def feature_layers(self) -> tuple[str, ...]:
        """The names of two layers for each image size, after their activations."""
        return tuple(f"layers.{i}" for i in range(len(self.layers)))

    def forward(self, latents: Latents) -> Tensor:
        seed = latents.point[:, :, None, None]  # (n, d, 1, 1)
        return self.output(self.layers(seed))  # (n, C, H, W)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor], source: str) -> Self:
        with read_as(f"{source} is not a ProgGAN generator"):
            latent_dim = state["features.0.conv.weight"].shape[1]
            channels: list[int] = []
            while f"features.{2 * len(channels)}.conv.weight" in state:
                channels.append(state[f"features.{2 * len(channels)}.conv.weight"].shape[0])
            generator = cls(latent_dim, channels, state["output.conv.weight"].shape[0])
            generator.load_state_dict(state)
        return generator


def _to_published_names(_module: nn.Module, state: Any, prefix: str, _about: object) -> None:
    _rename(state, f"{prefix}layers.", f"{prefix}features.")


def _from_published_names(_module: nn.Module, state: Any, prefix: str, *_about: object) -> None:
    _rename(state, f"{prefix}features.", f"{prefix}layers.")


def _rename(state: dict[str, Tensor], old: str, new: str) -> None:
    """Let the names that begin with `old` begin with `new`, in place and in order."""
    entries = list(state.items())
    state.clear()
    state.update(
        (new + name.removeprefix(old) if name.startswith(old) else name, value)
        for name, value in entries
    )
