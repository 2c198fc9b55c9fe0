"""One array without a word about it: read where shape and lengths settle what it holds.

What may be read in two ways is refused, with what was found and what would settle it: a wrong guess
gives directions that look right, since any matrix moves an image.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.core.errors import BenchError
from benchmark.directions.importing.found import Found, Told, numbers, shape_words

log = logging.getLogger("bench")

UNIT = 2e-3  # how far from 1 the length of a unit vector may lie, as float16 stores it
LAYERS = range(4, 19, 2)  # how many layers a StyleGAN of 8 to 1024 pixels has
EQUAL = 1e-5  # by which rows may differ that are one direction, given for each layer
IMPORT = "say which with `bench import FILE -g GENERATOR`"
ROWS_OR_COLUMNS = f"{IMPORT} and --as rows or --as columns"


def read_array(content: Any, told: Told, path: Path) -> Found:
    """The directions of one array of floats.

    Its columns are the directions where they have unit length, or where there are more rows than
    columns; its rows are where they alone have unit length. Where the generator's d is known, one
    of the two must be d long. Raises BenchError for anything else: a square, a single row that is
    not known to be d long, as many rows as a generator has layers.
    """
    array = numbers(content, path)
    if told.orientation:
        return _as_told(array, told.orientation, path)
    if array.ndim == 3 and array.shape[1] == 1:
        rows = array[:, 0]  # (K, d)
        if _unit(rows, 1) and (len(rows) > 1 or rows.shape[1] == told.latent_dim):
            return Found(rows.T, "rows", "components")
    if array.ndim == 1 and len(array) == told.latent_dim:
        array = array[None]  # (1, d)
    if array.ndim != 2:
        way = "--as rows" if array.ndim < 2 else "--layout wplus"
        if array.ndim == 3 and len(array) == 1:
            way = f"{way}, --as rows or --as columns"
        raise BenchError(
            f"{_found(array, path)}, which may be layers of one direction, directions in rows or "
            f"in columns, or a latent; {IMPORT} and {way}"
        )
    return _of_matrix(array, told.latent_dim, path)


def read_boundary(content: Any, told: Told, path: Path) -> Found:
    """One direction in a row: (1, d) or (d,), of any length. Raises BenchError."""
    array = numbers(content, path)
    rows = array.reshape(-1, array.shape[-1]) if array.ndim else array[None, None]  # (n, d)
    if len(rows) != 1:
        raise BenchError(f"{_found(array, path)}, which is not one direction in a row")
    return Found(rows.T, "rows", "boundary")  # (d, 1)


def read_components(content: Any, told: Told, path: Path) -> Found:
    """Directions (K, 1, d). Raises BenchError."""
    array = numbers(content, path)
    if array.ndim != 3 or array.shape[1] != 1:
        raise BenchError(f"{_found(array, path)}, which is not directions in rows (K, 1, d)")
    return Found(array[:, 0].T, "rows", "components")  # (d, K)


def read_repeated(content: Any, told: Told, path: Path) -> Found:
    """One direction of w, written once for each layer: (layers, d). Raises BenchError."""
    array = numbers(content, path)
    if array.ndim != 2 or not _equal_rows(array):
        raise BenchError(f"{_found(array, path)}, whose rows are not all one direction")
    said = (f"all {len(array)} layers are one direction, which moves w",)
    step = np.linalg.norm(array[:1], axis=1)  # (1,)
    return Found(array[:1].T, "rows", "repeated", step, "norm", "w", said=said)  # (d, 1)


def read_wplus(content: Any, told: Told, path: Path) -> Found:
    """One direction of W+: (layers, d), (1, layers, d), or (1, layers * d). Raises BenchError.

    Its column holds the layers one after another.
    """
    array = numbers(content, path)
    whole, d = array.size, told.latent_dim
    if array.ndim == 3 and len(array) == 1:
        layers = array.shape[1]
    elif array.ndim == 2 and len(array) > 1:
        layers = len(array)
    elif array.ndim <= 2 and d and whole % d == 0 and whole > d:
        layers = whole // d
    else:
        raise BenchError(
            f"{_found(array, path)}, which is not one direction of W+: (layers, d), (1, layers, d) "
            "or (1, layers * d)"
        )
    notes = {"layers_of_w": str(layers), "dimensions_of_w": str(whole // layers)}
    column = array.reshape(-1, 1)  # (layers * d, 1)
    return Found(column, "rows", "wplus", np.linalg.norm(column, axis=0), "norm", "w+", notes=notes)


def read_hessian_penalty(content: Any, told: Told, path: Path) -> Found:
    """Parameters (K, d) of Hessian Penalty or OroJaR, whose rows Gram-Schmidt makes directions."""
    array = numbers(content, path)
    if array.ndim != 2:
        raise BenchError(f"{_found(array, path)}, which is no matrix of parameters (K, d)")
    return Found(array.T, "rows", "hessian-penalty", orthonormalise=True)  # (d, K)


def _of_matrix(array: np.ndarray, d: int | None, path: Path) -> Found:
    """A matrix by itself. d: of the generator, where it is known."""
    found = _found(array, path)
    rows, columns = array.shape
    if rows == 1:
        return _one_row(array, d, path)
    if rows == columns:
        raise BenchError(
            f"{found}; a square may hold its directions in rows or in columns, or be no directions "
            f"at all; {ROWS_OR_COLUMNS}"
        )
    if d not in (None, rows, columns):
        raise BenchError(f"{found}, neither side of which is {d}, as the generator's latents are")
    in_columns, in_rows = d in (None, rows), d in (None, columns)
    if in_columns and _unit(array, 0):
        return Found(array, "columns", "array")
    if in_rows and d and _equal_rows(array):
        return read_repeated(array, Told(), path)
    if in_rows and _unit(array, 1) and rows not in LAYERS:
        return Found(array.T, "rows", "array")
    if in_columns and rows > columns:
        log.warning(
            "%s is read as %d directions of %d dimensions, its columns, whose lengths become 1",
            path,
            columns,
            rows,
        )
        return Found(array, "columns", "array")
    one = " or the layers of one direction" if rows in LAYERS else ""
    if in_rows:
        way = f"{IMPORT} and --as rows{' or --layout wplus' if one else ''}"
        raise BenchError(f"{found}, whose rows may be directions{one}; {way}")
    raise BenchError(f"{found}, whose columns are not of length 1; {IMPORT} and --as columns")


def _one_row(array: np.ndarray, d: int | None, path: Path) -> Found:
    found, length = _found(array, path), float(np.linalg.norm(array))
    if array.size != d:
        way = "--layout wplus" if d and array.size % d == 0 else "--as rows"
        raise BenchError(
            f"{found}, which may be one direction in a row, a latent, a mean, or all layers of one "
            f"direction; {IMPORT} and {way}"
        )
    if not _unit(array, 1):
        raise BenchError(
            f"{found} of length {length:.3g}, which may be a latent or a mean, as directions are "
            "stored with length 1; --as rows reads it as a direction all the same"
        )
    return Found(array.T, "rows", "boundary")  # (d, 1)


def _as_told(array: np.ndarray, orientation: str, path: Path) -> Found:
    """The array as rows or columns, whatever its lengths; an axis of one, of a batch or between, is
    left out."""
    if array.ndim == 3 and len(array) == 1:
        array = array[0]  # (rows, columns)
    if array.ndim == 3 and array.shape[1] == 1 and orientation == "rows":
        array = array[:, 0]  # (K, d)
    if array.ndim == 1:
        array = array[None] if orientation == "rows" else array[:, None]  # (1, d) or (d, 1)
    if array.ndim != 2:
        raise BenchError(f"{_found(array, path)}, which has no {orientation} that are directions")
    return Found(array.T if orientation == "rows" else array, orientation, "array")  # (d, K)


def unit_rows(array: np.ndarray) -> bool:
    """Whether all rows have unit length."""
    return _unit(array, 1)


def _unit(array: np.ndarray, axis: int) -> bool:
    """Whether all columns (axis 0) or rows (axis 1) have unit length."""
    return bool((abs(np.linalg.norm(array, axis=axis) - 1) < UNIT).all())


def _equal_rows(array: np.ndarray) -> bool:
    largest = float(abs(array).max())
    return len(array) > 1 and largest > 0 and bool((abs(array - array[0]) <= EQUAL * largest).all())


def _found(array: np.ndarray, path: Path) -> str:
    return f"{path} holds an array of {shape_words(array)}"
