"""Directions: the artefact that a method leaves behind, and that others load and move along.

directions = Directions.load("directions.safetensors") directions["rotation"].move(latents, 0, 4.0)
# along what people called a rotation directions.interpretable(min_mos=0.6) # what they found
consistent and of one factor
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from benchmark.core.errors import BenchError, unknown
from benchmark.core.storage import write_atomically
from benchmark.directions.labels import Label, check_labels, fitting_labels, sidecar, write_labels
from benchmark.directions.shift import FrozenLinear, Shift
from benchmark.directions.stored_shift import pack, unpack
from benchmark.generators.base import Generator, Latents


@dataclass(frozen=True)
class Directions:
    """K directions in a latent space of d dimensions.

    shift: how each moves latents, frozen. provenance: where they come from, in strings: method,
    generator, generator_hash, config_hash, seed, and the versions that made them. labels: what
    people say about some of them.
    """

    shift: Shift
    provenance: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        check_labels(self.labels, len(self))

    @property
    def latent_dim(self) -> int:
        return self.shift.latent_dim

    def __len__(self) -> int:
        return self.shift.k

    def move(self, latents: Latents, k: Tensor | int, eps: Tensor | float) -> Latents:
        """n latents moved by eps along direction k; k and eps are one value for all, or (n,)."""
        n, point = len(latents), latents.point
        ks = torch.as_tensor(k, dtype=torch.int64, device=point.device).expand(n)  # (n,)
        shifts = torch.as_tensor(eps, dtype=point.dtype, device=point.device).expand(n)  # (n,)
        return latents.moved(self.shift(latents, ks, shifts))

    def __getitem__(self, name: str) -> Directions:
        """The columns that people called `name`, with their labels; case does not matter.

        Raises BenchError where no column bears the name.
        """
        if not isinstance(name, str):  # Python tries 0, 1, ... to iterate
            raise TypeError("directions are found by name; `move` takes a number")
        found = [s for s in self.labels if s.label and s.label.casefold() == name.casefold()]
        if found:
            return self._only(found)
        names = {label.label for label in self.labels if label.label}
        if not names:
            raise BenchError(
                f"nobody has named these directions, so there is no '{name}'; "
                "`bench study label` writes down what the annotators of a study say"
            )
        raise unknown("label", name, names)

    def interpretable(self, min_mos: float = 0.5) -> Directions:
        """The columns whose mean opinion score is at least `min_mos`; there may be none.

        Raises BenchError where people rated no column at all.
        """
        rated = [label for label in self.labels if label.mos is not None]
        if not rated:
            raise BenchError(
                "nobody has rated these directions; "
                "`bench study label` writes down what the annotators of a study say"
            )
        return self._only([s for s in rated if s.mos is not None and s.mos >= min_mos])

    def _only(self, labels: Sequence[Label]) -> Directions:
        """Only the columns of these labels, in their old order; the labels are renumbered.

        The provenance's `columns` keeps their numbers in the file that was first loaded.
        """
        chosen = sorted(labels, key=lambda label: label.index)
        places = [label.index for label in chosen]
        before = self.provenance.get("columns")
        first = before.split(",") if before else [str(i) for i in range(len(self))]
        return Directions(
            self.shift.chosen(places),
            {**self.provenance, "columns": ",".join(first[i] for i in places)},
            tuple(replace(label, index=i) for i, label in enumerate(chosen)),
        )

    def check_fits(self, generator: Generator) -> None:
        """Raise BenchError unless `generator` has the latent size these directions live in."""
        if generator.latent_dim != self.latent_dim:
            raise BenchError(
                f"these directions are {self.latent_dim}-dimensional "
                f"(made for {self.provenance.get('generator', 'an unnamed generator')}), "
                f"but the generator has {generator.latent_dim} latent dimensions"
            )

    def save(self, path: Path | str) -> None:
        """Write a safetensors file; it loads back bit for bit, provenance and labels included."""
        path = Path(path)
        tensors, description = pack(self.shift)
        # One entry, as safetensors writes several in an order that differs from file to file.
        content = {**self.provenance, **({"shift": description} if description else {})}
        metadata = {"provenance": json.dumps(content, sort_keys=True)}
        write_atomically(path, lambda part: save_file(tensors, part, metadata))
        if self.labels:
            write_labels(path, self.labels)
        else:
            sidecar(path).unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path | str) -> Directions:
        """Read what `save` wrote, or a plain (d, K) matrix from a `.pt` or `.npy` file.

        A `.pt` file may also hold a mapping with one matrix in it, such as a linear layer's state.
        Labels beside the file come along: those of `bench study label`, or `human_annotation.txt`.
        """
        path = Path(path)
        if not path.exists():
            raise BenchError(f"no directions at {path}")
        directions = _read(path)
        return replace(directions, labels=fitting_labels(path, len(directions)))


def _read(path: Path) -> Directions:
    """The directions in the file, without labels from beside it."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                provenance = json.loads((file.metadata() or {}).get("provenance", "{}"))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
                return Directions(unpack(tensors, provenance.pop("shift", {})), provenance)
        if path.suffix == ".npy":
            matrix = torch.from_numpy(np.load(path, allow_pickle=False))
        else:
            matrix = _only_matrix(torch.load(path, map_location="cpu", weights_only=True), path)
    except BenchError:
        raise
    except (SafetensorError, RuntimeError, ValueError, EOFError, OSError, KeyError) as error:
        raise BenchError(f"{path} holds no readable directions: {error}") from error
    except Exception as error:  # pickle's own error types are many
        raise BenchError(f"{path} holds more than plain tensors: {error}") from error
    return Directions(FrozenLinear(matrix.float()), {"method": "imported", "source": path.name})


def _only_matrix(content: object, path: Path) -> Tensor:
    """The single two-dimensional tensor in a loaded `.pt` file."""
    if isinstance(content, Tensor):
        return content
    values = content.values() if isinstance(content, Mapping) else []
    matrices = [v for v in values if isinstance(v, Tensor) and v.ndim == 2]
    if len(matrices) != 1:
        raise BenchError(f"{path} should hold one matrix, but holds {len(matrices)}")
    return matrices[0]
