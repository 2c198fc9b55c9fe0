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
        name = f"{r.generator}-{r.method}.webp"
        able = bool(r.done) and bool(r.first.ranking())
        trained = able and r.first.has("evolution.safetensors")
        for folder, draw, shows in (
            ("strips", draw_strips, able),
            ("evolution", draw_evolution, trained),
        ):
            generator = painters.get((r.generator, r.method)) if shows else None
            picture = None
            if generator is not None:
                picture = attempts.make(f"{folder}/{name}", draw, generator, r.first)
            renew(picture, run / folder / name)


def renew(picture: Image.Image | None, path: Path) -> None:
    """Save as WebP, which for pictures of faces takes a fifth of the bytes of PNG. None: remove
    what an earlier report painted there, which may show other directions than there are now."""
    if picture is None:
        path.unlink(missing_ok=True)
    else:
        write_atomically(path, partial(picture.save, format="WEBP", quality=QUALITY, method=6))
