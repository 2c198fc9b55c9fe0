"""The evolution of a direction: what it does to one image after more and more training.

As Voynov & Babenko (2020) show it: at first a direction mixes several changes, at last it makes one.
"""

import torch
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F

from benchmark.generators.base import Generator
from benchmark.report.panel import panel, shifted_images
from benchmark.report.strips import page, ranking, shown_latents, shown_shifts
from benchmark.results import StoredCell


def draw_evolution(generator: Generator, stored: StoredCell) -> Image.Image:
    """The direction with the highest accuracy at the end, a row for each kept stage of training.

    generator: prepared for inference. The image is the first row of the cell's strips. Each row
    says how far training was and |cos| to the final direction.
    """
    cell, steps = stored.result.cell, stored.result.config["protocol"]["steps"]
    k, accuracy = ranking(stored)[0]
    stages = {
        int(name.removeprefix("step_")): matrix[:, k]  # (d,)
        for name, matrix in load_file(stored.folder / "evolution.safetensors").items()
    }
    final = stages[max(stages)]
    latents, eps = shown_latents(generator, stored)[:1], shown_shifts(stored)
    rows, labels = [], []
    for step, column in sorted(stages.items()):
        rows.append(shifted_images(generator, latents, column, eps))  # (1, E, C, H, W)
        cosine = F.cosine_similarity(column, final, dim=0).abs().item()
        labels.append(f"{step / steps:.3g} of training, |cos| {cosine:.2f}")
    images = torch.cat(rows)  # (stages, E, C, H, W)
    return page(
        [panel(images, eps, f"direction {k}, accuracy {accuracy:.2f} at the end", labels)],
        f"{cell.generator}, {cell.method}, seed {cell.seed}: one direction over training",
        "rows: share of the training steps and |cos| to the final direction; same z everywhere",
    )
