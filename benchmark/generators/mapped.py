"""Generators that first map z to w, a space of their own making, and draw the image from that.

StyleGAN is of this kind. Directions may move z or w; w reaches each layer of the image apart, so a
shift may also move some layers alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.core.errors import BenchError, unknown
from benchmark.core.seeds import stream
from benchmark.generators.base import Latents
from benchmark.generators.family import Family
from benchmark.generators.layer_ranges import as_ranges, layers_of
from benchmark.generators.prior import chosen_classes, draw_classes
from benchmark.generators.ruler import Ruler

SPACES = ("z", "w")
MEASURED = 10_000  # points of w whose spread is the ruler
LEAST_PSI = 0.01  # below it all w are one, but for rounding


@dataclass(frozen=True)
class MappedOptions:
    """space: z or w, in which directions move. psi: how far w goes from its mean, 1 for all of the
    way (the truncation trick). cutoff: only so many first layers are truncated, or None for all.
    layers: which a shift moves in w, such as `0-5` or `0,3-5`, both ends included; "" for all.
    classes: the classes to draw from, or None for all.
    """

    space: str = "z"
    psi: float = 1.0
    cutoff: int | None = None
    layers: str = ""
    classes: tuple[int, ...] | None = None


class Mapped(Family):
    """Base of families that make an image of w, one for each of `num_ws` layers.

    A family, or a generator of anybody's own, says how z becomes w, how w becomes images, and which
    weights w meets; its `latent_dim` begins as `z_dim`. In the space z its latents are points
    (n, z_dim); in w they are (n, num_ws, w_dim), mapped and truncated when they are drawn, so that
    both images of a pair share one w.
    """

    Options = MappedOptions
    z_dim: int
    w_dim: int
    num_ws: int
    options = MappedOptions()
    moving: tuple[int, ...] | None = None
    centre: Tensor
    spread: Tensor
    scale_of_all: float | None = None  # of w of all classes, where only some are drawn

    def map(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """w (n, w_dim), not truncated, of z (n, z_dim) and classes (n,) int64."""
        raise NotImplementedError(f"{type(self).__name__} does not say how z becomes w")

    def map_weight(self) -> Tensor:
        """(features, z_dim): the weight that z meets first."""
        raise NotImplementedError(f"{type(self).__name__} does not say which weight z meets first")

    @property
    def w_avg(self) -> Tensor:
        """(w_dim,): the mean of w, to which truncation pulls."""
        raise NotImplementedError(f"{type(self).__name__} does not know the mean of w")

    def synthesise(self, ws: Tensor) -> Tensor:
        """Images (n, C, H, W) of ws (n, num_ws, w_dim); the same ws, the same images."""
        raise NotImplementedError(f"{type(self).__name__} does not say how w becomes images")

    def style_weights(self, layer: int) -> Tensor:
        """(features, w_dim): the weights that the w of one layer meets."""
        raise NotImplementedError(f"{type(self).__name__} does not say which weights w meets")

    def image_layers(self) -> tuple[str, ...]:
        """The layers after w whose output `features` can read, from w to the image."""
        raise NotImplementedError(f"{type(self).__name__} does not name its layers")

    def configure(self, options: MappedOptions) -> None:
        """Move in this space, truncate so, and draw these classes; raises BenchError.

        In w the spread of the points is measured here, from latents of a stream of its own.
        """
        if options.space not in SPACES:
            raise unknown("space", options.space, SPACES)
        if not LEAST_PSI <= options.psi <= 2.0:
            raise BenchError(f"psi lies in {LEAST_PSI:g} to 2, not {options.psi:g}")
        if options.cutoff is not None and not 0 <= options.cutoff <= self.num_ws:
            raise BenchError(
                f"cutoff is a number of layers up to {self.num_ws}, not {options.cutoff}"
            )
        if options.layers and options.space != "w":
            raise BenchError("only in w do some layers move alone: take space=w beside layers")
        every = tuple(range(self.num_ws))
        moving = layers_of(options.layers, self.num_ws) if options.layers else every
        self.moving = None if moving == every else moving
        chosen_classes(options.classes, self.n_classes)
        self.options, self.space = options, options.space
        self.moved_layers = as_ranges(self.moving or ())
        self.latent_dim = self.w_dim if self.space == "w" else self.z_dim
        self.scale_of_all = None
        if self.space == "w":
            self._measure()

    @torch.no_grad()
    def _measure(self) -> None:
        """Of `base` of many latents, without a w for each layer."""
        classes = self.options.classes
        found = self._spread_of(classes)
        self.register_buffer("centre", found.centre, persistent=False)  # (d,)
        self.register_buffer("spread", found.spread, persistent=False)  # (d, d)
        self.scale_of_all = None if classes is None else self._spread_of(None).scale

    def _spread_of(self, classes: tuple[int, ...] | None) -> Ruler:
        mean, psi, cutoff = self.w_avg, self.options.psi, self.options.cutoff
        layers = range(self.num_ws) if self.moving is None else self.moving
        truncated = sum(cutoff is None or layer < cutoff for layer in layers) / len(layers)
        w = self._w(*self._drawn(MEASURED, stream("the spread of w"), classes))  # (m, w_dim)
        return Ruler.of(mean.lerp(w, 1.0 - truncated * (1.0 - psi)))

    def ruler(self) -> Ruler | None:
        return Ruler(self.centre, self.spread) if self.space == "w" else None

    def frame(self) -> dict[str, str]:
        """See `Generator`; `w_scale` is over all classes, as directions of one go to others."""
        cutoff, scale = self.options.cutoff, self.scale_of_all
        layers = {"layers": self.moved_layers or "all"} if self.space == "w" else {}
        return {
            "space": self.space,
            "psi": f"{self.options.psi:g}",
            "cutoff": "all" if cutoff is None else str(cutoff),
            **super().frame(),
            **layers,
            **({} if scale is None else {"w_scale": f"{scale:.4g}"}),
        }

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        """n latents of the prior and, where there are classes, one for each, uniform over those
        chosen; in w their ws (n, num_ws, w_dim), truncated."""
        z, labels = self._drawn(n, rng, self.options.classes)
        if self.space == "z":
            return Latents(z, labels)
        with torch.no_grad():
            ws = self._ws(z, labels).cpu()  # (n, num_ws, w_dim)
        return Latents(ws, labels, self.moving, self.ruler())

    def _drawn(
        self, n: int, rng: torch.Generator, chosen: tuple[int, ...] | None
    ) -> tuple[Tensor, Tensor | None]:
        """z (n, z_dim) and classes (n,) of those chosen, None for all."""
        z = self.prior.draw(n, self.z_dim, rng)  # (n, z_dim)
        classes = chosen_classes(chosen, self.n_classes)
        return z, draw_classes(classes, n, rng) if classes else None

    def _w(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """(n, w_dim): `map` of what was drawn, wherever it is."""
        like = self.w_avg
        return self.map(z.to(like), None if labels is None else labels.to(like.device))

    def _ws(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """(n, num_ws, w_dim): w for each layer, truncated."""
        mean = self.w_avg  # (w_dim,)
        ws = self._w(z, labels).unsqueeze(1).repeat(1, self.num_ws, 1)  # (n, num_ws, w_dim)
        if self.options.psi == 1.0:
            return ws
        near = mean.lerp(ws[:, : self.options.cutoff], self.options.psi)  # (n, cutoff, w_dim)
        return torch.cat([near, ws[:, near.shape[1] :]], dim=1)

    def forward(self, latents: Latents) -> Tensor:
        point = latents.point
        if self.space == "z":
            point = self._ws(point, latents.labels)  # (n, num_ws, w_dim)
        elif point.ndim == 2:
            point = point.unsqueeze(1).repeat(1, self.num_ws, 1)
        return self.synthesise(point)

    def first_layer(self) -> Tensor:
        """Of z, the first weight of the mapping, whose input is z at mean square one; of w, the
        weights of the styles of all layers that move, one below the other."""
        if self.space == "z":
            return self.map_weight()
        layers = range(self.num_ws) if self.moving is None else self.moving
        return torch.cat([self.style_weights(layer) for layer in layers])  # (features, w_dim)

    def feature_layers(self) -> tuple[str, ...]:
        """`w`, and then the layers of the image."""
        return ("w", *self.image_layers())

    def features(self, latents: Latents, layer: str) -> Tensor:
        """See `Generator`; those of `w` are (n, w_dim), the mean over the layers that move."""
        if layer != "w":
            return super().features(latents, layer)
        if self.space == "w":
            return latents.base
        return self.map(latents.point, latents.labels)
