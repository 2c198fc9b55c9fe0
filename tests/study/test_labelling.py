"""What people said, beside the directions; the cells stay whole."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from benchmark.core.judgments import DIRECTION
from benchmark.directions.artefact import Directions
from benchmark.directions.labels import Label, read_labels, sidecar, write_labels
from benchmark.runs.results import read_cell
from benchmark.study import labelling
from benchmark.study.analyse import analyse_study
from benchmark.study.answers import Material, read_material
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
        if label.label is not None:  # what a single person names, by a slip, is no name
            assert (label.category, label.label) == (row["category"], row["label"])
    clear = directions.interpretable(min_mos=0.6)
    assert len(clear) == (said["mos"] >= 0.6).sum() > 5
    named = [label.label for label in directions.labels if label.label is not None]
    assert len(named) >= len(clear)
    assert len(directions[named[0]]) == named.count(named[0])


def test_names_by_hand_stay_beside_what_a_study_says(answered: Path, own_run: Path) -> None:
    folder = next((own_run / "cells" / "planted" / "discovered").glob("0-*"))
    path = folder / "directions.safetensors"
    (folder / "human_annotation.txt").write_text("0: by hand\n")
    write_labels(path, [Label(1, label="also by hand"), Label(2, 1.0, n=9, source="study old")])
    for _ in range(2):  # once more changes nothing
        assert label_study(answered, own_run)[sidecar(path)] == 8
        labels = Directions.load(path).labels
        (study,) = {label.source for label in labels} - {"", "study old", "human_annotation.txt"}
        assert re.fullmatch(r"study \w+", study)
        assert [label.source for label in labels].count(study) == 8
        assert Label(0, label="by hand", source="human_annotation.txt") in labels
        assert Label(1, label="also by hand") in labels
        assert Label(2, 1.0, n=9, source="study old") in labels
        assert len(labels) == 11
    assert (folder / "human_annotation.txt").read_text() == "0: by hand\n"
    assert len(Directions.load(path)["by hand"]) == 1


@pytest.mark.parametrize(("ratings", "labels"), [(1, 0), (2, 0), (3, 8)])
def test_one_or_two_ratings_are_no_label(
    answered: Path, own_run: Path, monkeypatch: pytest.MonkeyPatch, ratings: int, labels: int
) -> None:
    whole = read_material(answered)

    def few(*_: object, **__: object) -> Material:
        shown = [*DIRECTION, "check", "repeat"]
        order = whole.judgments.groupby(shown, dropna=False).cumcount()
        return replace(whole, judgments=whole.judgments[order < ratings])

    monkeypatch.setattr(labelling, "read_material", few)
    monkeypatch.setattr(labelling, "screened", lambda material: (material, ()))
    assert set(label_study(answered, own_run).values()) == {labels}


def test_a_name_of_one_person_is_no_label(
    answered: Path, own_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_material(answered)
    names = {whole.judgments["annotator"].iloc[0]: "only mine"}
    named = whole.judgments.assign(label=whole.judgments["annotator"].map(names))
    monkeypatch.setattr(
        labelling, "read_material", lambda *_, **__: replace(whole, judgments=named)
    )
    written = label_study(answered, own_run)
    found = [label for path in written for label in read_labels(directions_of(path))]
    assert len(found) == 24
    assert {label.label for label in found} == {None}


def directions_of(beside: Path) -> Path:
    return beside.with_name(beside.name.replace(".labels.json", ".safetensors"))


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
