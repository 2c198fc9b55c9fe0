#!/usr/bin/env bash
# Guess: torchmetrics' perceptual path length is the mean over the whole way between two latents, as its
#   documented formula with a t between 0 and 1 says, and as Karras et al. (CVPR 2019) draw it.
# Seen with torchmetrics 1.9.0, torch 2.13.0: t is always 0. Every point that the generator gets is a sample,
#   or a sample moved by epsilon to another; nothing on the way between is ever made. With lerp, which is
#   the default, that changes the number. A generator that normalises its latent (ProgGAN, StyleGAN's z)
#   turns fastest in the middle of the way: for latents at right angles the mean over t is 1 + pi / 2 =
#   2.57 times what it is at t = 0. With 512 latents and distance between normalised latents as the image
#   distance, torchmetrics says 1.00 and the formula, of 4,000 samples, 2.59.
# Who meets it: whoever compares the path length of their own generator, measured with torchmetrics, with
#   published "full" ones, or generators that normalise their latents with others that do not.
# The flag set below is asked for the named LPIPS networks' sake; with a network of one's own nothing of
#   torchvision is used.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 torchmetrics==1.9.0 numpy==2.4.6
cat > "$folder/probe.py" <<'PY'
import importlib
from math import pi

import torch
from torch import nn

module = importlib.import_module("torchmetrics.functional.image.perceptual_path_length")
module._TORCHVISION_AVAILABLE = True
EPSILON, SAMPLES, LATENTS = 1e-3, 4000, 512


class Normalising(nn.Module):
    """An "image" of 512 channels and one pixel: the latent at length 1."""

    def sample(self, n):
        return torch.randn(n, LATENTS, dtype=torch.float64)

    def forward(self, z):
        seen.append(z)
        return 127.5 * (1 + nn.functional.normalize(z)[:, :, None, None])


class Squared(nn.Module):
    def forward(self, a, b):
        return (a - b).square().sum(dim=(1, 2, 3))


torch.manual_seed(0)
seen = []
said, _, _ = module.perceptual_path_length(
    Normalising(), SAMPLES, batch_size=SAMPLES, epsilon=EPSILON, resize=None, sim_net=Squared()
)
lengths = torch.cat(seen).square().mean(dim=1)
print(f"mean square of all {len(lengths):,} latents it asked for: {lengths.mean():.3f}")
assert lengths.min() > 0.75, "it visits the middle, where a mean square of 0.5 is the rule"

a, b = torch.randn(2, SAMPLES, LATENTS, dtype=torch.float64)
t = torch.rand(SAMPLES, 1, dtype=torch.float64)
start, end = (nn.functional.normalize(torch.lerp(a, b, s)) for s in (t, t + EPSILON))
formula = ((start - end).square().sum(dim=1) / EPSILON**2).mean()
print(f"torchmetrics {said:.2f}, its formula with t from 0 to 1 {formula:.2f}")
assert abs(formula - (1 + pi / 2)) < 0.05
assert abs(said - 1) < 0.05, "t is no longer 0 alone"
PY
"$folder/venv/bin/python" "$folder/probe.py"
