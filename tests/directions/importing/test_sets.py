"""Several files of one direction each, or a folder of them, are one set."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from benchmark.core.errors import BenchError
from benchmark.directions.importing.found import Told
from benchmark.directions.importing.sets import read_set

D = 7
NAMES = ("smile", "age", "pose")
ROWS = np.linalg.qr(np.random.default_rng(1).standard_normal((D, D)))[0][: len(NAMES)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, row in zip(NAMES, ROWS, strict=True):
        np.save(tmp_path / f"{name}.npy", row[None])
    (tmp_path / "README.md").write_text("not a direction")
    return tmp_path


TOLD = Told(latent_dim=D)


def test_files_keep_their_order_and_their_names(folder: Path) -> None:
    found = read_set([folder / f"{name}.npy" for name in NAMES], TOLD, D)
    np.testing.assert_allclose(found.matrix, ROWS.T, atol=1e-6)
    assert [(label.index, label.label) for label in found.labels] == [*enumerate(NAMES)]
    assert found.provenance["source"] == "smile.npy, age.npy, pose.npy"


def test_a_folder_is_read_by_name(folder: Path) -> None:
    found = read_set([folder], TOLD, D)
    np.testing.assert_allclose(found.matrix, ROWS[[1, 2, 0]].T, atol=1e-6)
    assert [label.label for label in found.labels] == ["age", "pose", "smile"]


def test_the_lengths_of_all_of_them_are_kept(folder: Path) -> None:
    paths = []
    for i, row in enumerate(ROWS):
        paths.append(folder / f"{i}.npy")
        np.save(paths[-1], np.repeat((i + 1) * row[None], 4, axis=0))
    found = read_set(paths, TOLD, D)
    assert found.provenance["scale"] == "1,2,3"
    assert found.provenance["space"] == "w"
    np.testing.assert_allclose(found.matrix, ROWS.T, atol=1e-6)


def test_what_one_file_says_is_kept_beside_what_the_others_say(folder: Path) -> None:
    paths = []
    for name, row, sigmas in zip(NAMES, ROWS, (2, 2, 5), strict=True):
        edit = {
            **{"latent_space": "w", "lat_comp": row[None], "lat_stdev": 1.5, "truncation": 0.7},
            **{"name": name, "sigma_range": float(sigmas)},
        }
        if name == "pose":
            edit["output_class"] = "husky"
        paths.append(folder / f"{name}.pkl")
        paths[-1].write_bytes(pickle.dumps(edit))
    found = read_set(paths, TOLD, D)
    assert found.provenance["truncation"] == "0.7"
    assert found.provenance["sigma_range"] == "smile.pkl: 2.0; age.pkl: 2.0; pose.pkl: 5.0"
    assert found.provenance["output_class"] == "pose.pkl: husky"
    assert found.provenance["layout"] == "ganspace-edit"


def test_files_of_other_layers_of_w_are_no_set(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).standard_normal((1, 4, 6)))
    np.save(tmp_path / "b.npy", np.random.default_rng(0).standard_normal((1, 6, 4)))
    with pytest.raises(BenchError, match=r"differ in the layers of w, 6 and 4: import them one"):
        read_set([tmp_path], Told(layout="wplus"), 6)


def test_what_cannot_be_one_set_is_refused_in_one_line(folder: Path) -> None:
    np.save(folder / "all.npy", ROWS)
    with pytest.raises(BenchError, match=r"all\.npy holds 3 directions; files of a set hold one"):
        read_set([folder], TOLD, D)
    (folder / "all.npy").unlink()
    np.save(folder / "smile_w_boundary.npy", ROWS[:1])
    with pytest.raises(BenchError, match="differ in the space, w and not said: import them one"):
        read_set([folder], TOLD, D)
    found = read_set([folder], Told(latent_dim=D, space="w"), D)
    assert found.provenance["space"] == "w"
    with pytest.raises(BenchError, match="each of 4 files holds directions of 7 dimensions, but"):
        read_set([folder], Told(latent_dim=D, space="w"), 8)
    for i, layers in enumerate(("0-5", "2-5")):
        content = {"boundary": ROWS[:1], "meta_data": {"manipulate_layers": layers}}
        np.save(folder / f"{i}.npy", np.array(content, dtype=object), allow_pickle=True)
    with pytest.raises(BenchError, match="differ in the layers, 2-5 and 0-5"):
        read_set([folder / "0.npy", folder / "1.npy"], TOLD, D)


def test_a_folder_without_directions_and_a_path_without_anything(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"neither a release \(args\.json\) nor files of directi"):
        read_set([tmp_path], TOLD, D)
    with pytest.raises(BenchError, match="no directions at"):
        read_set([tmp_path / "nothing"], TOLD, D)
