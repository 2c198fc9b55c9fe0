#!/usr/bin/env bash
# Guess: torch.linalg.lstsq on a CPU, one thread, float64, gives the same bits for the same numbers.
# Seen with torch 2.13.0 (driver gelsy, the default on CPUs): it gives other last bits where the same
#   numbers lie elsewhere in memory, by 8 bytes and more; the differences are about 1e-16. QR, SVD,
#   eigh, solve and products of the same matrices do not. scipy.linalg.lstsq 1.17.1 does not either.
# Who meets it: whoever carries principal components back to latents by least squares (GANSpace), and
#   promises that a seed gives the same directions byte for byte. A fresh process puts tensors where
#   it likes, so the hash of a file of directions changes from run to run.
# Way out: scipy's lstsq, or the driver "gelsd".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6 scipy==1.17.1
cat > "$folder/probe.py" <<'PY'
import numpy as np
import scipy.linalg
import torch

torch.set_num_threads(1)
rng = torch.Generator().manual_seed(0)
first = torch.randn(2000, 64, generator=rng, dtype=torch.float64)
second = torch.randn(2000, 128, generator=rng, dtype=torch.float64)


def elsewhere(matrix, shift):
    """The same numbers, `shift` values further on in a buffer."""
    buffer = torch.empty(matrix.numel() + 16, dtype=matrix.dtype)
    moved = buffer[shift : shift + matrix.numel()].view_as(matrix)
    return moved.copy_(matrix)


WAYS = {
    "lstsq": lambda a, b: torch.linalg.lstsq(a, b).solution,
    "lstsq, gelsd": lambda a, b: torch.linalg.lstsq(a, b, driver="gelsd").solution,
    "qr": lambda a, b: torch.linalg.qr(a)[0],
    "svd": lambda a, b: torch.linalg.svd(a, full_matrices=False).Vh,
    "solve": lambda a, b: torch.linalg.solve(a.T @ a, a.T @ b),
    "scipy": lambda a, b: torch.from_numpy(scipy.linalg.lstsq(a.numpy(), b.numpy())[0]),
}
changed = {}
for name, way in WAYS.items():
    found = [way(elsewhere(first, s), elsewhere(second, s)) for s in range(8)]
    changed[name] = sum(not torch.equal(one, found[0]) for one in found[1:])
    largest = max(float((one - found[0]).abs().max()) for one in found)
    print(f"{name:14} other bits in {changed[name]} of 7 places, by {largest:.1e}")
print("numpy", np.__version__, "scipy", scipy.__version__, "torch", torch.__version__)
assert changed["lstsq"] > 0, "lstsq gives the same bits everywhere now"
assert not any(changed[name] for name in changed if name != "lstsq"), "another one changes, too"
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" "$folder/probe.py"
