"""Each layout of other projects, written small: its directions are those that were put in."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.directions.importing.found import Told
from benchmark.directions.importing.layouts import LAYOUTS
from benchmark.directions.importing.sets import read_set
from benchmark.directions.importing.unit_columns import UnitColumns

D, K, L = 12, 5, 4
RNG = np.random.default_rng(3)


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def unit(array: np.ndarray) -> np.ndarray:
    """With rows of length one."""
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


ONE, ROWS, RAW = unit(normal(1, D)), unit(normal(K, D)), 5 * normal(D, D)
PLUS = normal(1, L, D)
SPREAD = np.abs(normal(K)) + 0.1
SQUARE = np.linalg.qr(normal(D, D))[0]


def gram_schmidt(rows: np.ndarray) -> np.ndarray:
    """One row after another, in float64."""
    found: list[np.ndarray] = []
    for row in rows.astype(np.float64):
        left = row - sum((row @ one) * one for one in found)
        left = left - sum((left @ one) * one for one in found)
        found.append(left / np.linalg.norm(left))
    return np.stack(found)


def moved_alone(layers: slice) -> np.ndarray:
    """PLUS on some layers, at length one."""
    kept = np.zeros_like(PLUS)
    kept[:, layers] = PLUS[:, layers]
    return unit(kept.reshape(1, -1)).T


def npz(**arrays: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.savez_compressed(path, **arrays)


def of_objects(content: object) -> Callable[[Path], None]:
    return lambda path: np.save(path, np.array(content, dtype=object), allow_pickle=True)


def pickled(content: object, protocol: int) -> Callable[[Path], Any]:
    return lambda path: path.write_bytes(pickle.dumps(content, protocol))


def saved(content: object) -> Callable[[Path], None]:
    return lambda path: torch.save(content, path)


def array(content: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.save(path, content)


def tensor(content: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(content))


PCA = {"act_comp": normal(K, 3), "lat_comp": ROWS[:, None], "lat_mean": normal(1, 1, D)}
EDIT = {
    "name": "Light",
    "sigma_range": 2.0,
    "lat_comp": ONE,
    "lat_stdev": np.float32(1.5),
    "latent_space": "W",
    "edit_type": "latent",
    "edit_start": 8,
    "edit_end": 11,
    "truncation": 0.9,
}
OF_Z = {  # which ProGAN takes at one place
    "latent_space": "Z",
    "model_name": "ProGAN-celebahq",
    "edit_start": 0,
    "edit_end": 1,
}
HIGAN = {"boundary": ONE.astype(np.float64), "meta_data": {"manipulate_layers": "6-11"}}
IDINVERT = {"boundary": PLUS, "meta_data": {"manipulate_layers": [1, 2]}}
E4E = {"mean": tensor(normal(1, D)), "comp": tensor(ROWS[:, None]), "std": tensor(SPREAD)}
NAMED = {name: tensor(row[None]) for name, row in zip(("smile", "age"), ROWS, strict=False)}
LATENTCLR = {"model": {"params": tensor(3 * ROWS)}}

CASES: dict[str, tuple[str, Callable[[Path], Any], dict[str, Any], np.ndarray, str, dict[str, str]]]
CASES = {  # file, how it is written, what is told, truth, layout, some of the provenance
    "1 row": ("smile.npy", array(ONE), {}, ONE.T, "boundary", {}),
    "1 of w": ("a_w_boundary.pt", saved(tensor(ONE)), {}, ONE.T, "boundary", {"space": "w"}),
    "1 flat": ("age.npy", array(ONE[0].astype(np.float64)), {}, ONE.T, "boundary", {}),
    "2 equal": (
        "a.npy",
        array(np.repeat(0.7 * ONE, L, 0)),
        {},
        ONE.T,
        "repeated",
        {"scale": "0.7"},
    ),
    "2 other": (
        "a.npy",
        array(PLUS[0]),
        {"layout": "wplus"},
        moved_alone(slice(None)),
        "wplus",
        {"space": "w+", "layers_of_w": "4", "dimensions_of_w": "12"},
    ),
    "3": ("a.npy", array(PLUS), {"layout": "wplus"}, moved_alone(slice(None)), "wplus", {}),
    "4": (
        "a.npy",
        array(unit(PLUS.reshape(1, -1))),
        {"layout": "wplus"},
        moved_alone(slice(None)),
        "wplus",
        {"layers_of_w": "4"},
    ),
    "5 of w": (
        "wood.npy",
        of_objects(HIGAN),
        {},
        ONE.T,
        "boundary-layers",
        {"space": "w", "layers": "6-11"},
    ),
    "5 of w+": (
        "age.npy",
        of_objects(IDINVERT),
        {},
        moved_alone(slice(1, 3)),
        "boundary-layers",
        {"space": "w+", "layers": "1-2"},
    ),
    "6": ("a.npy", array(ROWS[:, None]), {}, ROWS.T, "components", {}),
    "7 of w": (
        "x_w.npz",
        npz(**PCA, lat_stdev=SPREAD),
        {},
        ROWS.T,
        "ganspace",
        {"space": "w", "scale_of": "lat_stdev", "scale": ",".join(f"{s:.6g}" for s in SPREAD)},
    ),
    "7 of w with a seed": (
        "x_w_seed5.npz",
        npz(**PCA, lat_stdev=np.ones(K)),
        {},
        ROWS.T,
        "ganspace",
        {"space": "w"},
    ),
    "7 of w, renamed": (
        "x.npz",
        npz(**PCA, lat_stdev=SPREAD),
        {},
        ROWS.T,
        "ganspace",
        {"space": "w"},
    ),
    "7 of z": ("x.npz", npz(**PCA, lat_stdev=np.ones(K)), {}, ROWS.T, "ganspace", {"space": "z"}),
    **{
        f"8, protocol {protocol}": (
            "light.pkl",
            pickled(EDIT, protocol),
            {},
            ONE.T,
            "ganspace-edit",
            {"space": "w", "layers": "8-10", "scale": "1.5", "sigma_range": "2.0"},
        )
        for protocol in (2, 3, 4, 5)
    },
    "8, as its tool's sliders write it": (
        "light.pkl",
        pickled({**EDIT, "sigma_range": np.float64(-2.0), "edit_end": np.int64(11)}, 4),
        {},
        ONE.T,
        "ganspace-edit",
        {"space": "w", "layers": "8-10", "scale": "1.5", "sigma_range": "-2.0"},
    ),
    "8 of all of z": (
        "light.pkl",
        pickled({**EDIT, **OF_Z}, 4),
        {},
        ONE.T,
        "ganspace-edit",
        {"space": "z", "model_name": "ProGAN-celebahq"},
    ),
    "9": ("pca.pt", saved(E4E), {}, ROWS.T, "pca", {"space": "w", "scale_of": "std"}),
    "10": (
        "f.pt",
        saved({"ckpt": "x.pt", "eigvec": tensor(SQUARE)}),
        {},
        SQUARE,
        "eigvec",
        {"read_as": "columns", "space": "w"},
    ),
    "10 of numpy": ("f.pt", saved({"ckpt": "x", "eigvec": SQUARE}), {}, SQUARE, "eigvec", {}),
    "11": (
        "a.pt",
        saved(tensor(RAW)),
        {"layout": "hessian-penalty"},
        gram_schmidt(RAW).T,
        "hessian-penalty",
        {"read_as": "rows", "scale_of": "length"},
    ),
    "11 as rows": (
        "a.pt",
        saved(tensor(RAW)),
        {"orientation": "rows", "orthonormalise": True},
        gram_schmidt(RAW).T,
        "array",
        {"read_as": "rows"},
    ),
    "15": ("c.pt", saved(LATENTCLR), {}, ROWS.T, "latentclr", {"scale": "3,3,3,3,3"}),
    "16": (
        "m.pth",
        saved({"w": tensor(2 * ONE)}),
        {"layout": "ganalyze"},
        ONE.T,
        "ganalyze",
        {"space": "z", "scale": "2"},
    ),
    "17": ("b.pt", saved(NAMED), {}, ROWS[:2].T, "named", {}),
    "rows": ("a.npy", array(ROWS), {}, ROWS.T, "array", {"read_as": "rows"}),
    "columns": ("a.npy", array(ROWS.T), {}, ROWS.T, "array", {"read_as": "columns"}),
    "an archive of one": ("a.npz", npz(found=ROWS.T), {}, ROWS.T, "array", {}),
    "rows of a batch": ("a.npy", array(ROWS[None]), {"orientation": "rows"}, ROWS.T, "array", {}),
    "columns of a batch": (
        "a.npy",
        array(ROWS.T[None]),
        {"orientation": "columns"},
        ROWS.T,
        "array",
        {"read_as": "columns"},
    ),
    "a square of rows": ("a.npy", array(SQUARE), {"orientation": "rows"}, SQUARE.T, "array", {}),
    "a square of columns": (
        "a.npy",
        array(SQUARE),
        {"orientation": "columns"},
        SQUARE,
        "array",
        {"read_as": "columns"},
    ),
    "a latent, told": (
        "a.npy",
        array(4 * ONE),
        {"orientation": "rows"},
        ONE.T,
        "array",
        {"scale": "4", "scale_of": "length"},
    ),
}


def read(path: Path, **told: Any) -> UnitColumns:
    return read_set([path], Told(latent_dim=D, **told), D)


@pytest.mark.parametrize("case", CASES)
def test_a_layout_gives_the_directions_that_were_put_in(tmp_path: Path, case: str) -> None:
    name, write, told, truth, layout, provenance = CASES[case]
    write(tmp_path / name)
    found = read(tmp_path / name, **told)
    np.testing.assert_allclose(found.matrix.double(), truth, atol=1e-6)
    assert found.provenance["layout"] == layout
    assert provenance.items() <= found.provenance.items()
    torch.testing.assert_close(found.matrix.norm(dim=0), torch.ones(truth.shape[1]))


def test_an_edit_of_all_of_z_names_no_layers(tmp_path: Path) -> None:
    CASES["8 of all of z"][1](tmp_path / "light.pkl")
    assert "layers" not in read(tmp_path / "light.pkl").provenance


def test_every_layout_that_can_be_read_has_its_case() -> None:
    elsewhere = {"release", "warped"}  # in test_release.py, and below
    assert {case[4] for case in CASES.values()} | elsewhere == {*LAYOUTS}


def test_the_documentation_lists_every_layout() -> None:
    text = (Path(__file__).parents[3] / "docs" / "FORMATS.md").read_text("utf-8")
    listed = re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)
    assert sorted(listed) == sorted(LAYOUTS)


@pytest.mark.parametrize("case", CASES)
def test_telling_the_layout_that_is_found_changes_nothing(tmp_path: Path, case: str) -> None:
    name, write, told, truth, layout, _ = CASES[case]
    write(tmp_path / name)
    if "orientation" not in told:
        np.testing.assert_allclose(
            read(tmp_path / name, layout=layout).matrix.double(), truth, atol=1e-6
        )


def test_names_become_labels(tmp_path: Path) -> None:
    CASES["17"][1](tmp_path / "b.pt")
    CASES["1 row"][1](tmp_path / "smile.npy")
    CASES["8, protocol 3"][1](tmp_path / "light.pkl")
    for file, names in (
        ("b.pt", ["smile", "age"]),
        ("smile.npy", ["smile"]),
        ("light.pkl", ["Light"]),
    ):
        labels = read(tmp_path / file).labels
        assert [(label.index, label.label) for label in labels] == [*enumerate(names)]
        assert {label.source for label in labels} == {file}


@pytest.mark.parametrize("order", [("mean", "std", "comp"), ("comp", "mean", "std")])
def test_the_entries_of_a_pca_may_stand_in_any_order(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    torch.save({key: E4E[key] for key in order}, tmp_path / "p.pt")
    np.testing.assert_allclose(read(tmp_path / "p.pt").matrix, ROWS.T, atol=1e-6)


def test_eigenvectors_that_are_not_sorted_keep_their_order_and_say_so(tmp_path: Path) -> None:
    for values, said in ((np.arange(D) + 1.0, True), (D - np.arange(D) + 1.0, False)):
        torch.save({"ckpt": "x", "eigvec": SQUARE, "eigval": values}, tmp_path / "f.pt")
        found = read(tmp_path / "f.pt")
        assert any("not in falling order of eigval" in text for text in found.said) == said
        np.testing.assert_allclose(found.matrix, SQUARE, atol=1e-6)


CONTENTS: dict[str, tuple[object, dict[str, Any], str]] = {
    "an unknown square": (tensor(SQUARE), {}, "a square may hold its directions in rows or in col"),
    "a latent": (tensor(3 * ONE), {}, r"of length 3, which may be a latent .* --as rows reads it"),
    "latents of w+": (tensor(PLUS), {}, r"1 x 4 x 12, .* or a latent; .* --layout wplus"),
    "a batch of columns": (tensor(ROWS.T[None]), {}, r"1 x 12 x 5, .* --as rows or --as columns$"),
    "flat w+": (tensor(unit(PLUS.reshape(1, -1))), {}, r"1 x 48, .* and --layout wplus"),
    "layers or rows": (tensor(unit(normal(L, D))), {}, r"4 x 12, .* --as rows or --layout wplus"),
    "raw rows": (tensor(3 * ROWS), {}, r"5 x 12, whose rows may be directions; .* --as rows$"),
    "wide columns": (tensor(normal(D, 30)), {}, "whose columns are not of length 1; .* --as colu"),
    "another d": (tensor(unit(normal(K, 9))), {}, "neither side of which is 12"),
    "another d, told": (tensor(normal(7, 7)), {"orientation": "rows"}, "of 7 dimensions, but the"),
    "one of d 1": (tensor(ONE), {"orientation": "columns"}, "of 1 dimensions, but .* have 12"),
    "d of 1 and L": (tensor(normal(L, 30)), {"orientation": "columns"}, "of 4 dimensions, but"),
    "complex": (torch.complex(tensor(SQUARE), tensor(SQUARE)), {}, "complex numbers"),
    "integers": (torch.ones(7, 3, dtype=torch.int64), {}, "integers"),
    "complex eigenvectors": ({"eigvec": SQUARE + 0j}, {}, "complex numbers in eigvec"),
    "zero": (torch.zeros(D, K), {"orientation": "columns"}, "column 0 is zero"),
    "dependent": (
        tensor(np.stack([ROWS[0], ROWS[1], ROWS[0] + ROWS[1]])),
        {"orientation": "rows", "orthonormalise": True},
        "column 2 is a mixture of those before it",
    ),
    "too many": (
        tensor(unit(normal(20, D))),
        {"orthonormalise": True},
        "20 directions of 12 dimensions cannot be orthonormal",
    ),
    "a warped field": ({"SUPPORT_SETS": torch.zeros(K, 6 * D)}, {}, "depends on z and has no matr"),
    "a warped field, told": (tensor(ROWS), {"layout": "warped"}, "depends on z and has no matrix"),
    "another layout": (tensor(ROWS), {"layout": "pca"}, "has no entry 'comp'"),
    "of no boundary": (
        {**NAMED, "bias": torch.zeros(3)},
        {},
        "should hold one matrix, but holds a",
    ),
    "not one": (tensor(ROWS), {"layout": "boundary"}, "5 x 12, which is not one direction in a r"),
    "not components": (tensor(ROWS), {"layout": "components"}, "which is not directions in rows"),
    "not repeated": (tensor(ROWS), {"layout": "repeated"}, "whose rows are not all one direction"),
    "not of w+": (tensor(ONE), {"layout": "wplus"}, "which is not one direction of W"),
    "columns of a PCA": (E4E, {"orientation": "columns"}, "of the layout 'pca', .* leave out --as"),
    "layers there are not": (
        {"boundary": tensor(PLUS), "meta_data": {"manipulate_layers": "2-4"}},
        {},
        "moves layer 4 of 4, from 0",
    ),
    "layers in words": (
        {"boundary": tensor(ONE), "meta_data": {"manipulate_layers": "all"}},
        {},
        "moves layers 'all', which is no range like 6-11",
    ),
    "an edit of a layer": (
        {**EDIT, "lat_comp": tensor(ONE), "edit_type": "both"},
        {},
        "kind 'both'",
    ),
    "empty": (
        tensor(np.zeros((0, D), np.float32)),
        {"layout": "boundary"},
        "0 x 12, which is empt",
    ),
    "too long": (torch.full((D, K), 1e200, dtype=torch.float64), {}, "finite and below 1e.30$"),
    "a strange key": ({"a\n\x1b[31mb": torch.ones(2)}, {}, "holds a mapping of a"),
    "too few sigmas": (
        {"mean": 0, "comp": tensor(ROWS[:, None]), "std": torch.ones(2)},
        {},
        "2 values of std for other directions",
    ),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_what_is_not_certain_is_refused_in_one_line(tmp_path: Path, case: str) -> None:
    content, told, message = CONTENTS[case]
    if case == "an edit of a layer":
        content = {**content, "lat_stdev": 1.5}  # type: ignore[dict-item]
    path = tmp_path / "own.pt"
    torch.save(content, path)
    with pytest.raises(BenchError, match=message) as caught:
        read(path, **told)
    assert str(caught.value).isprintable()
    assert str(path) in str(caught.value)


def test_a_wrong_name_of_a_layout_comes_with_near_ones(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ROWS)
    with pytest.raises(BenchError, match="unknown layout 'gansapce'; did you mean ganspace"):
        read(tmp_path / "a.npy", layout="gansapce")


@pytest.mark.parametrize("start", [0, 2, 5])
def test_a_chunk_moves_its_own_latents_and_no_others(tmp_path: Path, start: int) -> None:
    raw = 3 * normal(7, 7)
    torch.save(tensor(raw), tmp_path / "mid.pt")
    told = Told(layout="hessian-penalty", latent_dim=7)
    found = read_set([tmp_path / "mid.pt"], told, D, range(start, start + 7))
    matrix = found.matrix.double().numpy()
    np.testing.assert_allclose(matrix[start : start + 7], gram_schmidt(raw).T, atol=1e-6)
    assert not np.delete(matrix, np.s_[start : start + 7], axis=0).any()
    assert matrix.shape == (D, 7)
    assert found.provenance["chunk"] == f"{start}:{start + 7} of 12"


def test_the_paper_s_matrix_is_read_as_the_rows_that_it_holds() -> None:
    path = Path("../shared/data/voynov_biggan_deformator_120x120.pt")
    if not path.exists():
        pytest.skip("the authors' matrix is not part of this repository")
    with pytest.raises(BenchError, match="120 x 120; a square may hold"):
        read_set([path], Told(latent_dim=120), 120)
    found = read_set([path], Told(orientation="rows", latent_dim=120), 120)
    held = torch.load(path, weights_only=True)
    assert torch.equal(found.matrix, held.T)
    gram = found.matrix.double().T @ found.matrix.double()
    assert float((gram - torch.eye(120)).abs().max()) < 1e-5
    assert found.provenance["read_as"] == "rows"
