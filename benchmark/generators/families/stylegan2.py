"""StyleGAN2's generator (Karras et al., CVPR 2020, and NeurIPS 2020 for classes).

A mapping network turns z into w; the synthesis begins with a constant image and doubles it, and at
every layer w scales the weights. Its image is the sum of what all sizes give (skip), or each size
adds to the one before it and the last alone gives the image (residual). The names of the state dict
are those of `G` in NVlabs/stylegan2-ada-pytorch.
"""

from collections.abc import Mapping as Entries
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from benchmark.generators.families.mapping import mapping_sizes
from benchmark.generators.families.modulation import Bypass, StyledConv, ToRGB
from benchmark.generators.families.stylegan import StyleGAN
from benchmark.generators.family import read_as
from benchmark.generators.fast.low_pass import doubled, low_pass

SEED_SIZE = 4
MOST_CHANNELS, CHANNELS_TIMES_SIDE = 512, 32768  # the paper's widths

Variant = Literal["skip", "residual"]


def usual_channels(side: int) -> tuple[int, ...]:
    """The paper's widths at 4 x 4 pixels, 8 x 8, and so on to `side`."""
    sides = [SEED_SIZE << i for i in range((side // SEED_SIZE).bit_length())]
    return tuple(min(MOST_CHANNELS, CHANNELS_TIMES_SIDE // size) for size in sides)


class Block(nn.Module):
    """The layers of one image size; the first one has the constant image and one convolution.

    Takes the channels (n, in, h, w) and image (n, C, h, w) of the size before, None at first, and
    of each layer its w; returns those of its own size. step: every how many pixels one is made.
    """

    def __init__(
        self,
        channels_in: int | None,
        channels_out: int,
        w_dim: int,
        side: int,
        image_channels: int,
        *,
        variant: Variant,
        last: bool,
        clamp: float | None,
    ) -> None:
        super().__init__()
        residual = variant == "residual" and channels_in is not None
        gain = 0.5**0.5 if residual else 1.0  # two equal parts keep the mean square
        self.conv0 = self.skip = self.torgb = None
        self.step = 1
        if channels_in is None:
            self.const = nn.Parameter(torch.randn(channels_out, side, side))
        else:
            self.conv0 = StyledConv(channels_in, channels_out, w_dim, side, up=True, clamp=clamp)
            if residual:
                self.skip = Bypass(channels_in, channels_out, gain)
        self.conv1 = StyledConv(channels_out, channels_out, w_dim, side, gain=gain, clamp=clamp)
        if last or variant == "skip":
            self.torgb = ToRGB(channels_out, image_channels, w_dim, clamp)

    def forward(
        self, x: Tensor | None, image: Tensor | None, ws: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor | None]:
        *_, w1, w_image = ws  # each (n, w_dim)
        if x is None or self.conv0 is None:
            y = self.conv1(self.const.expand(len(w1), -1, -1, -1), w1)  # (n, out, 4, 4)
        else:
            y = self.conv1(self.conv0(x, ws[0]), w1)  # (n, out, 2h, 2w)
            if self.skip is not None:
                y = y + self.skip(x)[..., :: self.step, :: self.step]
        if image is not None:
            image = doubled(image)[..., :: self.step, :: self.step]  # (n, C, 2h, 2w)
        if self.torgb is not None:
            own = self.torgb(y, w_image)  # (n, C, 2h, 2w)
            image = own if image is None else image + own
        return y, image


class Synthesis(nn.Module):
    """ws (n, layers, w_dim) -> images (n, C, side, side), not clamped."""

    def __init__(
        self,
        channels: Sequence[int],
        w_dim: int,
        image_channels: int,
        variant: Variant,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.sides = tuple(SEED_SIZE << i for i in range(len(channels)))
        for side, (before, width) in zip(self.sides, pairwise([None, *channels]), strict=True):
            assert width is not None
            last = side == self.sides[-1]
            block = Block(
                before, width, w_dim, side, image_channels, variant=variant, last=last, clamp=clamp
            )
            self.add_module(f"b{side}", block)

    def forward(self, ws: Tensor) -> Tensor:
        x = image = None
        each = ws.unbind(dim=1)
        for i, side in enumerate(self.sides):
            block = self.get_submodule(f"b{side}")
            # The image of a size takes the w of the next size's first convolution.
            x, image = block(x, image, each[max(0, 2 * i - 1) : 2 * i + 2])
        assert image is not None
        return image  # (n, C, side, side)


class StyleGAN2(StyleGAN):
    """StyleGAN2 generator of images of `side` pixels, a power of two from 4.

    channels: widths at 4 x 4 pixels, 8 x 8, ... side; the paper's where None. n_classes: 0 without
    classes. clamp: where training cut off the layers' outputs (256 in NVIDIA's), or None.
    """

    family = "stylegan2"
    published_key = "synthesis.b4.const"
    synthesis: Synthesis

    def __init__(
        self,
        side: int,
        z_dim: int = 512,
        w_dim: int = 512,
        n_classes: int = 0,
        mapping_layers: int = 8,
        channels: Sequence[int] | None = None,
        image_channels: int = 3,
        variant: Variant = "skip",
        clamp: float | None = None,
    ) -> None:
        channels = usual_channels(side) if channels is None else tuple(channels)
        if not channels or side != SEED_SIZE << (len(channels) - 1):
            raise ValueError(
                f"a StyleGAN2 of {side} pixels has no {len(channels)} sizes: the first is "
                f"{SEED_SIZE}, and each doubles the one before"
            )
        if variant not in ("skip", "residual"):
            raise ValueError(f"a StyleGAN2 is skip or residual, not {variant}")
        num_ws = 2 * len(channels)
        super().__init__(
            side, z_dim, w_dim, n_classes, mapping_layers, channels, image_channels, num_ws
        )
        self.variant, self.clamp = variant, clamp
        self.synthesis = Synthesis(channels, w_dim, image_channels, variant, clamp)

    def architecture(self) -> dict[str, object]:
        return {**super().architecture(), "variant": self.variant, "clamp": self.clamp}

    def thin(self, side: int) -> None:
        """Let the last convolution stride over the pixels that sampling would drop."""
        full = self.side
        last = self.synthesis.get_submodule(f"b{full}")
        if full <= side or full % side or not isinstance(last, Block):
            return
        last.step = last.conv1.step = full // side
        self.image_shape = (self.image_shape[0], side, side)

    def style_weights(self, layer: int) -> Tensor:
        """(features, w_dim): how the style of the convolution that w of `layer` feeds depends on
        it; of the last layer, that of the image.

        The images of smaller sizes share the w of a convolution and are left out, as by the authors
        of SeFa.
        """
        i, second = divmod(layer + 1, 2)
        last = layer == self.num_ws - 1
        block = self.synthesis.get_submodule(f"b{self.synthesis.sides[i - last]}")
        part = block.get_submodule("torgb" if last else f"conv{second}")
        return part.affine.scaled_weight()  # type: ignore[union-attr, operator]

    def image_layers(self) -> tuple[str, ...]:
        """The names of the convolutions from small to large, whose outputs are activated."""
        names = (f"synthesis.b{side}.conv{i}" for side in self.synthesis.sides for i in (0, 1))
        return tuple(names)[1:]  # the first size has one

    @classmethod
    def from_state_dict(
        cls, state: Entries[str, Tensor], source: str, clamp: float | None = None
    ) -> Self:
        """See `Family`. The filters in it are dropped, as they are the paper's.

        clamp: see the class; no state holds it.
        """
        filters = {name for name in state if name.endswith(".resample_filter")}
        with read_as(f"{source} is not a StyleGAN2 generator"):
            for name in filters:
                if not torch.allclose(state[name], low_pass(state[name])):
                    raise ValueError(f"{name} is another filter than 1, 3, 3, 1")
            weights = {name: value for name, value in state.items() if name not in filters}
            generator = cls(**_sizes(weights), clamp=clamp)
            generator.load_state_dict(weights)
        return generator


def _sizes(state: Entries[str, Tensor]) -> dict[str, Any]:
    """The constructor arguments that the shapes of a state show."""
    channels: list[int] = []
    while (name := f"synthesis.b{SEED_SIZE << len(channels)}.conv1.bias") in state:
        channels.append(state[name].shape[0])
    side = SEED_SIZE << (len(channels) - 1)
    return {
        "side": side,
        **mapping_sizes(state),
        "channels": channels,
        "image_channels": state[f"synthesis.b{side}.torgb.bias"].shape[0],
        "variant": "residual" if "synthesis.b8.skip.weight" in state else "skip",
    }
