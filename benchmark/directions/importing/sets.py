"""Directions from one file, a release's folder, or several files of one direction each."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.core.errors import BenchError
from benchmark.directions.importing.containers import read_content
from benchmark.directions.importing.found import Found, Told
from benchmark.directions.importing.layouts import read_as, settled
from benchmark.directions.importing.release import deformator_of, is_release, read_folder
from benchmark.directions.importing.unit_columns import UnitColumns, as_unit_columns
from benchmark.directions.labels import fitting_labels

ENDINGS = (".npy", ".npz", ".pt", ".pth", ".pkl", ".pickle")  # of files that a folder may hold
LAYERS = "layers_of_w"  # the note of how many layers a direction of W+ has
IN_W = re.compile(r"_w(_|$)")  # in the name of a boundary of InterFaceGAN


def read_file(path: Path) -> UnitColumns:
    """The directions of one file, or of a release's folder, where it settles what they are.

    Labels beside it come along. Raises BenchError of one line.
    """
    found = _read(path, Told())
    return _with_labels(as_unit_columns(found, [_data(path)], False, None, None), path)


def read_set(paths: Sequence[Path], told: Told, d: int, chunk: range | None = None) -> UnitColumns:
    """The directions of one file, of a release's folder, or of several files, or a folder of them,
    that hold one each. d: of the generator; chunk: which of its latents they move, None for all.

    Raises BenchError of one line, also where the directions are of another size.
    """
    files = [file for path in paths for file in _files(path)]
    if len(files) == 1:
        found = _one(files[0], told)
        if found.columns.shape[1] == 1 and not found.names:
            found = replace(found, names=(files[0].stem,))
    else:
        found = _together(files, [_one(file, told) for file in files])
    size = int(found.notes.get("dimensions_of_w", len(found.columns)))
    wanted = d if chunk is None else len(chunk)
    if size != wanted:
        whose = "the generator's latents have" if chunk is None else "the chunk has"
        hint = "; --chunk says which of them they move" if chunk is None and 1 < size < d else ""
        raise BenchError(
            f"{_called(files)} holds directions of {size} dimensions, but {whose} {wanted}{hint}"
        )
    if chunk is not None and found.space == "w+":
        raise BenchError("a chunk is of z; a direction of W+ has none")
    sources = [_data(file) for file in files]
    imported = as_unit_columns(found, sources, told.orthonormalise, chunk, d)
    return _with_labels(imported, files[0]) if len(files) == 1 else imported


def _one(path: Path, told: Told) -> Found:
    found = _read(path, told)
    if told.space:
        return replace(found, space=told.space)
    if found.layout == "boundary" and not found.space and IN_W.search(path.stem):
        return replace(found, space="w")
    return found


def _read(path: Path, told: Told) -> Found:
    if path.is_dir() and is_release(path):
        if told.orientation or told.layout not in ("", "release"):
            raise settled(path, "release")
        return read_folder(path, told)
    return read_as(read_content(path), told, path)


def _data(path: Path) -> Path:
    """The file that holds the numbers."""
    return deformator_of(path) if path.is_dir() else path


def _files(path: Path) -> list[Path]:
    """The path itself, or what a folder of directions holds, by name."""
    if not path.exists():
        raise BenchError(f"no directions at {path}")
    if not path.is_dir() or is_release(path):
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS)
    if not files:
        raise BenchError(
            f"{path} holds neither a release (args.json) nor files of directions "
            f"({', '.join(ENDINGS)})"
        )
    return files


def _together(files: Sequence[Path], found: Sequence[Found]) -> Found:
    """One set of directions from files of one each, in their order. Raises BenchError."""
    first = found[0]
    for file, one in zip(files, found, strict=True):
        if (k := one.columns.shape[1]) != 1:
            raise BenchError(f"{file} holds {k} directions; files of a set hold one each")
        for what, here, there in (
            ("the space", one.space, first.space),
            ("the layers", one.layers, first.layers),
            ("the layers of w", one.notes.get(LAYERS, ""), first.notes.get(LAYERS, "")),
            ("the size", str(len(one.columns)), str(len(first.columns))),
        ):
            if here != there:
                raise BenchError(
                    f"{file} and {files[0]} differ in {what}, {here or 'not said'} and "
                    f"{there or 'not said'}: import them one by one"
                )
    steps = [one.scale for one in found if one.scale is not None]
    scale = np.concatenate(steps) if len(steps) == len(found) else None  # (K,)
    names = tuple(
        one.names[0] if one.names else file.stem for file, one in zip(files, found, strict=True)
    )
    said = dict.fromkeys(line for one in found for line in one.said)
    columns = np.concatenate([one.columns for one in found], axis=1)  # (d, K)
    sigmas = np.concatenate([np.atleast_1d(one.sigmas) for one in found])  # (K,)
    return replace(
        first,
        columns=columns,
        layout=_joined([one.layout for one in found]),
        scale=scale,
        scale_of=_joined([one.scale_of for one in found]),
        sigmas=sigmas,
        names=names,
        notes=_notes_of_all(files, found),
        said=tuple(said),
    )


def _joined(words: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(words))


def _notes_of_all(files: Sequence[Path], found: Sequence[Found]) -> dict[str, str]:
    """What all files say alike, once; where they do not, what each says, by its name."""
    notes: dict[str, str] = {}
    for key in dict.fromkeys(key for one in found for key in one.notes):
        said = [one.notes.get(key) for one in found]
        if any(value != said[0] for value in said):
            each = zip(files, said, strict=True)
            notes[key] = "; ".join(f"{file.name}: {value}" for file, value in each if value)
        else:
            notes[key] = found[0].notes[key]
    return notes


def _with_labels(imported: UnitColumns, path: Path) -> UnitColumns:
    """The same with the labels that lie beside the file."""
    beside = fitting_labels(_data(path), imported.matrix.shape[1])
    return replace(imported, labels=(*beside, *imported.labels))


def _called(files: Sequence[Path]) -> str:
    return str(files[0]) if len(files) == 1 else f"each of {len(files)} files"
