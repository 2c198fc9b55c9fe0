"""BigGAN's class-conditional generator (Brock et al., ICLR 2019, appendix B).

z is cut into equal chunks: the first becomes a 4 x 4 image, and each other one, beside the
embedding of the class, steers the norms of one block. `from_state_dict` reads the layout of
ajbrock/BigGAN-PyTorch, whose 128-pixel `G_ema.pth` Voynov & Babenko use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core.errors import Unserved, unknown
from benchmark.generators.base import Latents
from benchmark.generators.families.biggan_blocks import Attention, Block, ConditionalNorm
from benchmark.generators.family import Family, read_as
from benchmark.generators.mapped import SPACES
from benchmark.generators.prior import Prior, chosen_classes, draw_classes
from benchmark.generators.ruler import Ruler

SEED_SIZE = 4
ATTENTION_SIDE = 64
WIDTHS = {  # image side: channels of the 4 x 4 image, then after each block, in units of `width`
    32: (4, 4, 4, 4),
    64: (16, 16, 8, 4, 2),
    128: (16, 16, 8, 4, 2, 1),
    256: (16, 16, 8, 8, 4, 2, 1),
}
OURS = (  # their names and ours, where they differ
    ("stored_mean", "running_mean"),
    ("stored_var", "running_var"),
    ("bn1.running", "bn1.statistics.running"),
    ("bn2.running", "bn2.statistics.running"),
    ("conv1.", "conv1.1."),
    ("conv_sc.", "bypass.1."),
    ("output_layer.0.gain", "output_layer.0.weight"),
)


@dataclass(frozen=True)
class BigGANOptions:
    """classes: the classes to draw from, or None for all. truncation: the largest |z|, or None.
    space: z or w, in which directions move."""

    classes: tuple[int, ...] | None = None
    truncation: float | None = None
    space: str = "z"


class BigGAN(Family):
    """BigGAN generator of images of `side` pixels, a power of two from 32 to 256.

    Its w is what the first chunk of z becomes, the 4 x 4 image that all else is made of, as (16 C,)
    numbers; there the other chunks stay as they are drawn.

    latent_dim: a multiple of the number of chunks, one more than the blocks. width: unit of the
    channels. n_classes: how many classes there are; all are drawn unless `configure` chooses some.
    shared_dim: length of a class's embedding.
    """

    family = "biggan"
    published_key = "shared.weight"
    Options = BigGANOptions

    def __init__(
        self,
        side: int = 128,
        latent_dim: int = 120,
        width: int = 96,
        n_classes: int = 1000,
        shared_dim: int = 128,
    ) -> None:
        super().__init__()
        if side not in WIDTHS:
            raise ValueError(f"a BigGAN makes images of {', '.join(map(str, WIDTHS))}, not {side}")
        channels = [width * multiple for multiple in WIDTHS[side]]
        self.chunks = len(channels)  # the seed's, and one per block
        if latent_dim % self.chunks:
            raise ValueError(f"{latent_dim} latent dimensions are no multiple of {self.chunks}")
        self.latent_dim = self.z_dim = latent_dim
        self.image_shape = (3, side, side)
        self.width, self.n_classes, self.shared_dim = width, n_classes, shared_dim
        self.classes: tuple[int, ...] = tuple(range(n_classes))
        chunk = latent_dim // self.chunks
        self.shared = nn.Embedding(n_classes, shared_dim)
        self.linear = nn.Linear(chunk, channels[0] * SEED_SIZE**2)
        self.blocks = nn.ModuleList()
        for i, (a, b) in enumerate(pairwise(channels)):
            layers = nn.ModuleList([Block(a, b, shared_dim + chunk)])
            if SEED_SIZE * 2 ** (i + 1) == ATTENTION_SIDE:
                layers.append(Attention(b))
            self.blocks.append(layers)
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(channels[-1]), nn.ReLU(), nn.Conv2d(channels[-1], 3, 3, padding=1)
        )
        for layer in self.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
                nn.init.orthogonal_(layer.weight)

    def architecture(self) -> dict[str, object]:
        return {
            "side": self.image_shape[1],
            "latent_dim": self.z_dim,
            "width": self.width,
            "n_classes": self.n_classes,
            "shared_dim": self.shared_dim,
        }

    def configure(self, options: BigGANOptions) -> None:
        """Draw from these classes only, and z from a normal cut off at +-truncation; move z or w.

        Raises BenchError for values that cannot be.
        """
        if options.space not in SPACES:
            raise unknown("space", options.space, SPACES)
        cut = options.truncation
        self.prior = Prior.normal() if cut is None else Prior.truncated(cut)
        self.classes = chosen_classes(options.classes, self.n_classes)
        self.space = options.space
        self.latent_dim = self.z_dim if self.space == "z" else self.linear.out_features

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        """n latents and their classes, uniform over `self.classes`."""
        z = self.prior.draw(n, self.z_dim, rng)  # (n, z_dim)
        labels = draw_classes(self.classes, n, rng)  # (n,)
        if self.space == "z":
            return Latents(z, labels)
        first = self.z_dim // self.chunks
        with torch.no_grad():
            w = self.linear(z[:, :first].to(self.linear.weight)).cpu()  # (n, 16 C)
        return Latents(w, labels, ruler=self.ruler(), unmoved=z[:, first:].to(w))

    def ruler(self) -> Ruler | None:
        """w is linear in a z of independent numbers, so its spread is known."""
        if self.space == "z":
            return None
        weight = self.linear.weight.detach() * self.prior.deviation  # (16 C, z_dim / chunks)
        return Ruler(self.linear.bias.detach(), weight.T)

    def first_layer(self) -> Tensor:
        """The weights that z meets: of the seed, then of gains and biases of each block's norms.

        They are block-diagonal, one block of rows for each chunk of z. Raises Unserved in w, which
        meets a norm and a bypass at once.
        """
        if self.space == "w":
            raise Unserved("w of a BigGAN meets no affine layer before the first ReLU")
        fed = [self.linear.weight]  # (16 C, d / chunks)
        for layers in self.blocks:
            steered = [m for m in layers.modules() if isinstance(m, ConditionalNorm)]
            maps = [linear.weight for norm in steered for linear in (norm.gain, norm.bias)]
            fed.append(torch.cat(maps)[:, self.shared_dim :])  # (4 C or so, d / chunks)
        return torch.block_diag(*fed)  # (features, d)

    def feature_layers(self) -> tuple[str, ...]:
        """The names of the 4 x 4 seed, which is w in that space, and of each block."""
        lasts = (len(list(layers.children())) - 1 for layers in self.blocks)  # 0, or 1 of attention
        seed = "linear" if self.space == "z" else "w"
        return (seed, *(f"blocks.{i}.{last}" for i, last in enumerate(lasts)))

    def features(self, latents: Latents, layer: str) -> Tensor:
        return latents.base if layer == "w" == self.space else super().features(latents, layer)

    def forward(self, latents: Latents) -> Tensor:
        if latents.labels is None:
            raise ValueError("a BigGAN needs the class of every latent, and these have none")
        seed, chunks = self._parts(latents)
        embedding = self.shared(latents.labels)  # (n, shared_dim)
        x = seed.unflatten(1, (-1, SEED_SIZE, SEED_SIZE))  # (n, C, 4, 4)
        for layers, chunk in zip(self.blocks, chunks, strict=True):
            condition = torch.cat([embedding, chunk], dim=1)  # (n, shared_dim + d / chunks)
            for layer in layers.children():
                x = layer(x, condition)
        return torch.tanh(self.output_layer(x))  # (n, 3, side, side)

    def _parts(self, latents: Latents) -> tuple[Tensor, Sequence[Tensor]]:
        """w (n, 16 C), and the chunk (n, z_dim / chunks) of each block."""
        if self.space == "z":
            first, *chunks = latents.point.chunk(self.chunks, dim=1)
            return self.linear(first), chunks
        if latents.unmoved is None:
            raise ValueError("w of a BigGAN goes with the other chunks of z, and these have none")
        return latents.point, latents.unmoved.chunk(self.chunks - 1, dim=1)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor], source: str) -> Self:
        """See `Family`; the layout is that of ajbrock/BigGAN-PyTorch."""
        with read_as(f"{source} is not a BigGAN generator"):
            state = _without_spectral_norm(state)
            for theirs, ours in OURS:
                state = {name.replace(theirs, ours): value for name, value in state.items()}
            blocks = 0
            while f"blocks.{blocks}.0.conv2.weight" in state:
                blocks += 1
            side = SEED_SIZE * 2**blocks
            n_classes, shared_dim = state["shared.weight"].shape
            generator = cls(
                side,
                latent_dim=state["linear.weight"].shape[1] * (blocks + 1),
                width=state["output_layer.2.weight"].shape[1] // WIDTHS[side][-1],
                n_classes=n_classes,
                shared_dim=shared_dim,
            )
            generator.load_state_dict(state)
        return generator


def _without_spectral_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Every weight that has a singular vector `u0` beside it, divided by its spectral norm.

    Their eval mode takes one power iteration from u0 on: sigma = |W v| with v = W^T u0 / |W^T u0|.
    The stored `sv0` is a record of training that no image depends on.
    """
    plain = {k: v for k, v in state.items() if not k.endswith((".u0", ".sv0"))}
    for name in (k.removesuffix("u0") + "weight" for k in state if k.endswith(".u0")):
        weight = plain[name]
        matrix = weight.flatten(1).double()  # (out, in)
        u = state[name.removesuffix("weight") + "u0"].double()  # (1, out)
        v = F.normalize(u @ matrix)  # (1, in)
        plain[name] = (weight.double() / (matrix @ v.T).norm()).to(weight.dtype)
    return plain
