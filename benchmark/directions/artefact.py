"""Directions: the artefact that a method leaves behind, and that others load and move along.

directions = Directions.load("directions.safetensors")
directions["rotation"].move(latents, 0, 4.0)  # along what people called a rotation
directions.interpretable(min_mos=0.6)  # what they found consistent and of one factor
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import isclose
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from benchmark.core.errors import BenchError, unknown
from benchmark.core.file_kinds import beginning, stand_in
from benchmark.core.reading import parse_json
from benchmark.core.storage import write_atomically
from benchmark.directions.importing.sets import read_file
from benchmark.directions.labels import (
    Label,
    check_labels,
    fitting_labels,
    sidecar,
    tidy,
    write_labels,
)
from benchmark.directions.shift import FrozenLinear, Shift
from benchmark.directions.stored_shift import pack, unpack
from benchmark.generators.base import Generator, Latents
from benchmark.generators.layer_ranges import as_ranges

# Entries of the provenance that hold one value a column, and what stands between them.
PER_COLUMN = {"columns": ",", "scale": ",", "usual_eps": ",", "shares": " "}


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

    def __repr__(self) -> str:
        """In a line: how many, where they move, whose they are, how many bear a label."""
        whose = [self.provenance.get(name, "") for name in ("method", "generator")]
        made = f", {' on '.join(filter(None, whose))}" if any(whose) else ""
        labels = f", {len(self.labels)} label{'s' * (len(self.labels) != 1)}" if self.labels else ""
        return f"Directions({len(self)} in {self.latent_dim} dimensions{made}{labels})"

    @property
    def latent_dim(self) -> int:
        return self.shift.latent_dim

    def __len__(self) -> int:
        return self.shift.k

    def move(self, latents: Latents, k: Tensor | int, eps: Tensor | float) -> Latents:
        """n latents moved by eps along direction k; k and eps are one value for all, or (n,).

        Raises BenchError where the latents have another size, or where there is no direction k.
        """
        if latents.point.shape[-1] != self.latent_dim:
            raise BenchError(
                f"these directions are {self.latent_dim}-dimensional{self._made_for()}, but the "
                f"latents have {latents.point.shape[-1]} dimensions"
            )
        n, point = len(latents), latents.point
        ks = torch.as_tensor(k, dtype=torch.int64, device=point.device).expand(n)  # (n,)
        if not bool(((ks >= 0) & (ks < len(self))).all()):
            raise BenchError(f"there are {len(self)} directions, from 0, and none of number {k}")
        shifts = torch.as_tensor(eps, dtype=point.dtype, device=point.device).expand(n)  # (n,)
        return latents.moved(self.shift(latents, ks, shifts))

    def __getitem__(self, name: str) -> Directions:
        """The columns that people called `name`, with their labels; case, spaces and the width of
        letters do not matter.

        Raises BenchError where no column bears the name.
        """
        if not isinstance(name, str):  # Python tries 0, 1, ... to iterate
            raise TypeError("directions are found by name; `move` takes a number")
        found = {s.index for s in self.labels if s.label and tidy(s.label) == tidy(name)}
        if found:
            return self.only(found)
        names = {label.label for label in self.labels if label.label}
        if not names:
            raise BenchError(
                f"nobody has named these directions, so there is no '{name}'; "
                "`bench study label` writes down what the annotators of a study say"
            )
        raise unknown("label", name, names)

    def names(self) -> dict[int, Label]:
        """The label that names a direction, by its number: of a study where one named it, else the
        first by hand."""
        found = {label.index: label for label in reversed(self.labels) if label.label}
        return found | {k.index: k for k in self.labels if k.label and k.mos is not None}

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
        return self.only({s.index for s in rated if s.mos is not None and s.mos >= min_mos})

    def only(self, columns: Collection[int]) -> Directions:
        """Only these columns, in their old order, with their labels, renumbered, and what the
        provenance says of each.

        Its `columns` keeps their numbers in the file that was first loaded.
        """
        places = sorted(columns)
        kept = {"columns": ",".join(map(str, range(len(self)))), **self.provenance}
        for name in kept.keys() & PER_COLUMN.keys():
            mark = PER_COLUMN[name]
            values = kept[name].split(mark)
            if len(values) == len(self):
                kept[name] = mark.join(values[i] for i in places)
        return Directions(
            self.shift.chosen(places),
            kept,
            tuple(
                replace(label, index=i)
                for i, place in enumerate(places)
                for label in self.labels
                if label.index == place
            ),
        )

    def check_fits(self, generator: Generator) -> None:
        """Raise BenchError unless these directions move the latents of `generator`: of its size
        and, as far as their provenance says, of its space, layers, truncation and scale."""
        space, layers = (self.provenance.get(key, "") for key in ("space", "layers"))
        if space not in ("", generator.space):
            raise BenchError(
                f"these directions move {space}{self._made_for()}, "
                f"but the latents of the generator are {generator.space}"
            )
        moved = generator.moved_layers
        same = (moved,) if moved else ("all", as_ranges(range(generator.num_ws)))
        if layers and layers not in same:
            raise BenchError(
                f"these directions move the layers {layers} of {space or 'w'}{self._made_for()}, "
                f"but shifts of the generator move {moved or 'all of them'}"
            )
        for name, here in generator.frame().items():
            there = self.provenance.get(name, here)
            if name not in ("space", "layers") and not _alike(there, here):
                raise BenchError(
                    f"these directions were found with {name} {there}{self._made_for()}, "
                    f"but the generator has {name} {here}"
                )
        if generator.latent_dim != self.latent_dim:
            raise BenchError(
                f"these directions are {self.latent_dim}-dimensional{self._made_for()}, "
                f"but the generator has {generator.latent_dim} latent dimensions"
            )

    def _made_for(self) -> str:
        if "source" in self.provenance:
            first, comma, _ = self.provenance["source"].partition(", ")
            return f" (from {first}{' and others' if comma else ''})"
        return f" (made for {self.provenance.get('generator', 'an unnamed generator')})"

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
        """Read what `save` wrote, or what a file of another project holds for certain.

        What is not certain is refused, see `benchmark.directions.importing`; `bench import` is told
        more. Labels beside the file come along: those of `bench study label`, and
        `human_annotation.txt`.
        """
        path = Path(path)
        if not path.exists():
            raise BenchError(f"no directions at {path}")
        if path.suffix != ".safetensors":
            found = read_file(path)
            return cls(FrozenLinear(found.matrix), found.provenance, found.labels)
        directions = _read(path)
        return replace(directions, labels=fitting_labels(path, len(directions)))


def _alike(one: str, other: str) -> bool:
    """Whether two texts are the same, or numbers within a hundredth."""
    try:
        return isclose(float(one), float(other), rel_tol=0.01)
    except ValueError:
        return one == other


def _read(path: Path) -> Directions:
    """The directions in a file of this suite, without labels from beside it."""
    fault = f"{path} holds no readable directions"
    try:
        if kind := stand_in(beginning(path)):
            raise BenchError(f"{fault}: it is {kind}")
        with safe_open(path, "pt") as file:
            stored = (file.metadata() or {}).get("provenance")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        if stored is None:
            raise BenchError(
                f"{path} is not of this suite: it does not say whether directions are its rows or "
                "its columns; Directions(FrozenLinear(columns)).save(...) writes (d, K) columns"
            )
        provenance = dict(parse_json(stored, f"{fault}: its provenance"))
        told = isinstance(provenance.get("shift"), str)  # a note of that name, no description
        description = {} if told else provenance.pop("shift", {})
        return Directions(unpack(tensors, description), provenance)
    except (SafetensorError, RuntimeError, ValueError, TypeError, OSError, KeyError) as error:
        raise BenchError(f"{fault}: {' '.join(str(error).split())}") from error
