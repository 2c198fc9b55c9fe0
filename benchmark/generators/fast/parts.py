"""Makes a batch of images in parts where the whole batch does not fit into memory."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from benchmark.core.errors import BenchError
from benchmark.generators.base import Generator, Latents
from benchmark.generators.passes import counting
from benchmark.generators.ruler import Ruler

PIXELS_ON_CPU = 1 << 21  # two images of 1024 x 1024


def most_on(device: str, generator: Generator) -> int | None:
    """How many images to make at once; None where running out of memory raises an error.

    On a CPU the system ends the process instead, so large images are made a few at a time.
    """
    _, height, width = generator.image_shape
    return max(1, PIXELS_ON_CPU // (height * width)) if device == "cpu" else None


class InParts(Generator):
    """Gives the images and gradients of `whole`, made in parts as large as memory allows.

    most: the largest number of latents in a part. When memory runs out, the parts are halved and
    stay so. Gradients then compute each part a second time instead of keeping the values of all
    parts, so that memory holds one part at a time.
    """

    def __init__(self, whole: Generator, most: int | None = None) -> None:
        super().__init__()
        self.whole = whole
        self.latent_dim, self.image_shape, self.usual = (
            whole.latent_dim,
            whole.image_shape,
            whole.usual,
        )
        self.space, self.moved_layers = whole.space, whole.moved_layers
        self.num_ws = whole.num_ws
        self.part = most  # None: all of them, until memory runs out

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        return self.whole.sample(n, rng)

    def forward(self, latents: Latents) -> Tensor:
        """(n, C, H, W); raises BenchError where not even one image fits."""
        return self._in_parts(self.whole, latents)

    def first_layer(self) -> Tensor:
        return self.whole.first_layer()

    def feature_layers(self) -> tuple[str, ...]:
        return self.whole.feature_layers()

    def features(self, latents: Latents, layer: str) -> Tensor:
        return self._in_parts(lambda part: self.whole.features(part, layer), latents)

    def ruler(self) -> Ruler | None:
        return self.whole.ruler()

    def frame(self) -> dict[str, str]:
        return self.whole.frame()

    def true_directions(self) -> Tensor | None:
        return self.whole.true_directions()

    def _in_parts(self, make: Callable[[Latents], Tensor], latents: Latents) -> Tensor:
        while True:
            try:
                return self._made(make, latents)
            except RuntimeError as error:
                if not _out_of_memory(error):
                    raise
                size = min(self.part or len(latents), len(latents))
                if size == 1:
                    side = self.image_shape[1]
                    raise BenchError(
                        f"not even one {side} x {side} image fits into memory; "
                        "take a device with more of it, or a smaller generator"
                    ) from error
                self.part = size // 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _made(self, make: Callable[[Latents], Tensor], latents: Latents) -> Tensor:
        if self.part is None or len(latents) <= self.part:
            return make(latents)
        parts = [latents[i : i + self.part] for i in range(0, len(latents), self.part)]
        if torch.is_grad_enabled() and latents.point.requires_grad:
            made = [checkpoint(_again(make), part, use_reentrant=False) for part in parts]
        else:
            made = [make(part) for part in parts]
        return torch.cat(made)  # (n, ...)


def _again(make: Callable[[Latents], Tensor]) -> Callable[[Latents], Tensor]:
    """The same, of which only the first time counts: the second one, in the backward pass, is the
    price of memory."""
    first = True

    def made(part: Latents) -> Tensor:
        nonlocal first
        if first:
            first = False
            return make(part)
        with counting(None):
            return make(part)

    return made


def _out_of_memory(error: RuntimeError) -> bool:
    """Whether memory ran out: torch raises a special error on a GPU, a text on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
