"""The pictures of a run: image strips, and the evolution of a direction."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from benchmark.core.storage import write_atomically
from benchmark.report.attempts import Attempts
from benchmark.report.pictures.evolution import draw_evolution
from benchmark.report.pictures.strips import draw_strips
from benchmark.runs.opening import Painters
from benchmark.runs.replicates import Replicates

QUALITY = 90  # of WebP


def write_pictures(
    rows: Sequence[Replicates], painters: Painters, run: Path, attempts: Attempts
) -> None:
    """Write strips/ and evolution/, a file for each row with a done cell, of its lowest seed."""
    for r in rows:
        generator = painters.get((r.generator, r.method))
        if generator is None or not r.done or not r.first.ranking():
            continue
        name = f"{r.generator}-{r.method}.webp"
        pictures = {"strips": draw_strips}
        if r.first.has("evolution.safetensors"):
            pictures["evolution"] = draw_evolution
        for folder, draw in pictures.items():
            picture = attempts.make(f"{folder}/{name}", draw, generator, r.first)
            if picture is not None:
                save(picture, run / folder / name)


def save(picture: Image.Image, path: Path) -> None:
    """Save as WebP, which for pictures of faces takes a fifth of the bytes of PNG."""
    write_atomically(path, partial(picture.save, format="WEBP", quality=QUALITY, method=6))
