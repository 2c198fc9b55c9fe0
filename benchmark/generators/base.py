"""What every generator of the suite is: a frozen map from latents to images."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from benchmark.core.errors import BenchError, Unserved, unknown
from benchmark.generators.passes import counted
from benchmark.generators.prior import Prior, draw_classes
from benchmark.generators.ruler import Ruler
from benchmark.generators.usual import Usual


@dataclass(frozen=True)
class Latents:
    """A batch of points of the space in which directions move: z, or w, or one w per layer.

    point: (n, d) or (n, layers, d) float. labels: (n,) int64 class of each point, or None for
    unconditional generators. Moving keeps the labels, so both images of a pair share their class.
    layers: which of the layers move, or None for all. ruler: how long one eps is in each direction,
    or None where that is 1. unmoved: (n, ...) what else the images depend on and no shift moves.
    """

    point: Tensor
    labels: Tensor | None = None
    layers: tuple[int, ...] | None = None
    ruler: Ruler | None = None
    unmoved: Tensor | None = None

    def __len__(self) -> int:
        return self.point.shape[0]

    @property
    def base(self) -> Tensor:
        """(n, d): the points, of those with layers the mean over the layers that move."""
        if self.point.ndim == 2:
            return self.point
        moving = self.point if self.layers is None else self.point[:, list(self.layers)]
        return moving.mean(dim=1)  # (n, d)

    def measured(self, vectors: Tensor) -> Tensor:
        """Vectors (..., d) whose length is in eps, as long as they are in the space itself."""
        return vectors if self.ruler is None else self.ruler.measured(vectors)

    def lengths(self, delta: Tensor) -> Tensor:
        """(...,) lengths in eps of moves (..., d): what `measured` undoes."""
        lengths = torch.linalg.vector_norm(delta, dim=-1)  # (...,)
        return lengths if self.ruler is None else lengths / self.ruler.along(delta)

    def moved(self, delta: Tensor) -> Latents:
        """The same points moved by delta, (n, d) or (d,); with layers, those that move, all alike.

        The only way to move: whatever shifts an image goes through here, and the points keep their
        type, in which the generator computes, whatever that of the shift. Raises BenchError where
        delta has another size, which would otherwise be spread over all dimensions where it is 1.
        """
        if delta.shape[-1] != self.point.shape[-1]:
            raise BenchError(
                f"a shift of {delta.shape[-1]} dimensions cannot move latents of "
                f"{self.point.shape[-1]}"
            )
        delta = delta.to(self.point.dtype)
        if self.point.ndim == 3:
            delta = delta.unsqueeze(-2)  # (n, 1, d) or (1, d)
            if self.layers is not None:
                moves = delta.new_zeros(self.point.shape[1], 1)  # (layers, 1)
                for layer in self.layers:  # a list of them would be copied to a card, which waits
                    moves[layer] = 1.0
                delta = delta * moves  # (n, layers, d) or (layers, d)
        return replace(self, point=self.point + delta)

    def to(self, device: torch.device | str) -> Latents:
        return Latents(
            self.point.to(device),
            None if self.labels is None else self.labels.to(device),
            self.layers,
            None if self.ruler is None else self.ruler.to(device),
            None if self.unmoved is None else self.unmoved.to(device),
        )

    def __getitem__(self, rows: slice | Tensor) -> Latents:
        return replace(
            self,
            point=self.point[rows],
            labels=None if self.labels is None else self.labels[rows],
            unmoved=None if self.unmoved is None else self.unmoved[rows],
        )


@dataclass(frozen=True)
class NoOptions:
    """The options of a generator that has none."""


class Generator(nn.Module):
    """Base of all generators: G maps n latents to (n, C, H, W) images in [-1, 1].

    A subclass sets `latent_dim` and `image_shape` and implements `forward`. It sets `prior` where z
    is not N(0, I), and `n_classes` where every image has a class. It may also set `usual` terms,
    `Options` (a frozen dataclass whose every field has a default) with `configure`, and
    `first_layer` and `feature_layers` for methods that look inside.
    """

    latent_dim: int  # d
    image_shape: tuple[int, int, int]  # (C, H, W)
    prior: Prior = Prior.normal()
    n_classes: int = 0  # of a class-conditional generator
    usual: Usual = Usual()
    space: str = "z"  # of the points that `sample` draws; a generator whose points are w says so
    num_ws: int = 0  # how many layers take a w of their own
    moved_layers: str = ""  # of w, those that a shift moves, such as `6-11`; "" for all
    Options: ClassVar[type[Any]] = NoOptions
    code: str = ""  # the hash of the user's file that made it; "" for the suite's own
    trained_on: str = ""  # the data set, by the name of its judge; "" where none is bundled

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        """n latents from the generator's prior, on the CPU whatever the generator's device.

        They are drawn on the CPU, so that a seed gives the same latents on every machine. Where
        there are classes, each latent has one of them, uniform.
        """
        z = self.prior.draw(n, self.latent_dim, rng)  # (n, d)
        return Latents(z, draw_classes(range(self.n_classes), n, rng) if self.n_classes else None)

    def __call__(self, latents: Latents, *rest: Any, **named: Any) -> Tensor:
        """What `forward` gives; the images count as passes (`generators/passes`)."""
        return counted(lambda: super(Generator, self).__call__(latents, *rest, **named), latents)

    def forward(self, latents: Latents) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say how it makes images")

    def configure(self, options: Any) -> None:
        """Take on `options`, an instance of `Options`; raises BenchError for impossible values."""
        if fields(options):
            raise BenchError(
                f"{type(self).__name__} has Options, but no configure() that uses them"
            )

    def thin(self, side: int) -> None:
        """Leave out the pixels that nearest sampling to `side` x `side` would drop.

        Changes nothing where the architecture cannot; `image_shape` says what images come out.
        """

    def first_layer(self) -> Tensor:
        """The weight (features, d) of the first affine step, the Jacobian of its output by the
        latent. Raises Unserved where there is no such step; ask the original, not a fast copy.
        """
        raise Unserved(
            f"{type(self).__name__} does not say what its first layer is; "
            "its first_layer() should return that layer's weight (features, d)"
        )

    def feature_layers(self) -> tuple[str, ...]:
        """The layers that `features` can stop at, from the latent to the image, by module name.

        Raises Unserved where there are none.
        """
        raise Unserved(
            f"{type(self).__name__} does not name its layers; "
            "its feature_layers() should return the names of modules that its images pass through"
        )

    def features(self, latents: Latents, layer: str) -> Tensor:
        """The output (n, ...) of one of `feature_layers`, with its gradient towards the latents.

        Computes nothing after that layer; where images pass it twice, its first output counts.
        Raises BenchError for an unknown layer.
        """
        names = self.feature_layers()
        if layer not in names:
            raise unknown(f"layer of {type(self).__name__}", layer, names)
        try:
            module = self.get_submodule(layer)
        except AttributeError as error:
            raise BenchError(f"{type(self).__name__} has no module '{layer}'") from error

        def as_far_as_there() -> Tensor:
            try:
                self(latents)
            except _Reached as reached:
                return reached.output
            raise BenchError(
                f"no image of {type(self).__name__} passes through its layer '{layer}'"
            )

        hook = module.register_forward_hook(_stop)
        try:
            return counted(as_far_as_there, latents)
        finally:
            hook.remove()

    def ruler(self) -> Ruler | None:
        """How long one eps is for the latents that `sample` gives, which bring it along; None where
        that is 1 in every direction."""
        return None

    def frame(self) -> dict[str, str]:
        """In what its shifts move, as the provenance of directions keeps it: nothing for all of a
        z; else such as `space`, `layers`, and `w_scale`, the standard deviation of a dimension."""
        found = {"layers": self.moved_layers} if self.moved_layers else {}
        if self.space != "z":
            found = {"space": self.space, **found}
        ruler = self.ruler()
        return found if ruler is None else {**found, "w_scale": f"{ruler.scale:.4g}"}

    def true_directions(self) -> Tensor | None:
        """(d, F) unit columns, the directions to be found, or None where they are not known."""
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, nn.Module) and hasattr(Generator, name):  # it could never be reached
            raise BenchError(
                f"{type(self).__name__}.{name} cannot be a layer: every generator has something "
                "else by that name; call the layer otherwise"
            )
        super().__setattr__(name, value)


class _Reached(Exception):
    """Ends a forward pass at the layer whose output is wanted."""

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output


def _stop(_module: nn.Module, _inputs: object, output: Tensor) -> None:
    raise _Reached(output)
