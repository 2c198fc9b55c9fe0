"""Labels beside directions: written, read, and never those of others."""

import logging
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from benchmark.directions.labels import (
    Label,
    read_human_annotation,
    read_labels,
    sidecar,
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
    write_labels(path, LABELS, "study")
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
    found = (Label(22, label="zoom"), Label(3, label="light : dark"))
    (tmp_path / "models").mkdir()
    for file in (tmp_path / "deformator.pt", tmp_path / "models" / "deformator_0.pt"):
        file.write_bytes(b"")
        assert read_labels(file) == found
    (tmp_path / "others").mkdir()
    assert read_labels(tmp_path / "others" / "matrix.npy") == ()


def test_own_labels_come_before_the_authors(path: Path) -> None:
    (path.parent / "human_annotation.txt").write_text("1: theirs\n")
    write_labels(path, LABELS)
    assert read_labels(path) == LABELS


@pytest.mark.parametrize("line", ["zoom", "x: zoom", "-1: zoom"])
def test_lines_that_name_no_direction_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "human_annotation.txt"
    path.write_text(f"1: fine\n{line}\n")
    with pytest.raises(BenchError, match=r"line 2.*like '22: zoom'"):
        read_human_annotation(path)


@pytest.mark.parametrize("content", ["{", "{}", '{"labels": [{"mos": 1}]}', "[]"])
def test_a_damaged_sidecar_is_named(path: Path, content: str) -> None:
    sidecar(path).write_text(content)
    with pytest.raises(BenchError, match=r"directions\.labels\.json is damaged"):
        read_labels(path)
