"""The evolution of a direction: what it does to one image after more and more training.

As Voynov & Babenko (2020) show it: a direction starts as a mixture of changes.
"""

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from benchmark.generators.base import Generator
from benchmark.report.pictures.panel import panel, shifted_images
from benchmark.report.pictures.strips import DIRECTIONS, page, shown_latents, shown_shifts
from benchmark.runs.results import StoredCell


def draw_evolution(generator: Generator, stored: StoredCell) -> Image.Image:
    """Of the directions in the cell's strips the one that training turned most, a row a stage.

    generator: prepared for inference. The z is that of the strips' first row. Each row says after
    which share of the steps it was, and |cos| to the final direction.
    """
    cell, steps = stored.result.cell, stored.result.config["protocol"]["steps"]
    stages = {
        int(name.removeprefix("step_")): matrix  # (d, K)
        for name, matrix in load_file(stored.folder / "evolution.safetensors").items()
    }
    first, last = stages[min(stages)], stages[max(stages)]
    turned = likeness(first, last)  # (K,)
    k, accuracy = min(stored.ranking()[:DIRECTIONS], key=lambda best: turned[best[0]].item())
    latents, eps = shown_latents(generator, stored)[:1], shown_shifts(stored)
    rows, labels = [], []
    for step, matrix in sorted(stages.items()):
        rows.append(shifted_images(generator, latents, matrix[:, k], eps))  # (1, E, C, H, W)
        cosine = likeness(matrix, last)[k].item()
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
