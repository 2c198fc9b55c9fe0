"""Mappings that projects save: which entry holds the directions, and what the others mean."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.core.errors import BenchError
from benchmark.directions.importing.found import Found, Told, numbers
from benchmark.directions.importing.plain_arrays import (
    read_boundary,
    read_components,
    read_wplus,
    unit_rows,
)
from benchmark.generators.layer_ranges import as_ranges

RANGE = re.compile(r"\s*(\d+)\s*-\s*(\d+)\s*")
OF_W = re.compile(r"_w(_seed\d+)?$")  # at the end of a file's name


def read_ganspace(content: Any, told: Told, path: Path) -> Found:
    """A PCA of GANSpace (Haerkoenen et al. 2020): rows of lat_comp (K, 1, d).

    An edit there is sigma * lat_stdev along one. They move w where the file's name ends so, or
    lat_stdev was measured: that of z is 1, and is not.
    """
    found = read_components(_entry(content, "lat_comp", path), told, path)
    deviations = content.get("lat_stdev", 1.0)
    measured = isinstance(deviations, np.ndarray) and not np.all(deviations == 1.0)
    space = "w" if measured or OF_W.search(path.stem) else "z"
    return _scaled(found, content, "lat_stdev", path, layout="ganspace", space=space)


def read_ganspace_edit(content: Any, told: Told, path: Path) -> Found:
    """One edit of GANSpace's interactive tool: lat_comp (1, d), for layers from edit_start up to,
    not including, edit_end."""
    content = {key: _plain(value) for key, value in content.items()}
    if (kind := content.get("edit_type", "latent")) != "latent":
        raise BenchError(f"{path} holds an edit of the kind {kind!r}, which no direction makes")
    found = read_boundary(_entry(content, "lat_comp", path), told, path)
    space = str(_entry(content, "latent_space", path)).lower()
    if space not in ("z", "w"):
        raise BenchError(f"{path} holds an edit in the space {space!r}, not z or w")
    layers, start, end = "", content.get("edit_start"), content.get("edit_end")
    whole = space == "z" and str(content.get("model_name")).startswith("ProGAN")  # z enters once
    if isinstance(start, int) and isinstance(end, int) and 0 <= start < end and not whole:
        layers = as_ranges(range(start, end))
    names = (str(content["name"]),) if content.get("name") else ()
    more = ("truncation", "sigma_range", "model_name", "output_class")
    notes = {
        key: str(content[key]) for key in more if isinstance(content.get(key), float | int | str)
    }
    found = replace(found, layout="ganspace-edit", space=space, layers=layers)
    sigmas = content.get("sigma_range")
    sigmas = abs(float(sigmas)) if isinstance(sigmas, float | int) and sigmas else 1.0
    found = replace(found, names=names, notes=notes, sigmas=sigmas)
    return _scaled(found, content, "lat_stdev", path)


def read_pca(content: Any, told: Told, path: Path) -> Found:
    """A PCA of w as encoder4editing keeps it: rows of comp (K, 1, d), beside their mean and std."""
    found = read_components(_entry(content, "comp", path), told, path)
    return _scaled(found, content, "std", path, layout="pca", space="w")


def read_eigvec(content: Any, told: Told, path: Path) -> Found:
    """A closed-form factorisation as StyleGAN2 in PyTorch keeps it: columns of eigvec (d, K)."""
    array = numbers(_entry(content, "eigvec", path), path, "eigvec")
    if array.ndim != 2:
        raise BenchError(f"{path}: eigvec {array.shape} is no matrix")
    said: tuple[str, ...] = ()
    values = content.get("eigval")
    if isinstance(values, np.ndarray) and values.dtype.kind == "f" and values.ndim == 1:
        falls = bool((np.diff(values) <= 0).all())
        said = () if falls else ("its columns are not in falling order of eigval",)
    return Found(array, "columns", "eigvec", space="w", said=said)


def read_layered_boundary(content: Any, told: Told, path: Path) -> Found:
    """A boundary of HiGAN or IDInvert, (1, d) or of W+ (1, layers, d), and the layers it moves."""
    array = _entry(content, "boundary", path)
    about = content.get("meta_data")
    given = about.get("manipulate_layers") if isinstance(about, Mapping) else None
    layers = _layers(given, path)
    if not (isinstance(array, np.ndarray) and array.ndim == 3 and array.shape[1] > 1):
        found = read_boundary(array, told, path)
        space = "w" if layers else ""
        return replace(found, layout="boundary-layers", space=space, layers=as_ranges(layers))
    if layers:  # the others stay where they are
        if max(layers) >= array.shape[1]:
            raise BenchError(f"{path} moves layer {max(layers)} of {array.shape[1]}, from 0")
        moved = np.zeros_like(array)  # (1, layers, d)
        moved[:, layers] = array[:, layers]
        array = moved
    found = read_wplus(array, told, path)
    return replace(found, layout="boundary-layers", layers=as_ranges(layers))


def read_latentclr(content: Any, told: Told, path: Path) -> Found:
    """The linear directions of LatentCLR: rows of params (K, d), each divided by its length."""
    inner = _entry(content, "model", path)
    array = numbers(inner.get("params") if isinstance(inner, Mapping) else None, path, "params")
    if array.ndim != 2:
        raise BenchError(f"{path}: params {array.shape} is no matrix (K, d)")
    return Found(array.T, "rows", "latentclr")  # (d, K)


def read_ganalyze(content: Any, told: Told, path: Path) -> Found:
    """The one direction of GANalyze, w (1, d) in z; after it moves z, GANalyze gives z back its
    old length, and this suite does not."""
    found = read_boundary(_entry(content, "w", path), told, path)
    said = ("GANalyze gives z back its old length after the shift; here a shift is a plain step",)
    return replace(found, layout="ganalyze", space="z", said=said)


def read_named(content: Any, told: Told, path: Path) -> Found:
    """Boundaries by name, each (1, d) or (d,)."""
    if not (isinstance(content, Mapping) and content):
        raise BenchError(f"{path} holds no boundaries by name")
    columns = [read_boundary(one, told, path).columns for one in content.values()]  # each (d, 1)
    if len({len(column) for column in columns}) > 1:
        raise BenchError(f"{path} holds boundaries of different sizes")
    names = tuple(str(name) for name in content)
    return Found(np.concatenate(columns, axis=1), "rows", "named", names=names)  # (d, K)


def names_boundaries(content: Any) -> bool:
    """Whether every entry is one row (1, d) of unit length, all of one d."""
    rows = [*content.values()] if isinstance(content, Mapping) else []
    return (
        bool(rows)
        and all(isinstance(key, str) for key in content)
        and all(isinstance(row, np.ndarray) and row.dtype.kind == "f" for row in rows)
        and all(row.ndim == 2 and len(row) == 1 and unit_rows(row) for row in rows)
        and len({row.shape for row in rows}) == 1
    )


def _plain(value: Any) -> Any:
    """The number that an array without axes is: sliders of GANSpace's tool are such."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _entry(content: Any, key: str, path: Path) -> Any:
    """The entry of a mapping. Raises BenchError where there is none."""
    if not isinstance(content, Mapping) or key not in content:
        raise BenchError(f"{path} has no entry '{key}', which this layout keeps its directions by")
    return content[key]


def _scaled(found: Found, content: Mapping[str, Any], key: str, path: Path, **other: Any) -> Found:
    """The directions with what the project multiplies them by: content[key], one number each."""
    given = content.get(key)
    if isinstance(given, float | int):
        given = np.full(found.columns.shape[1], float(given))  # (K,)
    if given is None:
        return replace(found, **other)
    scale = numbers(np.atleast_1d(given), path, key).reshape(-1)  # (K,)
    if len(scale) != found.columns.shape[1]:
        raise BenchError(f"{path} has {len(scale)} values of {key} for other directions than these")
    return replace(found, scale=scale, scale_of=key, **other)


def _layers(given: Any, path: Path) -> list[int]:
    """Layers from `6-11`, whose ends are both included, or from a list; [] where nobody says it."""
    if given is None:
        return []
    if isinstance(given, str) and (between := RANGE.fullmatch(given)):
        return [*range(int(between[1]), int(between[2]) + 1)]
    each = given.tolist() if isinstance(given, np.ndarray) else given
    if not (isinstance(each, list) and each and all(type(one) is int and one >= 0 for one in each)):
        raise BenchError(f"{path} moves layers {given!r}, which is no range like 6-11 and no list")
    return sorted({*each})
