"""How many bits a generator computes with: a term of the protocol, since RCA may feel it.

A card rounds what goes into a convolution to TF32 (10 bits of mantissa) unless told otherwise, and
says nothing about it. Here single precision is meant where it is said.
"""

import torch
from torch import Tensor

from benchmark.generators.base import Generator, Latents

PRECISIONS = ("float32", "tf32", "bfloat16")


def use(precision: str) -> None:
    """Compute with these numbers on cards from now on, in this process; no CPU knows TF32."""
    rounds = precision != "float32"
    convolutions = getattr(torch.backends.cudnn, "conv", None)
    if convolutions is None:  # torch before 2.9
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = rounds
        return
    rounded = "tf32" if rounds else "ieee"
    convolutions.fp32_precision = rounded
    torch.backends.cuda.matmul.fp32_precision = rounded


class InBfloat16(Generator):
    """A generator whose layers compute in bfloat16 (7 bits of mantissa), with images in float32.

    Only for images through which no gradient goes: in bfloat16 A's turns away from the true one.
    """

    def __init__(self, whole: Generator) -> None:
        super().__init__()
        self.whole = whole
        self.latent_dim, self.image_shape = whole.latent_dim, whole.image_shape

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return self.whole.sample(n, rng)

    def forward(self, latents: Latents) -> Tensor:
        with torch.autocast(latents.point.device.type, dtype=torch.bfloat16):
            images = self.whole(latents)  # (n, C, H, W)
        return images.float()
