"""StyleGAN3's generator (Karras et al., NeurIPS 2021), whose details move with what they are on.

A mapping network turns z into w. The synthesis begins with Fourier features, which w turns and
shifts, and every layer filters what its leaky ReLU makes (`alias_free.py`). Variant t is
equivariant to translation; r to rotation as well, with 1x1 convolutions and radial filters. There
is no noise. The names of the state dict are those of `G` in NVlabs/stylegan3.
"""

import math
import re
from collections.abc import Mapping as Entries
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.generators.families.alias_free import (
    CRITICAL,
    TAPS,
    Band,
    bands,
    filtered_leaky_relu,
    jinc_filter,
    sinc_filter,
)
from benchmark.generators.families.mapping import Dense, Mapping
from benchmark.generators.families.modulation import TINY, ToRGB
from benchmark.generators.mapped import Mapped

LAYERS = 14
MOST_CHANNELS, CHANNELS_TIMES_CUTOFF = 512, 16384  # the paper's widths; r has twice as many
LAYER = re.compile(r"synthesis\.(L(\d+)_(\d+)_(\d+))\.weight")  # number, size, channels

Variant = Literal["t", "r"]


def usual_channels(side: int, variant: Variant = "t") -> tuple[int, ...]:
    """The paper's widths after each layer but the last, which makes the image."""
    most = MOST_CHANNELS * (2 if variant == "r" else 1)
    product = CHANNELS_TIMES_CUTOFF * (2 if variant == "r" else 1)
    return tuple(min(most, round(product / band.cutoff)) for band in bands(side, LAYERS)[:-1])


class FourierFeatures(nn.Module):
    """w (n, w_dim) -> (n, C, size, size): C mixtures of C waves, turned and shifted as w says.

    transform: (3, 3), a motion of the whole image, its inverse in sides of the image. A turn or
    scale that lifts a wave's frequency beyond the band takes it out.
    """

    transform: Tensor
    freqs: Tensor  # (C, 2), of x and y
    phases: Tensor  # (C,), in turns

    def __init__(self, w_dim: int, channels: int, band: Band) -> None:
        super().__init__()
        self.band = band
        self.weight = nn.Parameter(torch.randn(channels, channels))
        self.affine = Dense(w_dim, 4)  # cosine and sine of the turn, shift in x and y
        with torch.no_grad():
            self.affine.weight.zero_()
            self.affine.bias[0] = 1.0
        freqs = torch.randn(channels, 2)
        radii = freqs.norm(dim=1, keepdim=True)  # (C, 1)
        freqs = freqs / (radii * radii.square().exp().pow(0.25))  # within the disc of radius one
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", freqs * band.cutoff)
        self.register_buffer("phases", torch.rand(channels) - 0.5)

    def forward(self, w: Tensor) -> Tensor:
        freqs, phases = self._moved(self.affine(w))
        size, rate, cutoff = self.band.size, self.band.rate, self.band.cutoff
        place = (torch.arange(size).to(w) - (size - 1) / 2) / rate  # (size,), in sides
        along_x = place[:, None] * freqs[:, None, :, 0]  # (n, size, C)
        along_y = place[:, None] * freqs[:, None, :, 1]  # (n, size, C)
        turns = along_y[:, :, None] + along_x[:, None] + phases[:, None, None]  # (n, h, w, C)
        beyond = (freqs.norm(dim=2) - cutoff) / (rate / 2 - cutoff)  # (n, C)
        strength = (1.0 - beyond).clamp(0.0, 1.0)  # (n, C)
        waves = torch.sin(2 * math.pi * turns) * strength[:, None, None]  # (n, h, w, C)
        mixed = waves @ self.weight.T / len(self.weight) ** 0.5  # (n, h, w, C)
        return mixed.permute(0, 3, 1, 2)  # (n, C, h, w)

    def _moved(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Frequencies (n, C, 2) and phases (n, C) of the waves after a motion (n, 4) of each."""
        motion = motion / motion[:, :2].norm(dim=1, keepdim=True)  # (n, 4)
        cosine, sine, x, y = motion.unbind(1)  # (n,) each
        turn = torch.stack([cosine, -sine, sine, cosine], dim=1).unflatten(1, (2, 2))  # (n, 2, 2)
        shift = self.transform[:2, 2] - torch.stack([x, y], dim=1)  # (n, 2)
        freqs = self.freqs @ turn  # (n, C, 2)
        phases = self.phases + (freqs @ shift[:, :, None]).squeeze(2)  # (n, C)
        return freqs @ self.transform[:2, :2], phases


class Layer(nn.Module):
    """(n, in, h, h) and w (n, w_dim) -> (n, out, size, size) in the band `after`.

    A convolution whose weights the style scales, brought to unit length, and a leaky ReLU without
    aliasing. magnitude_ema: the mean square of x, measured in training, which is divided out.
    """

    magnitude_ema: Tensor  # ()
    up_filter: Tensor  # (taps,)
    down_filter: Tensor  # (taps,), or (taps, taps) where radial

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        w_dim: int,
        before: Band,
        after: Band,
        *,
        kernel: int,
        radial: bool,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.affine = Dense(w_dim, channels_in, bias=1.0)
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.register_buffer("magnitude_ema", torch.ones(()))
        rate = 2 * max(before.rate, after.rate)  # at which the leaky ReLU is applied
        self.factors = up, down = rate // before.rate, rate // after.rate
        self.size, self.clamp = after.size, clamp
        shape = jinc_filter if radial else sinc_filter
        self.register_buffer("up_filter", sinc_filter(before, TAPS * up, rate), persistent=False)
        self.register_buffer("down_filter", shape(after, TAPS * down, rate), persistent=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)  # (n, in)
        squares = self.weight.square().sum(dim=(2, 3))  # (out, in)
        energy = F.linear(style.square(), squares)  # (n, out)
        means = self.weight.square().mean(dim=(1, 2, 3)), style.square().mean(dim=1, keepdim=True)
        scale = (self.magnitude_ema * (energy + TINY * means[0] * means[1])).rsqrt()  # (n, out)
        x = x * style[:, :, None, None]  # (n, in, h, h)
        x = F.conv2d(x, self.weight, padding=self.weight.shape[2] - 1)  # larger by kernel - 1
        x = torch.addcmul(self.bias[:, None, None], x, scale[:, :, None, None])
        return filtered_leaky_relu(
            x, self.up_filter, self.down_filter, self.factors, self.size, self.clamp
        )  # (n, out, size, size)


class ToImage(ToRGB):
    """The last layer: `ToRGB` of channels brought to a mean square of one."""

    magnitude_ema: Tensor  # ()

    def __init__(
        self, channels_in: int, image_channels: int, w_dim: int, clamp: float | None
    ) -> None:
        super().__init__(channels_in, image_channels, w_dim, clamp)
        self.register_buffer("magnitude_ema", torch.ones(()))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return super().forward(x * self.magnitude_ema.rsqrt(), w)  # (n, C, side, side)


class Synthesis(nn.Module):
    """ws (n, layers + 2, w_dim) -> images (n, C, side, side), not clamped.

    The first w moves the Fourier features, and each other one is for a layer.
    """

    def __init__(
        self,
        side: int,
        channels: Sequence[int],
        w_dim: int,
        image_channels: int,
        variant: Variant,
        output_scale: float,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.output_scale = output_scale
        *inner, last = bands(side, len(channels))
        self.input = FourierFeatures(w_dim, channels[0], inner[0])
        self.layers: list[str] = []
        widths = pairwise([channels[0], *channels])
        between = pairwise([inner[0], *inner])
        for i, ((a, b), (before, after)) in enumerate(zip(widths, between, strict=True)):
            layer = Layer(
                a,
                b,
                w_dim,
                before,
                after,
                kernel=1 if variant == "r" else 3,
                radial=variant == "r" and i < len(channels) - CRITICAL,
                clamp=clamp,
            )
            self._append(layer, after, b)
        self._append(ToImage(channels[-1], image_channels, w_dim, clamp), last, image_channels)

    def _append(self, layer: nn.Module, band: Band, channels: int) -> None:
        self.layers.append(f"L{len(self.layers)}_{band.size}_{channels}")
        self.add_module(self.layers[-1], layer)

    def forward(self, ws: Tensor) -> Tensor:
        first, *each = ws.unbind(dim=1)
        x = self.input(first)  # (n, C, size, size)
        for name, w in zip(self.layers, each, strict=True):
            x = self.get_submodule(name)(x, w)  # (n, C of the layer, its size, its size)
        return x * self.output_scale  # (n, C, side, side)


class StyleGAN3(Mapped):
    """StyleGAN3 generator of images of `side` pixels, a power of two from 16.

    channels: widths after each layer but the last; the paper's where None. n_classes: 0 without
    classes. clamp: where training cut off the layers' outputs, or None.
    """

    family = "stylegan3"
    published_key = "synthesis.input.freqs"

    def __init__(
        self,
        side: int,
        z_dim: int = 512,
        w_dim: int = 512,
        n_classes: int = 0,
        mapping_layers: int = 2,
        channels: Sequence[int] | None = None,
        image_channels: int = 3,
        variant: Variant = "t",
        output_scale: float = 0.25,
        clamp: float | None = 256.0,
    ) -> None:
        super().__init__()
        if variant not in ("t", "r"):
            raise ValueError(f"a StyleGAN3 is t or r, not {variant}")
        channels = usual_channels(side, variant) if channels is None else tuple(channels)
        self.latent_dim = self.z_dim = z_dim
        self.w_dim, self.n_classes, self.num_ws = w_dim, n_classes, len(channels) + 2
        self.channels, self.variant, self.clamp = channels, variant, clamp
        self.mapping_layers, self.output_scale = mapping_layers, output_scale
        self.classes = tuple(range(n_classes))
        self.image_shape = (image_channels, side, side)
        self.mapping = Mapping(z_dim, w_dim, n_classes, mapping_layers)
        self.synthesis = Synthesis(
            side, channels, w_dim, image_channels, variant, output_scale, clamp
        )

    def architecture(self) -> dict[str, object]:
        return {
            "side": self.image_shape[1],
            "z_dim": self.z_dim,
            "w_dim": self.w_dim,
            "n_classes": self.n_classes,
            "mapping_layers": self.mapping_layers,
            "channels": self.channels,
            "image_channels": self.image_shape[0],
            "variant": self.variant,
            "output_scale": self.output_scale,
            "clamp": self.clamp,
        }

    def map(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """w (n, w_dim) of z (n, z_dim) and labels (n,), None without classes; not truncated."""
        return self.mapping(z, labels)

    def map_weight(self) -> Tensor:
        """(w_dim, z_dim) of the first dense layer; it meets the class beside z."""
        return self.mapping.first_weight()

    @property
    def w_avg(self) -> Tensor:
        """The mean of w, (w_dim,)."""
        return self.mapping.w_avg

    def synthesise(self, ws: Tensor) -> Tensor:
        """Images (n, C, H, W) of one w a layer, (n, num_ws, w_dim); not clamped to [-1, 1]."""
        return self.synthesis(ws)

    def style_weights(self, layer: int) -> Tensor:
        """(features, w_dim): how the style of a layer depends on its w; of layer 0, how the turn
        and the shift of the Fourier features do, (4, w_dim).
        """
        fed = ("input", *self.synthesis.layers)[layer]
        part = self.synthesis.get_submodule(fed)
        return part.affine.scaled_weight()  # type: ignore[union-attr, operator]

    def image_layers(self) -> tuple[str, ...]:
        """The names of the Fourier features and of the layers between them and the image."""
        return tuple(f"synthesis.{name}" for name in ("input", *self.synthesis.layers[:-1]))

    @classmethod
    def from_state_dict(
        cls,
        state: Entries[str, Tensor],
        source: str,
        output_scale: float = 0.25,
        clamp: float | None = 256.0,
    ) -> Self:
        """See `Family`; output_scale and clamp are in no state.

        Its filters must be the paper's for its size; they are made anew, and not kept.
        """
        weights = {k: v for k, v in state.items() if not k.endswith(("up_filter", "down_filter"))}
        try:
            generator = cls(**_sizes(weights), output_scale=output_scale, clamp=clamp)
            _check_layers(generator, weights)
            generator.load_state_dict(weights)
            for name in state.keys() - weights.keys():
                own = generator.get_buffer(name)
                if own.shape != state[name].shape or not torch.allclose(own, state[name].to(own)):
                    raise ValueError(f"{name} is another filter than the paper's")
        except (KeyError, IndexError, ValueError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise BenchError(f"{source} is not a StyleGAN3 generator: {reason}") from error
        return generator


def _sizes(state: Entries[str, Tensor]) -> dict[str, Any]:
    """The constructor arguments that the names and shapes of a state show."""
    found = {int(m[2]): m for name in state if (m := LAYER.fullmatch(name))}
    if not found or sorted(found) != list(range(len(found))):
        raise ValueError("its layers are not L0, L1, ...")
    layers = [found[i] for i in range(len(found))]
    widths = [state[layer[0]].shape[0] for layer in layers]
    w_dim = state["mapping.w_avg"].shape[0]
    inputs = state["mapping.fc0.weight"].shape[1]
    embed = state.get("mapping.embed.weight")  # (w_dim, classes)
    return {
        "side": int(layers[-1][3]),
        "z_dim": inputs if embed is None else inputs - w_dim,
        "w_dim": w_dim,
        "n_classes": 0 if embed is None else embed.shape[1],
        "mapping_layers": sum(
            re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in state
        ),
        "channels": widths[:-1],
        "image_channels": widths[-1],
        "variant": "r" if state[layers[0][0]].shape[2] == 1 else "t",
    }


def _check_layers(generator: StyleGAN3, state: Entries[str, Tensor]) -> None:
    """Raises ValueError where a layer of the state has another size than the paper's."""
    found = {match[1] for name in state if (match := LAYER.fullmatch(name))}
    if others := sorted(found - set(generator.synthesis.layers)):
        raise ValueError(f"the paper has no layer {others[0]} for its size")
