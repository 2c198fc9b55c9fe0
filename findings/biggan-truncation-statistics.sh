#!/usr/bin/env bash
# Guess: pytorch-pretrained-biggan keeps batch-norm statistics for 51 truncations, 0.02 apart, and between
#   two of them weighs the nearer one more: 0.405 takes three quarters of those of 0.40 and one of those
#   of 0.42. A truncation that has statistics of its own takes these.
# Seen with pytorch-pretrained-biggan 0.1.1, torch 2.13.0: the weights are the other way round. 0.405 takes
#   one quarter of 0.40's and three of 0.42's; just above 0.40 the statistics are those of 0.42, so the
#   images jump. And of the 51 truncations five take a neighbour's statistics, as a division by 0.02 is
#   not exact: 0.14, 0.28 and 0.56 those of the next one, 0.58 and 0.94 those of the one before.
# Who meets it: whoever converts these weights, or compares truncations. A port that interpolates the
#   plain way gives other images than the package.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 scipy==1.17.1 pytorch-pretrained-biggan==0.1.1
cat > "$folder/probe.py" <<'PY'
import torch
from pytorch_pretrained_biggan.model import BigGANBatchNorm

norm = BigGANBatchNorm(1, n_stats=51, eps=0.0, conditional=False)
norm.running_means.copy_(torch.arange(51.0).unsqueeze(1))  # the mean names its place, 0 to 50
norm.weight.data.fill_(1.0)
norm.bias.data.fill_(0.0)


def place(truncation):
    """Which statistics a truncation takes, as a place among the 51."""
    with torch.no_grad():
        return -norm(torch.zeros(1, 1, 1, 1), truncation).item()


between = {0.401: 20.95, 0.405: 20.75, 0.415: 20.25}  # seen; the plain way gives 20.05, 20.25, 20.75
for truncation, there in between.items():
    print(f"truncation {truncation}: place {place(truncation):.3f}, plainly {50 * truncation:.2f}")
    assert abs(place(truncation) - there) < 0.001, "it interpolates otherwise now"
elsewhere = {i: round(place(i / 50)) for i in range(51) if round(place(i / 50)) != i}
for i, there in elsewhere.items():
    print(f"truncation {i / 50}: place {there}, not its own {i}")
assert elsewhere == {7: 8, 14: 15, 28: 29, 29: 28, 47: 46}, "others miss their own now"
PY
"$folder/venv/bin/python" "$folder/probe.py"
