"""BigGAN-deep's class-conditional generator (Brock et al., ICLR 2019, appendix B), as DeepMind
released it.

All of z, beside the embedding of the class, steers every norm. `from_state_dict` reads the layout
of huggingface/pytorch-pretrained-BigGAN, in which norms hold the statistics of 51 truncations, from
0 to 1, and z comes from a normal cut off at +-2, times the truncation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.errors import BenchError
from benchmark.generators.base import Latents
from benchmark.generators.families.biggan import SEED_SIZE
from benchmark.generators.families.biggan_blocks import Attention
from benchmark.generators.families.deep_blocks import DeepBlock, LastNorm, Norm, Statistics
from benchmark.generators.family import Family, read_as
from benchmark.generators.prior import Prior, chosen_classes, draw_classes

CUT = 2.0  # the largest |z| at a truncation of 1
OURS = (  # their names and ours, in the order in which they are replaced
    ("generator.gen_z.", "seed."),
    ("generator.conv_to_rgb.", "output."),
    ("generator.bn.running", "norm.running"),
    ("generator.bn.", "norm."),
    ("generator.", ""),
    ("embeddings.", "embedding."),
    (".running", ".statistics.running"),
    (".scale.", ".gain."),
    (".offset.", ".bias."),
    (".bn_", ".norm"),
    (".conv_1.", ".conv1.1."),
    (".conv_", ".conv"),
    ("snconv1x1_o_conv.", "o."),
    ("snconv1x1_", ""),
)


@dataclass(frozen=True)
class BigGANDeepOptions:
    """classes: the classes to draw from, or None for all. truncation: above 0 and at most 1; z is
    multiplied by it, and norms take the statistics measured at it."""

    classes: tuple[int, ...] | None = None
    truncation: float = 1.0


class BigGANDeep(Family):
    """BigGAN-deep generator of d latents; channels at 4 x 4 pixels, then at each doubled size.

    n_classes, class_dim: how many classes there are, and the length of a class's embedding.
    attention_side: the size of image at which places look at each other.
    """

    family = "biggan-deep"
    published_key = "generator.gen_z.weight_orig"
    Options = BigGANDeepOptions

    def __init__(
        self,
        latent_dim: int = 128,
        channels: Sequence[int] = (2048, 2048, 1024, 512, 256, 128),
        n_classes: int = 1000,
        class_dim: int = 128,
        attention_side: int = 64,
    ) -> None:
        super().__init__()
        side = SEED_SIZE << (len(channels) - 1)
        self.latent_dim, self.image_shape = latent_dim, (3, side, side)
        self.channels, self.n_classes, self.class_dim = tuple(channels), n_classes, class_dim
        self.attention_side, self.truncation = attention_side, 1.0
        self.classes: tuple[int, ...] = tuple(range(n_classes))
        condition = latent_dim + class_dim
        self.embedding = nn.Embedding(n_classes, class_dim)
        self.seed = nn.Linear(condition, channels[0] * SEED_SIZE**2)
        self.layers = nn.ModuleList()
        for i, (a, b) in enumerate(pairwise(channels)):
            if SEED_SIZE << i == attention_side:
                self.layers.append(Attention(a))
            self.layers.append(DeepBlock(a, a, condition, up=False))
            self.layers.append(DeepBlock(a, b, condition, up=True))
        self.norm = LastNorm(channels[-1])
        self.output = nn.Conv2d(channels[-1], 3, 3, padding=1)
        for layer in self.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
                nn.init.orthogonal_(layer.weight)

    def architecture(self) -> dict[str, object]:
        return {
            "latent_dim": self.latent_dim,
            "channels": self.channels,
            "n_classes": self.n_classes,
            "class_dim": self.class_dim,
            "attention_side": self.attention_side,
        }

    def configure(self, options: BigGANDeepOptions) -> None:
        """Draw from these classes only, and z at this truncation, whose statistics norms take."""
        if not 0.0 < options.truncation <= 1.0:
            raise BenchError(f"truncation lies above 0 and is at most 1, not {options.truncation}")
        self.classes = chosen_classes(options.classes, self.n_classes)
        self.truncation = options.truncation
        for layer in self.modules():
            if isinstance(layer, Statistics):
                layer.truncation = options.truncation

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        """n latents, within +-2 times the truncation, and their classes, uniform over `classes`."""
        z = self.truncation * Prior.truncated(CUT).draw(n, self.latent_dim, rng)  # (n, d)
        return Latents(z, draw_classes(self.classes, n, rng))

    def first_layer(self) -> Tensor:
        """The weights that z meets: of the seed, then of gains and biases of each block's norms."""
        steered = [layer for layer in self.modules() if isinstance(layer, Norm)]
        maps = [linear.weight for norm in steered for linear in (norm.gain, norm.bias)]
        return torch.cat([self.seed.weight, *maps])[:, : self.latent_dim]  # (features, d)

    def feature_layers(self) -> tuple[str, ...]:
        """The names of the 4 x 4 seed and of each block."""
        blocks = (i for i, layer in enumerate(self.layers) if isinstance(layer, DeepBlock))
        return ("seed", *(f"layers.{i}" for i in blocks))

    def forward(self, latents: Latents) -> Tensor:
        if latents.labels is None:
            raise ValueError("a BigGAN needs the class of every latent, and these have none")
        embedding = self.embedding(latents.labels)  # (n, class_dim)
        condition = torch.cat([latents.point, embedding], dim=1)  # (n, d + class_dim)
        x = self.seed(condition).unflatten(1, (-1, SEED_SIZE, SEED_SIZE))  # (n, C, 4, 4)
        for layer in self.layers:
            x = layer(x, condition)
        return torch.tanh(self.output(F.relu(self.norm(x))))  # (n, 3, side, side)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor], source: str) -> Self:
        """See `Family`; the layout is that of huggingface/pytorch-pretrained-BigGAN."""
        with read_as(f"{source} is not a BigGAN-deep generator"):
            weights = _without_spectral_norm(state)
            for theirs, ours in OURS:
                weights = {name.replace(theirs, ours): value for name, value in weights.items()}
            found = _sizes(weights)
            embedding, seed = weights["embedding.weight"], weights["seed.weight"]
            weights["embedding.weight"] = embedding.T  # (classes, class_dim)
            for name, value in (("seed.weight", seed), ("seed.bias", weights["seed.bias"])):
                places = value.unflatten(0, (SEED_SIZE**2, -1))  # (16, C, ...), channels last
                weights[name] = places.transpose(0, 1).flatten(0, 1)  # (C * 16, ...)
            for name in ("output.weight", "output.bias"):
                weights[name] = weights[name][:3]  # they have more channels than an image
            generator = cls(**found)  # type: ignore[arg-type]  # each is of its own type
            generator.load_state_dict(weights)
        return generator


def _sizes(weights: Mapping[str, Tensor]) -> dict[str, object]:
    """The constructor arguments that the shapes of a state show."""
    class_dim, n_classes = weights["embedding.weight"].shape
    rows, condition = weights["seed.weight"].shape
    channels, places, i = [rows // SEED_SIZE**2], [], 0
    while f"layers.{i}.norm0.gain.weight" in weights or f"layers.{i}.gamma" in weights:
        if f"layers.{i}.gamma" in weights:
            places.append(SEED_SIZE << (len(channels) - 1))
            i += 1
            continue
        channels.append(weights[f"layers.{i + 1}.conv3.weight"].shape[0])  # of the one that doubles
        i += 2
    return {
        "latent_dim": condition - class_dim,
        "channels": channels,
        "n_classes": n_classes,
        "class_dim": class_dim,
        "attention_side": places[0],
    }


def _without_spectral_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every weight that has singular vectors u and v beside it, divided by u W v."""
    plain = {}
    for name, value in state.items():
        if name.endswith("weight_orig"):
            stem = name.removesuffix("_orig")
            u, v = (state[f"{stem}_{which}"].double() for which in ("u", "v"))
            norm = u @ value.flatten(1).double() @ v  # ()
            plain[stem] = (value.double() / norm).to(value.dtype)
        elif not name.endswith(("weight_u", "weight_v")):
            plain[name] = value
    return plain
