"""A table of attributes beside the images: in their order, and refused where it does not fit."""

import zipfile
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from benchmark.generators.training.real_images import load_images

from .digits import DIGITS, as_folder, as_npz, png

TABLE = "image,Smiling,Young\n2.png,1,1\n0.png,1,0\n1.png,0,1\n9.png,0,0\n"


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_attributes_come_in_the_order_of_the_images(tmp_path: Path, kind: str) -> None:
    source = with_attributes(tmp_path, kind, TABLE)
    attributes = load_images(source, (1, 28, 28)).attributes
    assert attributes is not None
    assert attributes.names == ("Smiling", "Young")
    assert attributes.values.tolist() == [[True, False], [False, True], [True, True]]


def test_no_attributes_without_their_file(tmp_path: Path) -> None:
    assert load_images(as_folder(tmp_path / "a"), (1, 28, 28)).attributes is None
    assert load_images(as_npz(tmp_path / "a.npz"), (1, 28, 28)).attributes is None


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (TABLE.replace("1.png,0,1\n", ""), r"no row for 1 of 3 images, such as faces/1\.png"),
        (TABLE.replace("1.png,0,1", "1.png,0,2"), r"2 cells of 0 or 1 for 1\.png"),
        (TABLE.replace("1.png,0,1", "1.png,0"), r"2 cells of 0 or 1 for 1\.png"),
        (TABLE.replace("9.png", "1.png"), r"names 1\.png twice"),
        (TABLE.replace("Young", "Smiling"), "names each attribute once"),
        ("image\n0.png\n", "names each attribute once"),
        ("", "cannot be read as a table"),
        ("\udcff", "cannot be read as a table"),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_attributes_that_do_not_fit(tmp_path: Path, kind: str, table: str, fault: str) -> None:
    source = with_attributes(tmp_path, kind, table)
    with pytest.raises(BenchError, match=fault) as error:
        load_images(source, (1, 28, 28))
    assert str(source) in str(error.value)


def test_two_tables_of_attributes(tmp_path: Path) -> None:
    source = with_attributes(tmp_path, "folder", TABLE)
    (source / "attributes.csv").write_text(TABLE)
    with pytest.raises(BenchError, match=r"2 files attributes\.csv"):
        load_images(source, (1, 28, 28))


def with_attributes(path: Path, kind: str, table: str) -> Path:
    """Three digits and their table, all in one folder `faces`."""
    content = table.encode(errors="surrogateescape")
    files = {f"{i}.png": png(DIGITS[i]) for i in range(3)} | {"attributes.csv": content}
    if kind == "zip":
        with zipfile.ZipFile(path / "faces.zip", "w") as archive:
            for name, each in files.items():
                archive.writestr(f"faces/{name}", each)
        return path / "faces.zip"
    (path / "source" / "faces").mkdir(parents=True)
    for name, each in files.items():
        (path / "source" / "faces" / name).write_bytes(each)
    return path / "source"
