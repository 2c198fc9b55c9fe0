#!/usr/bin/env bash
# Guess: torchmetrics' memorization-informed Frechet distance divides by what its paper (Bai et al., KDD
#   2021, arXiv 2106.03062) calls the memorization distance: for each GENERATED image the cosine distance to
#   the nearest training image, averaged. So images that are copies of training images have distance
#   0, however few of them were copied, and the score explodes.
# Seen with torchmetrics 1.9.0, torch 2.13.0: it averages over the REAL images the distance to the nearest
#   generated one. A generator that repeats 40 of 2,000 training images again and again has 0.156
#   there, above the threshold of 0.1: its score is the plain Frechet distance, 0.449, no penalty at
#   all. One that makes new images alone has 0.058 there and is set at 0.758, behind the copies.
# Who meets it: whoever trains a small generator on few images and asks this score whether it learnt by heart.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 torchmetrics==1.9.0 scipy==1.17.1 numpy==2.4.6
cat > "$folder/probe.py" <<'PY'
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.mifid import MemorizationInformedFrechetInceptionDistance

KINDS = (FrechetInceptionDistance, MemorizationInformedFrechetInceptionDistance)


class Features(nn.Module):
    """The pixels themselves: (n, 1, 1, 6) -> (n, 6)."""

    num_features = 6

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        return images.flatten(1)


def score(kind, real, made):
    metric = kind(feature=Features(), normalize=True)
    metric.update(real.view(-1, 1, 1, 6), real=True)
    metric.update(made.view(-1, 1, 1, 6), real=False)
    return metric.compute().item()


def nearest(of, among):
    """Mean cosine distance of each of `of` to its nearest neighbour `among` the others."""
    cosines = nn.functional.normalize(of) @ nn.functional.normalize(among).T
    return (1 - cosines.abs()).min(1).values.mean().item()


torch.manual_seed(0)
real = torch.randn(2_000, 6)
copies, new = real[:40].repeat(50, 1), torch.randn(500, 6)
seen = {"copies": (copies, 0.4488, 0.4488), "new": (new, 0.0442, 0.7583)}
for name, (made, plain, informed) in seen.items():
    scores = [score(kind, real, made) for kind in KINDS]
    print(
        f"{name}: Frechet {scores[0]:.4f}, informed {scores[1]:.4f}; distance of generated images to "
        f"real ones {nearest(made, real):.4f}, of real to generated {nearest(real, made):.4f}"
    )
    assert [round(x, 3) for x in scores] == [round(plain, 3), round(informed, 3)]
assert nearest(copies, real) < 1e-6 < 0.1 < nearest(real, copies)
PY
"$folder/venv/bin/python" "$folder/probe.py"
