"""A study whose database was lost, after its answers were imported: who withdrew stays away, and
nothing is told of people that an export does not know."""

import shutil
from pathlib import Path

import pytest

from benchmark.study.analyse import analyse
from benchmark.study.answers import read_material
from study_server import commands
from tests.command_line import done


@pytest.fixture(scope="module")
def lost(answered: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The study on its next database, and who had withdrawn after the export."""
    study = shutil.copytree(answered, tmp_path_factory.mktemp("lost") / "study")
    monday = study.parent / "monday.csv"
    done("study", "export", study, "--out", monday)
    gone = read_material(study).judgments["annotator"].iloc[0]
    done("study", "erase", study, gone, "--reason", "asked by mail")
    for file in (study / "private").glob("study.sqlite*"):
        file.unlink()
    assert "1 withdrew" in done("study", "import", study, monday)
    return study, gone


def test_how_people_came_and_ended_is_not_invented(lost: tuple[Path, str]) -> None:
    study, _ = lost
    analysis = analyse(read_material(study))
    for said in (
        "The answers of 3 were imported: how they came, whether they finished, and who took part "
        "beside them until then is not known. 2 judged at least one direction.",
        "1 withdrew, 0 of them after the end, 1 of them by the staff: their ",
    ):
        assert said in analysis.methods
    for invented in ("invited", "open link", "agreed", "stopped", "quiz", "neither"):
        assert invented not in analysis.methods.split("Each page")[0]
    steps = analysis.table("participants").frame.set_index("step")["people"]
    assert steps["known from imported answers alone"] == 3
    ways = ["invited by a link of their own", "came by the open link", "agreed to take part"]
    assert not steps[[*ways, "finished", "stopped before the end"]].any()
    assert steps["analysed"] == 2
    people = read_material(study).people
    assert people["finished_at"].isna().all()


def test_who_withdrew_is_in_nothing_that_is_published(
    lost: tuple[Path, str], tmp_path: Path
) -> None:
    study, gone = lost
    assert gone in (study.parent / "monday.csv").read_text()
    done("study", "export", study, "--package", tmp_path / "package")
    data = {path.name: path.read_text() for path in (tmp_path / "package").rglob("*.csv")}
    holding = [name for name, text in data.items() if gone in text]
    assert len(holding) == 1  # the row without them
    (row,) = [line for line in data[holding[0]].splitlines() if gone in line]
    assert ",withdrawn," in row
    assert "1 withdrew" in (tmp_path / "package" / "documentation" / "METHODS.txt").read_text()
    assert commands.status(study)["withdrew"] == "1"
