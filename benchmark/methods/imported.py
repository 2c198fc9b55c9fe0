"""Directions that others found, as a method: they come from a file, and nothing is trained."""

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from benchmark.core.errors import BenchError, Unserved
from benchmark.core.plugins import Loaded
from benchmark.core.storage import sha256
from benchmark.directions.artefact import Directions
from benchmark.generators.base import Generator
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.rca.protocol import Protocol

log = logging.getLogger("bench")

ENDINGS = (".safetensors", ".npy", ".npz", ".pt", ".pth", ".pkl")


@dataclass(frozen=True)
class Imported(Method):
    """The first K directions of a file."""

    file: ClassVar[str]
    directions: ClassVar[Directions]

    def check(self, generator: Generator, protocol: Protocol) -> None:
        held = len(self.directions)
        try:
            self.directions.check_fits(generator)
        except BenchError as error:
            raise Unserved(f"{self.file}: {error}") from error
        if held < protocol.k:
            raise Unserved(
                f"{self.file} holds {held} directions, fewer than {protocol.k}: --set k={held} "
                "asks all methods for as many, as RCA compares equal K"
            )
        if held > protocol.k:
            _say_first(self.file, held, protocol.k)

    def fit(self, task: Assignment) -> Fitted:
        found, k = self.directions, task.protocol.k
        if len(found) > k:
            found = found.only(range(k))
        shift = found.shift.frozen()  # a copy: cells may compute on other devices
        return Fitted(shift, notes=found.provenance, labels=found.labels)


def is_directions(reference: str) -> bool:
    """Whether a reference is a file of directions, by how its name ends."""
    return reference.lower().endswith(ENDINGS)


def imported(path: Path) -> Loaded:
    """The method of the directions in the file, and the hash of its content.

    Raises BenchError where `Directions.load` cannot read it.
    """
    directions = Directions.load(path)
    about = {"file": str(path), "directions": directions, "__doc__": Imported.__doc__}
    return Loaded(type("Imported", (Imported,), about), sha256(path))


@cache  # a grid asks many times
def _say_first(file: str, held: int, k: int) -> None:
    log.warning("%s holds %d directions, of which the first %d are measured", file, held, k)
