"""What people said, beside the directions; the cells stay whole."""

import shutil
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from benchmark.directions.artefact import Directions
from benchmark.runs.results import read_cell
from benchmark.study.analyse import analyse_study
from benchmark.study.labelling import label_study


@pytest.fixture
def own_run(run: Path, tmp_path: Path) -> Path:
    """A copy of the run, which may be written to."""
    return shutil.copytree(run, tmp_path / "run")


def test_directions_open_with_what_people_said(answered: Path, own_run: Path) -> None:
    written = label_study(answered, own_run)
    assert sorted(written.values()) == [8, 8, 8]
    folder = next((own_run / "cells" / "planted" / "discovered").glob("0-*"))
    assert read_cell(folder) is not None  # its hashes hold
    directions = Directions.load(folder / "directions.safetensors")
    said = analyse_study(answered).directions
    said = said[said["method"] == "discovered"].set_index("direction")
    assert len(directions.labels) == 8
    for label in directions.labels:
        row = said.loc[label.index]
        assert (label.mos, label.low, label.high, label.n) == (
            row["mos"],
            row["low"],
            row["high"],
            row["n"],
        )
        assert (label.category, label.label) == (row["category"], row["label"])
    clear = directions.interpretable(min_mos=0.6)
    assert len(clear) == (said["mos"] >= 0.6).sum() > 5
    name = said["label"].dropna().iloc[0]
    assert len(directions[name]) == (said["label"] == name).sum()


def test_the_other_seed_stays_unlabelled(answered: Path, own_run: Path) -> None:
    label_study(answered, own_run)
    (other,) = (own_run / "cells" / "planted" / "discovered").glob("1-*")
    assert Directions.load(other / "directions.safetensors").labels == ()


def test_nothing_is_written_where_a_cell_is_missing(answered: Path, own_run: Path) -> None:
    shutil.rmtree(own_run / "cells" / "planted" / "random")
    with pytest.raises(BenchError, match=r"random on planted.*--run"):
        label_study(answered, own_run)
    assert not list(own_run.rglob("*.labels.json"))


def test_bots_name_nothing(study: Path, own_run: Path) -> None:
    with pytest.raises(BenchError, match="nobody has judged"):
        label_study(study, own_run)
