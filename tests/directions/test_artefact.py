"""The artefact: exact storage, provenance, foreign files, and what does not fit."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import nn

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.directions.artefact import Directions
from benchmark.directions.labels import Label
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Latents
from benchmark.generators.families.planted import Planted

MATRIX = torch.randn(16, 5, generator=stream("matrix"))
PROVENANCE = {"method": "discovered", "generator": "planted", "seed": "3"}


def test_a_move_is_eps_times_a_column() -> None:
    directions = Directions(FrozenLinear(MATRIX))
    k, eps = torch.tensor([4, 0, 4]), torch.tensor([2.0, -1.5, 0.0])
    expected = np.stack([e * MATRIX.numpy()[:, i] for i, e in zip((4, 0, 4), (2.0, -1.5, 0.0))])  # noqa: B905 - the literals are of one length
    latents = Latents(torch.randn(3, 16, generator=stream("latents")))
    moved = directions.move(latents, k, eps).point - latents.point
    np.testing.assert_allclose(moved.numpy(), expected, atol=1e-6)
    moved = directions.move(latents, 4, 2.0).point - latents.point
    np.testing.assert_allclose(moved.numpy(), [expected[0]] * 3, atol=1e-6)
    assert len(directions) == 5
    assert directions.latent_dim == 16


def test_they_print_in_a_line_without_their_numbers() -> None:
    assert repr(Directions(FrozenLinear(MATRIX))) == "Directions(5 in 16 dimensions)"
    named = Directions(FrozenLinear(MATRIX), PROVENANCE, (Label(1, "zoom"),))
    assert repr(named) == "Directions(5 in 16 dimensions, discovered on planted, 1 label)"
    two = Directions(FrozenLinear(MATRIX), {}, (Label(1, "zoom"), Label(2, "turn")))
    assert repr(two) == "Directions(5 in 16 dimensions, 2 labels)"


def test_saved_directions_come_back_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "directions.safetensors"
    Directions(FrozenLinear(MATRIX), PROVENANCE).save(path)
    loaded = Directions.load(path)
    assert torch.equal(loaded.shift.matrix(), MATRIX)
    assert loaded.provenance == PROVENANCE
    with safe_open(path, "pt") as file:  # readable without this project
        assert torch.equal(file.get_tensor("directions"), MATRIX)


@pytest.mark.parametrize("name", ["plain.npy", "plain.pt", "old.pt", "parameter.pt", "half.npy"])
def test_plain_matrices_of_others_load(tmp_path: Path, name: str) -> None:
    path, unit = tmp_path / name, MATRIX / MATRIX.norm(dim=0)
    if path.suffix == ".npy":
        np.save(path, unit.numpy().astype(np.float16 if name == "half.npy" else np.float64))
    else:
        value = nn.Parameter(unit) if name == "parameter.pt" else unit
        torch.save(value, path, _use_new_zipfile_serialization=name != "old.pt")
    loaded = Directions.load(path)
    exact = unit.half().float() if name == "half.npy" else unit
    assert torch.equal(loaded.shift.matrix(), exact)
    assert loaded.provenance == {
        "method": "imported",
        "source": name,
        "source_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "layout": "array",
        "read_as": "columns",
    }


def test_columns_of_another_length_become_unit_and_say_what_they_were(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    matrix = np.zeros((6, 3))
    matrix[[0, 1, 2], [0, 1, 2]] = [0.5, -2.0, 3.25]
    np.save(tmp_path / "long.npy", matrix)
    loaded = Directions.load(tmp_path / "long.npy")
    assert loaded.shift.matrix().tolist() == np.sign(matrix).tolist()
    assert loaded.provenance["scale"] == "0.5,2,3.25"
    assert loaded.provenance["scale_of"] == "length"
    assert "read as 3 directions of 6 dimensions, its columns" in caplog.text


def test_another_latent_size_is_refused_with_both_numbers() -> None:
    directions = Directions(FrozenLinear(torch.zeros(128, 3)), {"generator": "mnist-sngan"})
    with pytest.raises(BenchError, match=r"128-dimensional \(made for mnist-sngan\).* has 16"):
        directions.check_fits(Planted())
    Directions(FrozenLinear(MATRIX)).check_fits(Planted())


@pytest.mark.parametrize(("d", "latents"), [(1, 16), (16, 1), (12, 16), (16, 12)])
def test_latents_of_another_size_do_not_move_in_silence(d: int, latents: int) -> None:
    directions = Directions(FrozenLinear(torch.ones(d, 1)))
    for shape in ((3, latents), (3, 4, latents)):
        points = Latents(torch.zeros(shape))
        with pytest.raises(BenchError, match=f"{d}-dimensional.* have {latents} dimensions"):
            directions.move(points, 0, 1.0)
        for delta in (torch.ones(3, d), torch.ones(d)):
            with pytest.raises(BenchError, match=f"{d} dimensions cannot move .* {latents}"):
                points.moved(delta)


@pytest.mark.parametrize("k", [5, -1, torch.tensor([0, 5])])
def test_a_direction_that_there_is_not_does_not_move(k: torch.Tensor | int) -> None:
    with pytest.raises(BenchError, match="there are 5 directions"):
        Directions(FrozenLinear(MATRIX)).move(Latents(torch.zeros(2, 16)), k, 1.0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.pt", None, "no directions at"),
        ("cut.safetensors", b"\x10\x00\x00", "holds no readable directions"),
        ("text.npy", b"not an array", "holds no readable directions"),
        ("text.pt", b"not a pickle", "holds"),
    ],
)
def test_damaged_files_are_named(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BenchError, match=message) as caught:
        Directions.load(tmp_path / name)
    assert name in str(caught.value)


def test_a_file_of_several_matrices_is_refused(tmp_path: Path) -> None:
    torch.save({"a": MATRIX, "b": MATRIX}, tmp_path / "two.pt")
    with pytest.raises(BenchError, match=r"holds a mapping of a \(16, 5\), b \(16, 5\); save"):
        Directions.load(tmp_path / "two.pt")


def test_a_pickle_that_would_run_code_is_not_run(tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "ran",)

    torch.save(Malicious(), tmp_path / "evil.pt")
    with pytest.raises(BenchError, match="plain tensors"):
        Directions.load(tmp_path / "evil.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("matrix", [torch.zeros(3), torch.full((3, 2), float("nan"))])
def test_what_is_no_matrix_is_refused(matrix: torch.Tensor) -> None:
    with pytest.raises(BenchError, match="finite"):
        FrozenLinear(matrix)


def test_moving_an_image_needs_three_lines() -> None:
    generator = Planted()
    latents = generator.sample(2, stream("use"))
    moved = generator(Directions(FrozenLinear(generator.axes)).move(latents, 0, 4.0))
    by_hand = generator(Latents(latents.point + 4.0 * generator.axes[:, 0]))
    torch.testing.assert_close(moved, by_hand)
    assert (moved - generator(latents)).abs().max() > 0.1


def test_the_authors_biggan_matrix_is_no_matrix_of_columns() -> None:
    path = Path("../shared/data/voynov_biggan_deformator_120x120.pt")
    if not path.exists():
        pytest.skip("the authors' matrix is not part of this repository")
    with pytest.raises(
        BenchError, match=r"array of 120 x 120; a square may hold .* rows or in columns"
    ):
        Directions.load(path)


NAMED = Directions(
    FrozenLinear(MATRIX),
    PROVENANCE,
    (
        Label(4, 0.9, 0.6, 1.0, "geometry", "rotation", 10),
        Label(1, 0.6, 0.3, 0.8, "geometry", "Rotation", 10),
        Label(2, 0.2, 0.1, 0.5, "colour", None, 10),
    ),
)


def test_a_name_gives_its_columns() -> None:
    for name in ("rotation", "ROTATION"):
        found = NAMED[name]
        assert torch.equal(found.shift.matrix(), MATRIX[:, [1, 4]])
        assert [label.index for label in found.labels] == [0, 1]
        assert [label.mos for label in found.labels] == [0.6, 0.9]
        assert found.provenance == {**PROVENANCE, "columns": "1,4"}
    origin = Latents(torch.zeros(1, 16))
    moved = NAMED["rotation"].move(origin, 1, 2.0).point[0]
    torch.testing.assert_close(moved, 2.0 * MATRIX[:, 4])
    with pytest.raises(BenchError, match="did you mean"):
        NAMED["rotatoin"]


@pytest.mark.parametrize("asked", ["Stra\u00dfe", "STRASSE", " strasse ", "\uff33trasse"])
def test_a_name_is_found_in_any_of_its_spellings(asked: str) -> None:
    named = Directions(FrozenLinear(MATRIX), {}, (Label(3, label="Stra\u00dfe"),))
    assert torch.equal(named[asked].shift.matrix(), MATRIX[:, [3]])
    assert named[asked].labels == (Label(0, label="Stra\u00dfe"),)


def test_two_sources_of_one_name_give_its_column_once() -> None:
    by_hand = Label(4, label="Rotation", source="human_annotation.txt")
    both = Directions(FrozenLinear(MATRIX), PROVENANCE, (*NAMED.labels, by_hand))
    found = both["rotation"]
    assert torch.equal(found.shift.matrix(), MATRIX[:, [1, 4]])
    assert len(found.labels) == 3
    assert len(both.interpretable(min_mos=0.5)) == 2
    assert {k: label.mos for k, label in both.names().items()} == {1: 0.6, 4: 0.9}


def test_interpretable_directions_reach_the_wanted_mos() -> None:
    assert torch.equal(NAMED.interpretable().shift.matrix(), MATRIX[:, [1, 4]])
    assert torch.equal(NAMED.interpretable(min_mos=0.7).shift.matrix(), MATRIX[:, [4]])
    assert len(NAMED.interpretable(min_mos=0.95)) == 0
    narrowed = NAMED["rotation"].interpretable(min_mos=0.7)
    assert narrowed.provenance["columns"] == "4"
    assert torch.equal(narrowed.shift.matrix(), MATRIX[:, [4]])


def test_what_the_provenance_says_of_each_column_goes_with_it() -> None:
    words = {"scale": "0,10,20,30,40", "shares": "0.5 0.2 0.1 0.1 0.1", "cutoff": "3"}
    words["usual_eps"] = "1,2,3,4,5"
    whole = Directions(FrozenLinear(MATRIX), {**PROVENANCE, **words}, NAMED.labels)
    two = whole["rotation"]
    kept = {"columns": "1,4", "scale": "10,40", "shares": "0.2 0.1", "cutoff": "3"}
    kept["usual_eps"] = "2,5"
    assert two.provenance == {**PROVENANCE, **kept}
    one = two.interpretable(min_mos=0.7)
    left = {"columns": "4", "scale": "40", "shares": "0.1", "usual_eps": "5"}
    assert one.provenance == {**two.provenance, **left}
    none = one.interpretable(min_mos=1.0)
    assert {none.provenance[name] for name in ("columns", "scale", "shares")} == {""}
    plain = Directions(FrozenLinear(MATRIX), PROVENANCE, NAMED.labels)["rotation"]
    assert plain.provenance == {**PROVENANCE, "columns": "1,4"}


def test_unlabelled_directions_say_how_to_get_labels() -> None:
    for ask in (lambda d: d["rotation"], lambda d: d.interpretable()):
        with pytest.raises(BenchError, match="bench study label"):
            ask(Directions(FrozenLinear(MATRIX)))
    with pytest.raises(TypeError, match="found by name"):
        list(NAMED)


def test_a_note_may_be_called_shift(tmp_path: Path) -> None:
    path = tmp_path / "A.safetensors"
    Directions(FrozenLinear(torch.eye(3)), {"shift": "unit length"}).save(path)
    loaded = Directions.load(path)
    assert loaded.provenance == {"shift": "unit length"}
    assert torch.equal(loaded.shift.matrix(), torch.eye(3))


def test_labels_are_saved_and_loaded_with_the_directions(tmp_path: Path) -> None:
    path = tmp_path / "directions.safetensors"
    NAMED.save(path)
    assert Directions.load(path).labels == NAMED.labels
    Directions(FrozenLinear(MATRIX)).save(path)
    assert Directions.load(path).labels == ()


def test_the_authors_names_come_along(tmp_path: Path) -> None:
    torch.save(MATRIX / MATRIX.norm(dim=0), tmp_path / "deformator.pt")
    (tmp_path / "human_annotation.txt").write_text("3: zoom\n")
    assert torch.equal(
        Directions.load(tmp_path / "deformator.pt")["zoom"].shift.matrix(),
        (MATRIX / MATRIX.norm(dim=0))[:, [3]],
    )
    (tmp_path / "human_annotation.txt").write_text("5: zoom\n")
    with pytest.raises(BenchError, match="direction 5, but there are 5, from 0"):
        Directions.load(tmp_path / "deformator.pt")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_directions_of_another_type_move_latents_that_keep_theirs(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    Directions(FrozenLinear(torch.eye(5, 2).to(dtype))).save(tmp_path / "d.safetensors")
    latents = Latents(torch.zeros(3, 5))
    moved = Directions.load(tmp_path / "d.safetensors").move(latents, 1, 2.0)
    assert torch.equal(moved.point, 2.0 * torch.eye(5)[1].expand(3, 5))
    assert moved.point.dtype == torch.float32


def test_complex_numbers_are_no_directions() -> None:
    with pytest.raises(BenchError, match=r"of real numbers, not \(5, 2\) of complex64"):
        FrozenLinear(torch.eye(5, 2, dtype=torch.complex64))
