"""From what a file holds to what the artefact keeps: unit columns, and in words what they were."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.storage import sha256
from benchmark.directions.importing.found import Found
from benchmark.directions.importing.plain_arrays import unit_rows
from benchmark.directions.labels import Label
from benchmark.generators.base import Generator

DEPENDENT = 1e-6  # of a column's length, below which nothing new is left of it


@dataclass(frozen=True)
class UnitColumns:
    """matrix: (d, K) float32, columns of length 1. provenance: where they come from and what was
    their scale. labels: their names. said: what a user should hear, a line each. steps: (K,) how
    far the project usually goes along each, in the file's own space; None where it does not say.
    """

    matrix: Tensor
    provenance: dict[str, str]
    labels: tuple[Label, ...]
    said: tuple[str, ...]
    steps: np.ndarray | None = None


def as_unit_columns(
    found: Found, sources: Sequence[Path], orthonormalise: bool, chunk: range | None, d: int | None
) -> UnitColumns:
    """The directions with columns of length 1, of a chunk of d latents put into its place.

    Raises BenchError for a direction of length 0, and where Gram-Schmidt finds nothing new.
    """
    columns, where = found.columns, sources[0] if len(sources) == 1 else f"{len(sources)} files"
    lengths = np.linalg.norm(columns, axis=0)  # (K,)
    if not lengths.all():
        raise BenchError(f"{where}: column {int(lengths.argmin())} is zero, so it is no direction")
    if orthonormalise or found.orthonormalise:
        columns = _gram_schmidt(columns, str(where))  # (d, K)
    elif not unit_rows(columns.T):  # what is unit but for rounding stays as it is
        columns = columns / lengths  # (d, K)
    if chunk is not None and d is not None:
        placed = np.zeros((d, columns.shape[1]))  # (d, K)
        placed[chunk.start : chunk.stop] = columns
        columns = placed
    matrix = torch.from_numpy(np.ascontiguousarray(columns, dtype=np.float32))  # (d, K)
    provenance = {
        "method": "imported",
        "source": ", ".join(path.name for path in sources),
        "source_sha256": ", ".join(sha256(path) for path in sources),
        "layout": found.layout,
        "read_as": found.orientation,
        **_scale(found, lengths),
        **found.notes,
    }
    named = {"space": found.space, "layers": found.layers}
    provenance |= {key: value for key, value in named.items() if value}
    if orthonormalise or found.orthonormalise:
        provenance["orthonormalised"] = "by Gram-Schmidt, in the order of the file"
    if chunk is not None:
        provenance["chunk"] = f"{chunk.start}:{chunk.stop} of {d}"
    source = sources[0].name if len(sources) == 1 else "names of files"
    labels = tuple(
        Label(i, label=name.strip(), source=source)
        for i, name in enumerate(found.names)
        if name.strip()
    )
    steps = None if found.scale is None else found.sigmas * abs(found.scale)  # (K,)
    return UnitColumns(matrix, provenance, labels, found.said, steps)


def _scale(found: Found, lengths: np.ndarray) -> dict[str, str]:
    """What the columns were multiplied by, for the provenance; empty where that is 1 for all."""
    if found.scale is not None:
        scale, name = found.scale, found.scale_of
    elif not unit_rows(found.columns.T):
        scale, name = lengths, "length"
    else:
        return {}
    return {"scale": ",".join(f"{value:.6g}" for value in scale), "scale_of": name}


def steps_in_eps(found: UnitColumns, generator: Generator) -> dict[str, str]:
    """`usual_eps`, the steps of the file in eps of the generator, one a column; nothing where the
    file has no steps, or is of another space.

    Where an eps is not 1 long, as in w, a step of s is s over the deviation along its column.
    """
    here = found.provenance.get("space", generator.space) == generator.space
    if found.steps is None or not here or len(found.matrix) != generator.latent_dim:
        return {}
    eps, ruler = torch.from_numpy(found.steps), generator.ruler()  # (K,)
    if ruler is not None:
        eps = eps / ruler.to("cpu").along(found.matrix.T)
    return {"usual_eps": ",".join(f"{value:.3g}" for value in eps.tolist())}


def _gram_schmidt(columns: np.ndarray, where: str) -> np.ndarray:
    """Orthonormal columns (d, K) that span, one after another, what the first 1, 2, ... K did."""
    d, k = columns.shape
    if k > d:
        raise BenchError(f"{where}: {k} directions of {d} dimensions cannot be orthonormal")
    q, r = np.linalg.qr(columns)  # (d, K), (K, K)
    left = abs(r.diagonal()) / np.linalg.norm(columns, axis=0)  # (K,)
    if (left < DEPENDENT).any():
        raise BenchError(
            f"{where}: column {int((left < DEPENDENT).argmax())} is a mixture of those before it, "
            "so they cannot be made orthonormal"
        )
    return q * np.sign(r.diagonal())  # the direction that Gram-Schmidt keeps, not its opposite
