"""Whether a folder holds the training to be continued: what its checkpoint says it is of."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.core.checkpoints import load_checkpoint
from benchmark.core.errors import BenchError
from benchmark.generators.family import Family
from benchmark.generators.training.game import GanConfig
from benchmark.generators.training.real_images import ImageSet

CHECKPOINT = "checkpoint.pt"


def origin(generator: Family, data: ImageSet) -> dict[str, str]:
    """What a training is of, besides its settings: which network, and which images."""
    network = {"name": generator.family, **generator.architecture()}
    return {"generator": json.dumps(network), "images": data.fingerprint()}


def check_continues(folder: Path, generator: Family, data: ImageSet, config: GanConfig) -> None:
    """Raise BenchError where `folder` holds another training than the one of these."""
    path = folder / CHECKPOINT
    state = load_checkpoint(path)
    if state is not None:
        check_same(path, state, config, origin(generator, data))


def check_same(
    path: Path, state: Mapping[str, Any], config: GanConfig, origin: Mapping[str, str]
) -> None:
    """Raise BenchError where the checkpoint at `path` is of another training. origin: see there."""
    found = [part for name in ("config", "origin") if isinstance(part := state.get(name), dict)]
    if len(found) < 2:
        raise BenchError(
            f"{path} is no checkpoint of this training; give another folder to start over"
        )
    differing = [
        key
        for wanted, before in zip((asdict(config), origin), found, strict=True)
        for key, value in wanted.items()
        if before.get(key) != value
    ]
    if differing:
        raise BenchError(
            f"{path} was trained with another {', '.join(differing)}; "
            "give the same data and settings to continue it, or another folder to start over"
        )
