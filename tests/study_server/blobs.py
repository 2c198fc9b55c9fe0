"""Synthetic directions: soft blobs drawn with numpy, four latents per generator."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from study_server.bundle_writer import DirectionStrips, write_bundle

STEPS = tuple(float(step) for step in range(-6, 7))
METHODS = ("discovered", "coordinate", "random")
GENERATORS = ("blobs-grey", "blobs-colour")


def blob(x: float, y: float, radius: float, hue: float, size: int, colour: bool) -> NDArray:
    """A soft disc on a dark ground: (size, size) or (size, size, 3), uint8."""
    rows, columns = np.mgrid[:size, :size] / size  # (size, size)
    disc = np.exp(-((((columns - x) ** 2 + (rows - y) ** 2) / radius**2) ** 2))
    if not colour:
        return (20 + 220 * disc).astype(np.uint8)
    tint = 0.55 + 0.45 * np.cos(2 * np.pi * (hue + np.array([0, 1 / 3, 2 / 3])))  # (3,)
    return (255 * (0.13 + 0.8 * disc[..., None] * tint)).astype(np.uint8)


def images(kind: str, direction: int, size: int, colour: bool) -> list[list[NDArray]]:
    """Rows of one direction. kind: "good" (one change), "still" (none), "mixed" (one per row)."""
    rows = []
    for row in range(4):
        rng = np.random.default_rng(row)
        x, y, radius, hue = 0.4 + 0.2 * rng.random(), 0.5, 0.2, rng.random()
        line = []
        for step in STEPS:
            t = 0.0 if kind == "still" else step / 6
            which = (direction + row) % 3 if kind == "mixed" else direction % 3
            moved = [(x + 0.25 * t, y, radius), (x, y + 0.25 * t, radius), (x, y, radius * 1.7**t)]
            line.append(blob(*moved[which], hue, size, colour))
        rows.append(line)
    return rows


def strips(
    per_method: int = 3, generators: tuple[str, ...] = GENERATORS, size: int = 32
) -> Iterator[DirectionStrips]:
    """Directions of three methods: good for the first, mixed and still for the others."""
    for generator in generators:
        for method in METHODS:
            for direction in range(per_method):
                kind = "good" if method == "discovered" else ("mixed", "still")[direction % 2]
                rows = images(kind, direction, size, generator.endswith("colour"))
                yield DirectionStrips(generator, method, direction, STEPS, rows)


SETTINGS = """
languages = ["en", "zh"]
categories = ["geometry", "colour", "texture"]
ratings_per_item = {ratings}
items_per_annotator = {items}
repeat_share = {repeats}
good_checks = {checks}
still_checks = {checks}
lease_minutes = 30
least_seconds = 0
pause_every = 5
contact = "study@example.org"
[title]
en = "What changes in these pictures?"
zh = "这些图片发生了什么变化"
[consent]
version = "3"
en = "Taking part is voluntary.\\n\\nYou may stop at any time."
zh = "参加完全自愿。\\n\\n您可以随时退出。"
"""

EVERYBODY_COUNTS = """
[screening]
min_checks_passed = 0.0
min_repeat_agreement = 0.0
min_median_seconds = 0.0
max_same_answers = 1.0
min_agreement = -1.0
"""


def blob_bundle(
    folder: Path,
    per_method: int = 3,
    generators: tuple[str, ...] = GENERATORS,
    ratings: int = 3,
    items: int = 6,
    repeats: float = 0.2,
    checks: int = 1,
    rules: str = "",
) -> str:
    """Write a small study of blobs to `folder`; returns the admin's password. rules: more of
    study.toml."""
    settings = folder.with_suffix(".toml")
    text = SETTINGS.format(ratings=ratings, items=items, repeats=repeats, checks=checks)
    settings.write_text(text + rules, "utf-8")
    return write_bundle(folder, strips(per_method, generators), settings, {"seed": 0})
