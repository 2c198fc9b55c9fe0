"""The curves of a training, for TensorBoard: the one thing that needs the extra `train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import BenchError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def check_extra() -> None:
    """Raise BenchError where TensorBoard is missing; called before anything that takes long."""
    try:
        import torch.utils.tensorboard  # noqa: F401 - only to see whether it can be imported
    except ImportError as error:
        raise BenchError(
            "training a generator needs TensorBoard: pip install 'latent-direction-bench[train]'"
        ) from error


def scalar_writer(folder: Path, step: int) -> SummaryWriter:
    """A writer into `folder`; scalars up to and including `step` stay, later ones are dropped.

    Raises BenchError where TensorBoard is missing or the folder cannot be written.
    """
    check_extra()
    from torch.utils.tensorboard import SummaryWriter

    try:
        return SummaryWriter(str(folder), purge_step=step + 1)
    except OSError as error:
        raise BenchError(f"cannot write {folder}: {error.strerror or error}") from error
