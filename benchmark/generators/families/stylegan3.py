"""StyleGAN3's generator (Karras et al., NeurIPS 2021), whose details move with what they are on.

A mapping network turns z into w. The synthesis begins with Fourier features, which w turns and
shifts, and every layer filters what its leaky ReLU makes (`equivariant.py`, `alias_free.py`).
Variant t is equivariant to translation; r to rotation as well, with 1x1 convolutions and radial
filters. There is no noise. The names of the state dict are those of `G` in NVlabs/stylegan3.
"""

import re
from collections.abc import Mapping as Entries
from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor

from benchmark.generators.families.alias_free import bands
from benchmark.generators.families.equivariant import Synthesis, Variant
from benchmark.generators.families.mapping import mapping_sizes
from benchmark.generators.families.stylegan import StyleGAN
from benchmark.generators.family import read_as

LAYERS = 14
MOST_CHANNELS, CHANNELS_TIMES_CUTOFF = 512, 16384  # the paper's widths; r has twice as many
LAYER = re.compile(r"synthesis\.(L(\d+)_(\d+)_(\d+))\.weight")  # number, size, channels


def usual_channels(side: int, variant: Variant = "t") -> tuple[int, ...]:
    """The paper's widths after each layer but the last, which makes the image."""
    most = MOST_CHANNELS * (2 if variant == "r" else 1)
    product = CHANNELS_TIMES_CUTOFF * (2 if variant == "r" else 1)
    return tuple(min(most, round(product / band.cutoff)) for band in bands(side, LAYERS)[:-1])


class StyleGAN3(StyleGAN):
    """StyleGAN3 generator of images of `side` pixels, a power of two from 16.

    channels: widths after each layer but the last; the paper's where None. n_classes: 0 without
    classes. clamp: where training cut off the layers' outputs, or None.
    """

    family = "stylegan3"
    published_key = "synthesis.input.freqs"
    synthesis: Synthesis

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
        if variant not in ("t", "r"):
            raise ValueError(f"a StyleGAN3 is t or r, not {variant}")
        channels = usual_channels(side, variant) if channels is None else tuple(channels)
        num_ws = len(channels) + 2
        super().__init__(
            side, z_dim, w_dim, n_classes, mapping_layers, channels, image_channels, num_ws
        )
        self.variant, self.output_scale, self.clamp = variant, output_scale, clamp
        self.synthesis = Synthesis(
            side, channels, w_dim, image_channels, variant, output_scale, clamp
        )

    def architecture(self) -> dict[str, object]:
        own = {"variant": self.variant, "output_scale": self.output_scale, "clamp": self.clamp}
        return {**super().architecture(), **own}

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
        with read_as(f"{source} is not a StyleGAN3 generator"):
            generator = cls(**_sizes(weights), output_scale=output_scale, clamp=clamp)
            _check_layers(generator, weights)
            generator.load_state_dict(weights)
            for name in state.keys() - weights.keys():
                own = generator.get_buffer(name)
                if own.shape != state[name].shape or not torch.allclose(own, state[name].to(own)):
                    raise ValueError(f"{name} is another filter than the paper's")
        return generator


def _sizes(state: Entries[str, Tensor]) -> dict[str, Any]:
    """The constructor arguments that the names and shapes of a state show."""
    found = {int(m[2]): m for name in state if (m := LAYER.fullmatch(name))}
    if not found or sorted(found) != list(range(len(found))):
        raise ValueError("its layers are not L0, L1, ...")
    layers = [found[i] for i in range(len(found))]
    widths = [state[layer[0]].shape[0] for layer in layers]
    return {
        "side": int(layers[-1][3]),
        **mapping_sizes(state),
        "channels": widths[:-1],
        "image_channels": widths[-1],
        "variant": "r" if state[layers[0][0]].shape[2] == 1 else "t",
    }


def _check_layers(generator: StyleGAN3, state: Entries[str, Tensor]) -> None:
    """Raises ValueError where a layer of the state has another size than the paper's."""
    found = {match[1] for name in state if (match := LAYER.fullmatch(name))}
    if others := sorted(found - set(generator.synthesis.layers)):
        raise ValueError(f"the paper has no layer {others[0]} for its size")
