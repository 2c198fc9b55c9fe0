"""What people say about directions, kept beside them: names, change types and MOS.

Two files are read: the sidecar that `bench study label` writes (NAME.labels.json beside
NAME.safetensors), and `human_annotation.txt` of Voynov & Babenko's code, of lines like `22: zoom`.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.core.storage import sha256, write_atomically

log = logging.getLogger("bench")

HUMAN_ANNOTATION = "human_annotation.txt"


@dataclass(frozen=True)
class Label:
    """What people say about one direction.

    index: its column, from 0. mos: mean opinion score in [0, 1], with its 95% interval low and
    high, from n ratings. category: the change type named most often. label: the name given most
    often. A field that nobody answered is None.
    """

    index: int
    mos: float | None = None
    low: float | None = None
    high: float | None = None
    category: str | None = None
    label: str | None = None
    n: int = 0


def sidecar(path: Path) -> Path:
    """The path of the labels of the directions at `path`."""
    return path.with_suffix(".labels.json")


def write_labels(path: Path, labels: Sequence[Label], study: str = "") -> None:
    """Write the sidecar of the directions at `path`; their own file stays untouched.

    study: the study that the labels come from. The sidecar holds the hash of the directions, so
    that it never labels other directions.
    """
    content = {
        "directions_sha256": sha256(path),
        "study": study,
        "labels": [asdict(label) for label in labels],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_atomically(sidecar(path), lambda part: part.write_text(text, encoding="utf-8"))


def check_labels(labels: Sequence[Label], k: int) -> None:
    """Raise BenchError for a label of a direction that is not among the k there are."""
    for label in labels:
        if not 0 <= label.index < k:
            raise BenchError(f"a label names direction {label.index}, but there are {k}, from 0")


def fitting_labels(path: Path, k: int) -> tuple[Label, ...]:
    """The labels of the k directions at `path`; raises BenchError for others and damaged files."""
    labels = read_labels(path)
    try:
        check_labels(labels, k)
    except BenchError as error:
        raise BenchError(f"the labels beside {path} do not fit it: {error}") from error
    return labels


def read_labels(path: Path) -> tuple[Label, ...]:
    """The labels of the directions at `path`: from the sidecar, else from the authors' file.

    The authors' file lies beside the directions, or beside the folder `models` that holds them. A
    sidecar of other directions is left alone, with a warning. Raises BenchError for a damaged file.
    """
    beside = sidecar(path)
    if beside.exists():
        return _read_sidecar(beside, path)
    folders = [path.parent, *([path.parent.parent] if path.parent.name == "models" else [])]
    for folder in folders:
        if (folder / HUMAN_ANNOTATION).exists():
            return read_human_annotation(folder / HUMAN_ANNOTATION)
    return ()


def read_human_annotation(path: Path) -> tuple[Label, ...]:
    """Labels from lines such as `22: zoom`; a line without a name is skipped.

    Raises BenchError for a line that cannot be read.
    """
    labels = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        index, colon, name = line.partition(":")
        if not line.strip():
            continue
        if not colon or not index.strip().isdecimal():
            raise BenchError(f"{path}, line {number}: '{line}' should be like '22: zoom'")
        if name.strip():
            labels.append(Label(int(index), label=name.strip()))
    return tuple(labels)


def _read_sidecar(beside: Path, path: Path) -> tuple[Label, ...]:
    try:
        content: dict[str, Any] = json.loads(_text(beside))
        labels = tuple(Label(**label) for label in content["labels"])
        digest = content["directions_sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise BenchError(
            f"{beside} is damaged ({error}); `bench study label` writes it anew, "
            "and without it the directions open unlabelled"
        ) from error
    if digest != sha256(path):
        log.warning("%s is about other directions than %s holds; it is left out", beside, path)
        return ()
    return labels


def _text(path: Path) -> str:
    if not path.is_file():  # a pipe would be waited for without end
        raise BenchError(f"{path} cannot be read: it is no file")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BenchError(f"{path} cannot be read: {error}") from error
