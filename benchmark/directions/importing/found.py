"""What a reader is told about a file of others, and what it finds there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmark.core.errors import BenchError

ORIENTATIONS = ("rows", "columns")
SPACES = ("z", "w")  # in which directions may be said to be; w+ is told by a layout
LARGEST = 1e30  # beyond which a direction's length could not be squared in float64
SAVE = "save directions as columns of unit length: np.save('directions.npy', columns) of (d, K)"


@dataclass(frozen=True)
class Told:
    """What is known of a file from elsewhere; "" and None where nobody says it.

    layout: a name in LAYOUTS. orientation: whether directions are the rows or the columns. space: z
    or w. latent_dim: the d of the generator that the directions are for, or of the chunk of its
    latents that they move. orthonormalise: Gram-Schmidt, in the file's order.
    """

    layout: str = ""
    orientation: str = ""
    space: str = ""
    latent_dim: int | None = None
    orthonormalise: bool = False


@dataclass(frozen=True)
class Found:
    """K directions as a file holds them, of any length.

    columns: (d, K) float64; of W+ (layers * d, K), layer by layer. orientation: what they were in
    the file. scale: (K,) how far a step of 1 in the project goes, which it calls scale_of; None
    where no such step is known. space, layers: "" where the file does not say it; layers are
    like `6-11`, both ends included. names: of the directions, or (). sigmas: how
    many such steps the project goes, one number for all or (K,). notes: for the provenance.
    said: what a user should hear, a line each.
    """

    columns: np.ndarray
    orientation: str
    layout: str = ""
    scale: np.ndarray | None = None
    scale_of: str = ""
    space: str = ""
    layers: str = ""
    names: tuple[str, ...] = ()
    orthonormalise: bool = False
    sigmas: float | np.ndarray = 1.0
    notes: Mapping[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()


def numbers(array: object, path: Path, what: str = "") -> np.ndarray:
    """The array in float64, of the same shape. what: which entry of the file it is.

    Raises BenchError for integers, complex numbers, values that are not finite, and no array.
    """
    name = f" in {what}" if what else ""
    if not isinstance(array, np.ndarray):
        raise BenchError(f"{path} holds no directions: no array{name}")
    if array.dtype.kind != "f":
        kind = {"c": "complex numbers", "i": "integers", "u": "integers", "b": "truth values"}
        found = kind.get(array.dtype.kind, f"values of type {array.dtype}")
        raise BenchError(f"{path} holds no directions: {found}{name} {array.shape}; {SAVE}")
    if not array.size:
        raise BenchError(f"{path} holds an array of {shape_words(array)}{name}, which is empty")
    values = array.astype(np.float64)
    if not (abs(values) < LARGEST).all():
        raise BenchError(
            f"{path} holds no directions: not all of {array.shape} values{name} are finite and "
            f"below {LARGEST:g}"
        )
    return values


def shape_words(array: np.ndarray) -> str:
    """`12 x 5`."""
    return " x ".join(map(str, array.shape)) or "a single value"
