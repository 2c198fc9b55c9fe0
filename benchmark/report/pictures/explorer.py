"""The explorer's pictures: for each direction one sprite, of several z moved in small steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.nn import functional as F

from benchmark.core.contact_sheet import contact_sheet
from benchmark.report.pictures.painted import Painted

FEWEST, MOST, ALL = 8, 16, 48  # directions of the best: of a chapter, and of all together
OTHERS = 24  # directions of all seeds but the lowest, together, as far as each has one
LARGEST = 64  # pixels of an image's side; the strips show larger ones
QUALITY, METHOD = 75, 2  # of WebP; slower methods save one byte in twenty


@dataclass(frozen=True)
class Shown:
    """A direction and what is known about it.

    rank: its place by accuracy, 0 the best. figures: what the metrics of its cell say of it, by
    column. facts: mos, low, high, n, category and label from a study, or a label that stands beside
    the directions. Unknown figures and facts are left out. sprite: a WebP picture, one row per z,
    one column per value of eps. words: what the metrics say in words, by column.
    """

    k: int
    rank: int
    figures: Mapping[str, float]
    facts: Mapping[str, Any]
    sprite: bytes
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Chapter:
    """The shown directions of one cell of a row of the main table, the best first.

    of: how many directions there are. latents: rows of a sprite. eps: its columns, from left to
    right. side: height and width of one image in it. evolution: a WebP picture of one direction
    over training, empty where none was kept.
    """

    generator: str
    method: str
    seed: int
    of: int
    latents: int
    eps: tuple[float, ...]
    side: tuple[int, int]
    directions: tuple[Shown, ...]
    evolution: bytes = b""


def share(chapters: int) -> int:
    """How many of the best directions a chapter shows, and as many of the others.

    The page carries every picture, so of many chapters each shows less.
    """
    return min(MOST, max(FEWEST, ALL // max(1, chapters)))


def share_of_others(cells: int) -> int:
    """How many directions each cell of another seed than the lowest shows: few, as painting is most
    of a report's work."""
    return max(1, OTHERS // max(1, cells))


def chapter(
    painted: Painted, judgments: Mapping[int, Mapping[str, Any]], best: int, rest: int | None = None
) -> Chapter:
    """`best` directions of one cell, `rest` others, by default as many, and all that were judged or
    have a name.

    judgments: by k, what a study says; a name in it comes before one beside the directions.
    """
    stored = painted.stored
    cell, settings = stored.result.cell, stored.result.config["protocol"]
    ranked = [k for k, _ in stored.ranking()]
    figures, words = (t.to_dict("index") for t in (stored.by_direction(), stored.words()))
    facts = {k: dict(said) for k, said in judgments.items()}
    for k, label in painted.directions.names().items():
        own = facts.setdefault(k, {})
        if not isinstance(own.get("label"), str):
            own |= {"label": label.label, "by_hand": label.mos is None}
    shown, side = [], (0, 0)
    for rank in chosen(ranked, facts, best, rest):
        k = ranked[rank]
        images = reduced(painted.images(k))  # (LATENTS, SHIFTS, C, h, w)
        side = (images.shape[-2], images.shape[-1])
        shown.append(
            Shown(
                k,
                rank,
                {str(name): float(v) for name, v in figures[k].items() if not pd.isna(v)},
                facts.get(k, {}),
                sprite(images),
                {str(name): v for name, v in words[k].items() if isinstance(v, str)},
            )
        )
    return Chapter(
        cell.generator,
        cell.method,
        cell.seed,
        settings["k"],
        len(painted.latents),
        tuple(round(value, 6) for value in painted.eps.tolist()),
        side,
        tuple(shown),
    )


def chosen(
    ranked: Sequence[int], known: Mapping[int, Any], most: int, others: int | None = None
) -> list[int]:
    """Places in the ranking: the first `most`, `others` of the rest, by default as many, and those
    of all known ones."""
    best = list(range(min(most, len(ranked))))
    rest = range(len(best), len(ranked))
    count = min(most if others is None else others, len(rest))
    places = np.linspace(0, len(rest) - 1, count).round().astype(int)
    of_people = [place for place, k in enumerate(ranked) if k in known]
    return sorted({*best, *(rest[place] for place in places), *of_people})


def reduced(images: torch.Tensor) -> torch.Tensor:
    """The same images (n, E, C, H, W) with sides of at most LARGEST pixels."""
    side = max(images.shape[-2:])
    if side <= LARGEST:
        return images
    flat = F.interpolate(
        images.flatten(0, 1), scale_factor=LARGEST / side, mode="bilinear", antialias=True
    )  # (n * E, C, h, w)
    return flat.unflatten(0, images.shape[:2])


def sprite(images: torch.Tensor) -> bytes:
    """(n, E, C, H, W) images in [-1, 1] as one WebP picture, n rows of E, without gaps."""
    return as_webp(contact_sheet(images.flatten(0, 1), images.shape[1], gap=0).convert("RGB"))


def as_webp(picture: Image.Image) -> bytes:
    """A picture as all of a report's are stored: as WebP, which of faces takes a fifth of the bytes
    that PNG takes."""
    file = BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=METHOD)
    return file.getvalue()
