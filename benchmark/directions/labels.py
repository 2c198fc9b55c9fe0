"""What people say about directions, kept beside them: names, change types and MOS.

Two files are read: the sidecar that `bench study label` writes (NAME.labels.json beside
NAME.safetensors), and `human_annotation.txt` of Voynov & Babenko's code, of lines like `22: zoom`.
Each label says whose it is, and none is written over that of another source.
"""

import json
import logging
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.core.reading import read_json, read_text
from benchmark.core.storage import sha256, write_text

log = logging.getLogger("bench")

HUMAN_ANNOTATION = "human_annotation.txt"


@dataclass(frozen=True)
class Label:
    """What people say about one direction.

    index: its column, from 0. mos: mean opinion score in [0, 1], with its 95% interval low and
    high, from n ratings. category: the change type named most often. label: the name given most
    often. A field that nobody answered is None. source: whose it is, such as `study 3f2a` or
    `human_annotation.txt`; "" where that is not known. A direction may have one of each source.
    """

    index: int
    mos: float | None = None
    low: float | None = None
    high: float | None = None
    category: str | None = None
    label: str | None = None
    n: int = 0
    source: str = ""


def tidy(word: str) -> str:
    """A name as it is counted and looked up: case, spaces and the width of letters do not matter.

    It is never shown: `Stra\u00dfe` becomes `strasse`.
    """
    folded = unicodedata.normalize("NFKC", word).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def sidecar(path: Path) -> Path:
    """The path of the labels of the directions at `path`."""
    return path.with_suffix(".labels.json")


def write_labels(path: Path, labels: Sequence[Label]) -> None:
    """Write the sidecar of the directions at `path`; their own file stays untouched.

    The sidecar holds the hash of the directions, so that it never labels other directions.
    """
    content = {
        "directions_sha256": sha256(path),
        "labels": [asdict(label) for label in labels],
    }
    write_text(sidecar(path), json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def add_labels(path: Path, labels: Sequence[Label], source: str) -> None:
    """Write the labels of one source into the sidecar of the directions at `path`.

    They take the place of what the same source said before; all others stay. A sidecar of other
    directions is kept under another name. Raises BenchError for a damaged sidecar.
    """
    beside = sidecar(path)
    before: tuple[Label, ...] = ()
    if beside.exists():
        digest, before = _parse(beside)
        if digest != sha256(path):
            mark = "".join(filter(str.isalnum, digest))[:8]  # a damaged one may hold anything
            aside = beside.with_name(f"{path.stem}.{mark}.labels.json")
            log.warning("%s is about other directions; it is kept as %s", beside, aside.name)
            beside.replace(aside)
            before = ()
    others = [label for label in before if label.source != source]
    write_labels(path, [*(replace(label, source=source) for label in labels), *others])


def bring_labels(path: Path, there: Path) -> None:
    """Bring the labels of the directions at `there` to the same directions at `path`, beside those
    of other sources; of a source that both have, those at `path` stay.

    Raises BenchError for a damaged file of labels.
    """
    here = read_labels(path)
    known = {label.source for label in here}
    new = [label for label in read_labels(there) if label.source not in known]
    if new:
        write_labels(path, [*here, *new])


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
    """The labels of the directions at `path`: those of the sidecar, then the authors'.

    The authors' file lies beside the directions, or beside the folder `models` that holds them. A
    sidecar of other directions is left alone, with a warning. Raises BenchError for a damaged file.
    """
    beside = sidecar(path)
    labels: list[Label] = []
    if beside.exists():
        digest, stored = _parse(beside)
        if digest == sha256(path):
            labels += stored
        else:
            log.warning("%s is about other directions than %s holds; it is left out", beside, path)
    folders = [path.parent, *([path.parent.parent] if path.parent.name == "models" else [])]
    for folder in folders:
        if (folder / HUMAN_ANNOTATION).exists():
            theirs = read_human_annotation(folder / HUMAN_ANNOTATION)
            return (*labels, *(label for label in theirs if label not in labels))
    return tuple(labels)


def read_human_annotation(path: Path) -> tuple[Label, ...]:
    """Labels from lines such as `22: zoom`; a line without a name is skipped.

    Raises BenchError for a line that cannot be read.
    """
    labels = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        index, colon, name = line.partition(":")
        if not line.strip():
            continue
        if not colon or not index.strip().isdecimal():
            raise BenchError(f"{path}, line {number}: '{line}' should be like '22: zoom'")
        if name.strip():
            labels.append(Label(int(index), label=name.strip(), source=HUMAN_ANNOTATION))
    return tuple(labels)


def _parse(beside: Path) -> tuple[str, tuple[Label, ...]]:
    """The hash of the directions that a sidecar is about, and its labels."""
    try:
        content = read_json(beside)
        study = str(content.get("study", ""))  # earlier versions named one source for all labels
        labels = tuple(_label(one, f"study {study}" if study else "") for one in content["labels"])
        return str(content["directions_sha256"]), labels
    except (BenchError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(
            f"{beside} is damaged ({error}); move it away, and the directions open without its "
            "labels"
        ) from error


def _label(content: Mapping[str, Any], source: str) -> Label:
    """One label of a sidecar. Raises ValueError or TypeError for values that cannot be."""
    label = Label(**{"source": source, **content})
    whole = [type(v) is int and v >= 0 for v in (label.index, label.n)]
    shares = [
        v is None or (isinstance(v, int | float) and not isinstance(v, bool) and 0 <= v <= 1)
        for v in (label.mos, label.low, label.high)
    ]
    words = [v is None or isinstance(v, str) for v in (label.category, label.label)]
    if not all([*whole, *shares, *words, isinstance(label.source, str)]):
        named = ", ".join(f"{one.name} {getattr(label, one.name)!r}" for one in fields(label))
        raise ValueError(f"no label has {named}")
    return label
