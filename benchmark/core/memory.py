"""The most memory that was in use at once."""

import contextlib
import resource
import sys
from pathlib import Path

import torch

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes that `ru_maxrss` counts in
CLEAR = Path("/proc/self/clear_refs")  # Linux: a 5 written here forgets the peak so far


def forget_peak(device: str) -> None:
    """Begin anew; where the system cannot, `peak` is that of the process since its start."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with contextlib.suppress(OSError):
            CLEAR.write_text("5")


def peak(device: str) -> int:
    """Bytes since `forget_peak`: of torch's tensors on CUDA, else of the whole process."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    return UNIT * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
