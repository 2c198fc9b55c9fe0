"""Which layout a file of others has, and what it holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmark.core.file_kinds import PICKLE, TORCH_BEFORE_ZIP, head_of
from benchmark.generators.family import read_state_dict
from benchmark.generators.reading import genforce, rosinality
from benchmark.generators.reading.nvidia import read_snapshot
from benchmark.generators.reading.published_state import PublishedState

UNKNOWN = "not known"


class Arguments:
    """Stands for `argparse.Namespace`, which checkpoints of a training hold; keeps nothing."""

    def __setstate__(self, _state: object) -> None:
        pass


def read_published(path: Path) -> PublishedState:
    """The generator's state in a file that others saved, whatever the file's name.

    A state dict by itself comes as it is: its family is told by its keys. Nothing in the file is
    run. Raises BenchError, in one line, for a file that holds no generator or is none of these.
    """
    head = head_of(path, f"{path} cannot be read")
    if PICKLE.match(head) and not head.startswith(TORCH_BEFORE_ZIP):
        return read_snapshot(path)
    stand_ins: list[Any] = [(Arguments, "argparse.Namespace")]
    with torch.serialization.safe_globals(stand_ins):
        content: Mapping[str, Any] = read_state_dict(path)
    for layout in (rosinality, genforce):
        if layout.fits(content):
            return layout.read_checkpoint(content, path)
    return PublishedState(content, "state dict", UNKNOWN)
