"""RCA of the directions that were shown: kept in the study, and the same in the run."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from benchmark.runs import slimming
from benchmark.runs.results import read_cells
from benchmark.study.accuracies import origin_cell, study_accuracies, study_origins


def provenance(study: Path) -> dict:
    return json.loads((study / "private" / "map.json").read_text())["provenance"]


def test_the_study_keeps_the_accuracies_of_the_cells_that_it_shows(run, unanswered) -> None:
    stored = study_accuracies(provenance(unanswered), None)
    pd.testing.assert_frame_equal(stored, study_accuracies(provenance(unanswered), run))
    (folder,) = (run / "cells" / "planted" / "discovered").glob("0-*")
    answers = pd.read_parquet(folder / "predictions.parquet")
    for k, own in answers.groupby("k"):
        row = stored[(stored["method"] == "discovered") & (stored["direction"] == k)].iloc[0]
        assert row["n"] == len(own)
        assert row["accuracy"] == (own["k_hat"] == k).mean()


def test_studies_that_know_no_run_have_no_accuracies() -> None:
    for empty in ({}, {"cells": {"planted random": "0123456789"}}):
        assert study_origins(empty) == []
        assert study_accuracies(empty, None).empty


def test_another_run_is_refused(run, unanswered, tmp_path) -> None:
    origin = study_origins(provenance(unanswered))[0]
    with pytest.raises(BenchError, match=r"not there.*--run"):
        origin_cell(origin, tmp_path)
    moved = shutil.copytree(run, tmp_path / "moved")
    assert origin_cell(origin, moved).folder.is_relative_to(moved)
    with pytest.raises(BenchError, match="other directions than the study showed"):
        origin_cell({**origin, "directions_sha256": "0"}, moved)


def test_a_slim_copy_is_the_run_that_the_study_was_built_from(run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(slimming, "LARGE", 10)
    slimming.slim(run, tmp_path / "slim")
    result = next(c.result for c in read_cells(run) if c.result.cell.seed == 1)
    origin = {**asdict(result.cell), "directions_sha256": result.files["directions.safetensors"]}
    found = origin_cell(origin, tmp_path / "slim")
    assert not found.has("directions.safetensors")
    assert found.result.cell == result.cell
