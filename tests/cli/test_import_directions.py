"""`bench import`: what it writes, what it prints, and what it refuses in one line."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.directions.artefact import Directions
from tests.command_line import bench, done

D = 16  # of the planted generator
ROWS = np.linalg.qr(np.random.default_rng(2).standard_normal((D, D)))[0]
FEW = ("--set=steps=2", "--set=batch=4", "--set=evaluation=40", "--jobs=1")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "A.safetensors"


def pca(path: Path, k: int) -> Path:
    np.savez(path, act_comp=ROWS[:k], lat_comp=ROWS[:k, None], lat_stdev=np.ones(k))
    return path


def test_the_artefact_and_what_is_said_of_it(tmp_path: Path, out: Path) -> None:
    said = done("import", pca(tmp_path / "biggan.npz", 6), "-g", "planted", "--out", out)
    assert said.splitlines() == [
        "layout: ganspace, 6 directions of 16 dimensions, from its rows",
        "space: z",
        "scale: lat_stdev 1 before, now length 1",
        "there a step is eps of 1 at most here",
        "labels: none",
        f"written: {out}",
        f"next: bench run -g planted -m {out} --set k=6",
    ]
    loaded = Directions.load(out)
    np.testing.assert_allclose(loaded.shift.matrix(), ROWS[:6].T, atol=1e-6)  # type: ignore[attr-defined]
    assert loaded.provenance["generator"] == "planted"
    assert loaded.provenance["scale"] == "1,1,1,1,1,1"
    assert loaded.provenance["usual_eps"] == loaded.provenance["scale"]  # an eps of z is 1 long
    assert loaded.provenance["source"] == "biggan.npz"


def test_the_next_command_runs(tmp_path: Path, out: Path) -> None:
    said = done("import", pca(tmp_path / "biggan.npz", 3), "-g", "planted", "--out", out)
    (command,) = re.findall("^next: bench (.*)$", said, re.MULTILINE)
    done(*shlex.split(command), *FEW, "--out", tmp_path / "run")
    assert "| A " in (tmp_path / "run/rca.md").read_text()


def test_a_set_of_files_keeps_its_names(tmp_path: Path, out: Path) -> None:
    paths = [tmp_path / f"{name}.npy" for name in ("smile", "age")]
    for path, row in zip(paths, ROWS, strict=False):
        np.save(path, row)
    said = done("import", *paths, "-g", "planted", "--out", out)
    assert "labels: smile, age" in said
    assert "space: z; nothing says so but the generator (--space says another)" in said
    assert Directions.load(out)["smile"].provenance["columns"] == "0"
    content = out.read_bytes()
    done("import", *paths, "-g", "planted", "--out", out)
    assert out.read_bytes() == content


def test_directions_of_w_are_written_and_no_generator_of_z_takes_them(
    tmp_path: Path, out: Path
) -> None:
    said = done("import", pca(tmp_path / "ffhq_w.npz", 8), "-g", "planted", "--out", out)
    reason = "these directions move w (from ffhq_w.npz), but the latents of the generator are z"
    assert f"no run of planted can use them: {reason}" in said
    assert "next:" not in said
    provenance = Directions.load(out).provenance
    assert provenance["space"] == "w"
    assert "scale" in provenance
    assert "usual_eps" not in provenance  # the generator does not say how long an eps is in its w
    assert "there a step is eps" not in said


def test_rows_columns_a_chunk_and_gram_schmidt_as_the_user_says(tmp_path: Path, out: Path) -> None:
    np.save(tmp_path / "square.npy", ROWS)
    for orientation, matrix in (("rows", ROWS.T), ("columns", ROWS)):
        path = tmp_path / "square.npy"
        done("import", path, "-g", "planted", "--as", orientation, "--out", out)
        loaded = Directions.load(out)
        np.testing.assert_allclose(loaded.shift.matrix(), matrix, atol=1e-6)  # type: ignore[attr-defined]
        assert loaded.provenance["read_as"] == orientation
    np.save(tmp_path / "raw.npy", np.tril(np.full((4, 4), 3.0)))
    terms = ("--as", "rows", "--orthonormalise", "--chunk", "4:8", "--space", "z")
    said = done("import", tmp_path / "raw.npy", "-g", "planted", *terms, "--out", out)
    assert "orthonormalised: by Gram-Schmidt, in the order of the file" in said
    assert "chunk: 4:8 of 16" in said
    expected = torch.zeros(16, 4)
    expected[4:8] = torch.eye(4)  # what Gram-Schmidt makes of a triangle
    torch.testing.assert_close(Directions.load(out).shift.matrix(), expected)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a square may hold its directions in rows or in columns"),
        (("--layout", "gansapce"), "unknown layout 'gansapce'; did you mean ganspace"),
        (("--as", "row"), "unknown orientation 'row'; did you mean rows?"),
        (("--space", "w+"), "unknown space 'w+'; did you mean w?"),
        (("--layout", "pca", "--as", "rows"), "give one of them"),
        (("--as", "rows", "--chunk", "0:40"), "--chunk wants A:B with 0 <= A < B <= 16"),
        (("--as", "rows", "--chunk", "4"), "--chunk wants A:B with 0 <= A < B <= 16"),
        (("--as", "rows", "--chunk", "0:8"), "of 16 dimensions, but the chunk has 8"),
        (("--as", "rows", "-g", "mnist-sngan"), "of 16 dimensions, but the generator's latents h"),
        (("--as", "rows", "-g", "plantd"), "unknown generator 'plantd'; did you mean planted"),
        (("--as", "rows", "--out", "A.npy"), "--out A.npy must end in .safetensors"),
    ],
)
def test_a_wrong_word_is_one_line_and_writes_nothing(
    tmp_path: Path, out: Path, arguments: tuple[str, ...], message: str
) -> None:
    np.save(tmp_path / "square.npy", ROWS)
    command = ("import", tmp_path / "square.npy", "-g", "planted", "--out", out, *arguments)
    result = bench(*command)
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not out.exists()
