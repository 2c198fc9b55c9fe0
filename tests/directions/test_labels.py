"""Labels beside directions: written, read, and never those of others."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from benchmark.directions.labels import (
    Label,
    add_labels,
    read_human_annotation,
    read_labels,
    sidecar,
    tidy,
    write_labels,
)

LABELS = (
    Label(2, 0.8, 0.49, 0.94, "geometry", "zoom", 10),
    Label(5, 0.25, 0.05, 0.7, None, "\u65cb\u8f6c", 4),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "directions.safetensors"
    file.write_bytes(b"a matrix")
    return file


def test_labels_come_back_as_they_were(path: Path) -> None:
    assert read_labels(path) == ()
    write_labels(path, LABELS)
    assert read_labels(path) == LABELS
    assert path.read_bytes() == b"a matrix"
    assert sidecar(path).name == "directions.labels.json"


def test_labels_of_other_directions_are_left_out(path: Path, caplog) -> None:
    write_labels(path, LABELS)
    path.write_bytes(b"another matrix")
    with caplog.at_level(logging.WARNING):
        assert read_labels(path) == ()
    assert "about other directions" in caplog.text


def test_the_authors_file_is_read(tmp_path: Path) -> None:
    text = "22: zoom\n3:  light : dark \n\n40:\n"
    (tmp_path / "human_annotation.txt").write_text(text)
    source = "human_annotation.txt"
    found = (
        Label(22, label="zoom", source=source),
        Label(3, label="light : dark", source=source),
    )
    (tmp_path / "models").mkdir()
    for file in (tmp_path / "deformator.pt", tmp_path / "models" / "deformator_0.pt"):
        file.write_bytes(b"")
        assert read_labels(file) == found
    (tmp_path / "others").mkdir()
    assert read_labels(tmp_path / "others" / "matrix.npy") == ()


def test_own_labels_and_the_authors_are_both_kept(path: Path) -> None:
    (path.parent / "human_annotation.txt").write_text("1: theirs\n")
    write_labels(path, LABELS)
    theirs = Label(1, label="theirs", source="human_annotation.txt")
    assert read_labels(path) == (*LABELS, theirs)
    write_labels(path, read_labels(path))  # as `Directions.save` does after a load
    assert read_labels(path) == (*LABELS, theirs)


def test_a_study_replaces_its_own_labels_and_no_others(path: Path) -> None:
    write_labels(path, LABELS)  # by hand
    add_labels(path, [Label(2, 0.5, 0.1, 0.9, n=3)], "study a")
    add_labels(path, [Label(2, 1.0, 0.4, 1.0, label="Zoom", n=3)], "study b")
    add_labels(path, [Label(5, 0.0, 0.0, 0.6, n=3)], "study a")
    assert read_labels(path) == (
        Label(5, 0.0, 0.0, 0.6, n=3, source="study a"),
        Label(2, 1.0, 0.4, 1.0, label="Zoom", n=3, source="study b"),
        *LABELS,
    )


def test_labels_of_other_directions_are_kept_aside(path: Path) -> None:
    write_labels(path, LABELS)
    before = sidecar(path).read_bytes()
    path.write_bytes(b"another matrix")
    add_labels(path, [], "study a")
    (aside,) = path.parent.glob("directions.*.labels.json")
    assert aside.read_bytes() == before
    assert read_labels(path) == ()


def test_a_sidecar_of_an_earlier_version_is_of_its_study(path: Path) -> None:
    write_labels(path, LABELS)
    content = json.loads(sidecar(path).read_text("utf-8"))
    for label in content["labels"]:
        del label["source"]
    sidecar(path).write_text(json.dumps(content | {"study": "3f"}))
    assert read_labels(path) == tuple(replace(label, source="study 3f") for label in LABELS)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_names_with_a_byte_order_mark_are_read(path: Path, encoding: str) -> None:
    text = "22: zoom\r\n3: Stra\u00dfe\u2028hell\r\n"
    (path.parent / "human_annotation.txt").write_bytes(text.encode(encoding))
    write_labels(path, LABELS)
    sidecar(path).write_bytes(sidecar(path).read_text("utf-8").encode(encoding))
    *own, one, two = read_labels(path)
    assert tuple(own) == LABELS
    assert (one.index, one.label) == (22, "zoom")
    assert (two.index, two.label) == (3, "Stra\u00dfe\u2028hell")


def test_names_in_another_encoding_are_refused(path: Path) -> None:
    (path.parent / "human_annotation.txt").write_bytes("3: Stra\u00dfe".encode("latin-1"))
    with pytest.raises(BenchError, match=r"human_annotation\.txt is not UTF-8"):
        read_labels(path)


def test_names_that_differ_in_dress_alone_are_one() -> None:
    assert tidy("  ZOOM  \tin ") == tidy("\uff3aoom in") == "zoom in"
    assert tidy("Stra\u00dfe") == tidy("STRASSE")
    assert tidy("\u65cb\u8f6c") == "\u65cb\u8f6c"


@pytest.mark.parametrize("line", ["zoom", "x: zoom", "-1: zoom"])
def test_lines_that_name_no_direction_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "human_annotation.txt"
    path.write_text(f"1: fine\n{line}\n")
    with pytest.raises(BenchError, match=r"line 2.*like '22: zoom'"):
        read_human_annotation(path)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "{}",
        '{"labels": [{"mos": 1}]}',
        "[]",
        *(
            f'{{"directions_sha256": "", "labels": [{{"index": {index}, "mos": {mos}}}]}}'
            for index, mos in (('"3"', 1), ("true", 1), (-1, 1), (3, "NaN"), (3, 2), (3, '"1"'))
        ),
    ],
)
def test_a_damaged_sidecar_is_named(path: Path, content: str) -> None:
    sidecar(path).write_text(content)
    with pytest.raises(BenchError, match=r"directions\.labels\.json is damaged"):
        read_labels(path)
