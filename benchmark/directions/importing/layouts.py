"""LAYOUTS: every layout of directions that is read, by name, and which of them a file settles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.core.errors import BenchError, unknown
from benchmark.directions.importing.containers import described
from benchmark.directions.importing.found import SAVE, Found, Told
from benchmark.directions.importing.mappings import (
    names_boundaries,
    read_eigvec,
    read_ganalyze,
    read_ganspace,
    read_ganspace_edit,
    read_latentclr,
    read_layered_boundary,
    read_named,
    read_pca,
)
from benchmark.directions.importing.plain_arrays import (
    read_array,
    read_boundary,
    read_components,
    read_hessian_penalty,
    read_repeated,
    read_wplus,
)
from benchmark.directions.importing.release import read_release

Content = Any  # an array, or a mapping of entries


def never(_content: Content) -> bool:
    """Of layouts that a user has to name, as another one looks the same."""
    return False


@dataclass(frozen=True)
class Layout:
    """about: what a file of it holds, in words. read: its directions. settles: whether a file's
    content alone says that it is of this layout."""

    about: str
    read: Callable[[Content, Told, Path], Found]
    settles: Callable[[Content], bool] = never


def _keys(*wanted: str) -> Callable[[Content], bool]:
    return lambda content: isinstance(content, Mapping) and {*wanted} <= {*map(str, content)}


def _params(content: Content) -> bool:
    inner = content.get("model") if isinstance(content, Mapping) else None
    return isinstance(inner, Mapping) and [*inner] == ["params"]


def _deformator(content: Content) -> bool:
    wanted = {"log_mat_half", "linear.weight", "deformator"}
    return isinstance(content, Mapping) and (
        not content or bool(wanted & {*map(str, content)}) or _keys("fc1.weight")(content)
    )


def _warped(content: Content, told: Told, path: Path) -> Found:
    raise BenchError(
        f"{path} holds a warped field (SUPPORT_SETS), which depends on z and has no matrix of "
        "directions"
    )


LAYOUTS: Mapping[str, Layout] = {
    "array": Layout(
        "a matrix whose rows or columns are directions",
        read_array,
        lambda content: isinstance(content, np.ndarray),
    ),
    "boundary": Layout("one direction (1, d) or (d,)", read_boundary),
    "repeated": Layout("one direction of w (layers, d), the same for each layer", read_repeated),
    "wplus": Layout(
        "one direction of W+: (layers, d), (1, layers, d) or (1, layers * d)", read_wplus
    ),
    "components": Layout("directions (K, 1, d)", read_components),
    "hessian-penalty": Layout(
        "parameters (K, d), before Gram-Schmidt; OroJaR's too", read_hessian_penalty
    ),
    "boundary-layers": Layout(
        "a mapping of boundary and meta_data (HiGAN, IDInvert)",
        read_layered_boundary,
        _keys("boundary", "meta_data"),
    ),
    "ganspace-edit": Layout(
        "one edit of GANSpace's interactive tool",
        read_ganspace_edit,
        _keys("lat_comp", "latent_space"),
    ),
    "ganspace": Layout("a PCA of GANSpace", read_ganspace, _keys("lat_comp", "lat_stdev")),
    "pca": Layout("a PCA of w: mean, std, comp", read_pca, _keys("mean", "std", "comp")),
    "eigvec": Layout("a factorisation, by columns of eigvec", read_eigvec, _keys("eigvec")),
    "release": Layout(
        "a deformator of Voynov & Babenko, with its args.json", read_release, _deformator
    ),
    "latentclr": Layout("linear directions of LatentCLR: model, params", read_latentclr, _params),
    "ganalyze": Layout("the one direction of GANalyze: w (1, d)", read_ganalyze),
    "warped": Layout("a warped field, which is not read", _warped, _keys("SUPPORT_SETS")),
    "named": Layout("boundaries (1, d) by name", read_named, names_boundaries),
}


def settled(path: Path, name: str) -> BenchError:
    """The error for a word about rows or columns where the layout says it."""
    return BenchError(
        f"{path} is of the layout '{name}', "
        "which says what its directions are; leave out --as and --layout"
    )


def read_as(content: Content, told: Told, path: Path) -> Found:
    """The directions in a file's content, by the layout that is told, else by the one that the
    content settles. Raises BenchError where it settles none."""
    if told.layout:
        if told.layout not in LAYOUTS:
            raise unknown("layout", told.layout, LAYOUTS)
        return LAYOUTS[told.layout].read(content, told, path)
    for name, layout in LAYOUTS.items():
        if layout.settles(content):
            if told.orientation and name != "array":
                raise settled(path, name)
            return layout.read(content, told, path)
    way = SAVE
    if isinstance(content, Mapping) and [*content] == ["w"]:
        way = "--layout ganalyze reads it, if it is no latent code of a projector"
    raise BenchError(f"{path} should hold one matrix, but holds {described(content)}; {way}")
