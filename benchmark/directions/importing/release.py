"""A release of the authors of the method: args.json, models/deformator_N.pt, human_annotation.txt.

Their deformator (Voynov & Babenko 2020) maps an axis of the space of directions to latents, so its
columns are the directions. Of a square only the first `max_latent_ind` (older releases) or
`directions_count` columns were trained; the rest is still what it began as.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import expm

from benchmark.core.errors import BenchError
from benchmark.core.reading import read_json
from benchmark.directions.importing.containers import described, read_content
from benchmark.directions.importing.found import Found, Told, numbers

DEFORMATOR = re.compile(r"deformator_(\d+)\.pt")
COUNTS = ("max_latent_ind", "directions_count")
NOTHING_STORED = {
    "id": "its directions are the axes, so take `-m coordinate`",
    "random": ("its matrix was never saved, so take `-m random`"),
}


def is_release(folder: Path) -> bool:
    """Whether the folder is one of the authors' releases."""
    return (folder / "args.json").is_file()


def release_of(path: Path) -> Path | None:
    """The release that a deformator's file belongs to, or None."""
    folder = path.parent.parent if path.parent.name == "models" else path.parent
    return folder if is_release(folder) else None


def deformator_of(folder: Path) -> Path:
    """The file of the last deformator of a release. Raises BenchError where there is none."""
    found = {
        int(number[1]): path
        for path in (folder / "models").glob("deformator_*.pt")
        if (number := DEFORMATOR.fullmatch(path.name))
    }
    if found:
        return found[max(found)]
    if (folder / "checkpoint.pt").is_file():
        return folder / "checkpoint.pt"
    raise BenchError(
        f"{folder} has an args.json, but no models/deformator_N.pt and no checkpoint.pt"
    )


def read_release(content: Any, told: Told, path: Path) -> Found:
    """The trained columns of the deformator at `path`, which args.json beside it explains.

    content: what the file holds. Raises BenchError for one that stores no linear directions, or
    without args.json.
    """
    notes: dict[str, str] = {}
    if isinstance(content, Mapping) and "deformator" in content:
        notes = {"step": str(content.get("step", "")), "file": path.name}
        content = content["deformator"]
    folder = release_of(path)
    args = _args(folder) if folder else {}
    kind = str(args.get("deformator", ""))
    matrix, said = _matrix(content, kind, path)
    if folder is None:
        raise BenchError(
            f"{path} does not say how many of its {matrix.shape[1]} columns were trained; put it "
            "into models/ beside the release's args.json"
        )
    trained = _count(args, folder, matrix.shape[1])
    rest = matrix.shape[1] - trained
    if rest:
        said.append(f"{rest} columns were never trained, and are left out")
    notes |= {key: str(args[key]) for key in ("gan_type", "target_class") if key in args}
    return Found(
        matrix[:, :trained],
        "columns",
        "release",
        space=_space(args),
        notes={"deformator": kind, **notes},
        said=tuple(said),
    )


def read_folder(folder: Path, told: Told) -> Found:
    """The directions of a release. Raises BenchError."""
    args = _args(folder)
    kind = str(args.get("deformator", ""))
    if kind in NOTHING_STORED:
        raise BenchError(
            f"{folder} holds no directions: {kind} stores nothing; {NOTHING_STORED[kind]}"
        )
    path = deformator_of(folder)
    return read_release(read_content(path), told, path)


def _args(folder: Path) -> dict[str, Any]:
    args = read_json(folder / "args.json")
    if not isinstance(args, dict):
        raise BenchError(f"{folder / 'args.json'} holds no settings")
    return args


def _matrix(state: Any, kind: str, path: Path) -> tuple[np.ndarray, list[str]]:
    """The whole matrix (d, K) of a deformator, and what a user should hear."""
    keys = set(state) if isinstance(state, Mapping) else set()
    if not keys:
        raise BenchError(
            f"{path} holds no directions: {described(state)}, as an id or random deformator "
            "leaves; for the axes take `-m coordinate`"
        )
    if "log_mat_half" in keys:
        half = numbers(state["log_mat_half"], path, "log_mat_half")  # (d, d)
        if half.ndim != 2 or half.shape[0] != half.shape[1]:
            raise BenchError(f"{path}: log_mat_half {half.shape} is no square")
        return expm(half - half.T), []
    if any(re.match(r"fc\d", str(key)) for key in keys):
        raise BenchError(
            f"{path} holds no directions: a network of several layers, such as an fc deformator, "
            "bends, so it has no matrix of directions"
        )
    if "linear.weight" not in keys:
        raise BenchError(f"{path} is no deformator, but {described(state)}")
    weight = numbers(state["linear.weight"], path, "linear.weight")  # (d, K)
    if weight.ndim != 2:
        raise BenchError(f"{path}: linear.weight {weight.shape} is no matrix")
    bias = state.get("linear.bias")
    if not isinstance(bias, np.ndarray) or not bias.any():
        return weight, []
    length = float(np.linalg.norm(numbers(bias, path, "linear.bias")))
    return weight, [
        f"a bias of length {length:.3g}, which moves every direction alike, is left out"
    ]


def _count(args: Mapping[str, Any], folder: Path, columns: int) -> int:
    """How many columns were trained. Raises BenchError where args.json does not say it."""
    said = [args[key] for key in COUNTS if key in args]
    if not said:
        raise BenchError(f"{folder / 'args.json'} does not say {' or '.join(COUNTS)}")
    count = columns if said[0] is None else said[0]  # null stands for all
    if type(count) is not int or not 0 < count <= columns:
        raise BenchError(f"{folder / 'args.json'} says {count!r} directions, of {columns} stored")
    return count


def _space(args: Mapping[str, Any]) -> str:
    """w or z. `w_shift` is true by default whatever the generator, and means StyleGAN2 alone."""
    style = "StyleGAN" in str(args.get("gan_type", "StyleGAN"))
    return "w" if args.get("w_shift") and style else "z"
