"""Attributes of images, such as CelebA's 40: one answer, yes or no, per image and attribute."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.reading import decoded

FILE = "attributes.csv"


@dataclass(frozen=True)
class Attributes:
    """names: of the a attributes. values: (n, a) bool."""

    names: tuple[str, ...]
    values: Tensor

    def rows(self, rows: Tensor) -> Attributes:
        return Attributes(self.names, self.values[rows])


def parse_attributes(
    content: bytes, folder: PurePosixPath, images: list[PurePosixPath], path: Path
) -> Attributes:
    """The attributes of `images`, in their order, from the `content` of an attributes.csv.

    A head row names the columns; the first column is an image's path from `folder`, in which the
    file lies, the others are 0 or 1. Rows of other images are left out. Raises BenchError, which
    names the source `path`, where the table is malformed or says nothing of an image.
    """
    try:
        text = decoded(content, FILE)
        head, *table = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except (BenchError, csv.Error, ValueError) as error:
        raise BenchError(f"{path}: {FILE} cannot be read as a table: {error}") from error
    names = tuple(name.strip() for name in head[1:])
    if not names or len(set(names)) < len(names):
        raise BenchError(f"{path}: {FILE} needs a head row that names each attribute once")
    answers: dict[PurePosixPath, list[bool]] = {}
    for name, *cells in table:
        if len(cells) != len(names) or {cell.strip() for cell in cells} - {"0", "1"}:
            raise BenchError(f"{path}: {FILE} needs {len(names)} cells of 0 or 1 for {name}")
        if folder / name in answers:
            raise BenchError(f"{path}: {FILE} names {name} twice")
        answers[folder / name] = [cell.strip() == "1" for cell in cells]
    if missing := [image for image in images if image not in answers]:
        raise BenchError(
            f"{path}: {FILE} has no row for {len(missing)} of {len(images)} images, such as "
            f"{missing[0]}; add them, or take the file away"
        )
    values = torch.tensor([answers[image] for image in images], dtype=torch.bool)
    return Attributes(names, values.view(len(images), len(names)))  # (n, a)
