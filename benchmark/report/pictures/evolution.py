"""The evolution of a direction: what it does to one image after more and more training.

Voynov & Babenko (2020) show the same: a direction starts as a mixture of changes.
"""

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from benchmark.directions.artefact import Directions
from benchmark.directions.stored_shift import read_snapshots
from benchmark.report.pictures.painted import Painted, shifted_images
from benchmark.report.pictures.panel import panel
from benchmark.report.pictures.strips import DIRECTIONS, page


def draw_evolution(painted: Painted) -> Image.Image:
    """Draw the direction, of those in the strips, that training turned most: one row per stage.

    The z is that of the strips' first row. Each row says after
    which share of the steps it was, and |cos| to the final direction.
    """
    stored = painted.stored
    cell, steps = stored.result.cell, stored.result.config["protocol"]["steps"]
    stages = read_snapshots(stored.folder / "evolution.safetensors")
    latents, eps = painted.latents, painted.eps
    tangents = {step: shift.tangents(latents) for step, shift in stages.items()}  # (d, K) each
    first, last = tangents[min(stages)], tangents[max(stages)]
    turned = likeness(first, last)  # (K,)
    k, accuracy = min(stored.ranking()[:DIRECTIONS], key=lambda best: turned[best[0]].item())
    rows, labels = [], []
    for step, shift in stages.items():
        # (1, E, C, H, W)
        rows.append(shifted_images(painted.generator, latents[:1], Directions(shift), k, eps))
        cosine = likeness(tangents[step], last)[k].item()
        labels.append(f"{100 * step / steps:.3g}%, |cos| {cosine:.2f}")
    images = torch.cat(rows)  # (stages, E, C, H, W)
    return page(
        [panel(images, eps, f"direction {k}, accuracy {accuracy:.2f} at the end", labels)],
        f"{cell.generator}, {cell.method}, seed {cell.seed}: one direction over training",
        "rows: share of the training steps, and |cos| to the final direction; framed: not shifted",
    )


def likeness(first: Tensor, second: Tensor) -> Tensor:
    """(K,) |cos| between the columns of two (d, K) matrices, one by one."""
    return F.cosine_similarity(first, second, dim=0).abs()
