"""The frame that analysts get: tidy, complete, and the same in every format."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from study_server.export import columns, counting, judgments, write_export
from study_server.served import Served

from .conftest import Clock, said
from .test_assignment import YES, judge, judge_all, newcomer

COLUMNS = [
    "generator",
    "method",
    "direction",
    "annotator",
    "consistent",
    "single",
    "mos",
    "category",
    "label",
    "repeat",
    "revision",
    "seconds",
    "check",
    "simulated",
    "language",
    "created_at",
    "study",
    "excluded",
    "excluded_at",
]


def test_the_columns_of_ratings_are_these(served: Served) -> None:
    assert columns(served.bundle.task) == COLUMNS


def test_every_revision_is_a_row_and_the_latest_counts(served: Served) -> None:
    someone = newcomer(served)
    judge(served, someone, 0, YES, "a")
    judge(served, someone, 0, said(True, False), "b")
    judge_all(served, newcomer(served, simulated="careful"))
    frame = judgments(served)
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 2 + 9
    people = counting(frame, served.bundle.task)
    assert len(people) == 1
    assert people.iloc[0]["mos"] == 0
    assert people.iloc[0]["revision"] == 1
    bots = counting(frame, served.bundle.task, simulated=True)
    assert len(bots) == 9
    assert bots["simulated"].all()
    assert (bots["repeat"] == 1).sum() == 1
    assert (bots["mos"] == (bots["consistent"] & bots["single"])).all()


def test_rows_say_what_the_items_really_are(served: Served) -> None:
    judge_all(served, newcomer(served))
    frame = judgments(served)
    sources = {(s.generator, s.method, s.direction) for (s,) in served.bundle.sources.values()}
    assert set(zip(frame["generator"], frame["method"], frame["direction"], strict=True)) <= sources
    assert sorted(frame["check"].dropna()) == ["good", "still"]
    assert frame["check"].isna().sum() == 7
    assert frame["simulated"].dtype == bool
    assert str(frame["created_at"].dtype).endswith("UTC]")


def test_formats_agree(served: Served, tmp_path: Path) -> None:
    someone = newcomer(served)
    judge(served, someone, 0, said(True, True, "colour", '=1+1, "ein Zitat"\u4e2d'), "a")
    judge(served, someone, 1, said(False, False), "b")
    frame = judgments(served)
    for format in ("csv", "parquet", "jsonl"):
        assert write_export(served, tmp_path / f"x.{format}", format) == 2
    parquet = pd.read_parquet(tmp_path / "x.parquet")
    filled = [f.astype(object).fillna("none") for f in (parquet, frame)]
    pd.testing.assert_frame_equal(*filled, check_dtype=False)
    csv = pd.read_csv(tmp_path / "x.csv")
    assert csv["label"][0] == "'" + frame["label"][0]  # no spreadsheet runs it
    lines = pd.read_json(tmp_path / "x.jsonl", lines=True)
    assert lines["label"][0] == frame["label"][0]
    assert list(lines.columns) == COLUMNS
    with pytest.raises(BenchError, match="did you mean csv"):
        write_export(served, tmp_path / "x", "cvs")


def test_lines_of_text_are_these(served: Served, clock: Clock, tmp_path: Path) -> None:
    """Moments have one form, on a whole second and between two: readers of a column rely on it."""
    someone = newcomer(served)
    clock.now = 1_800_000_000.0
    judge(served, someone, 0, said(True, True, "colour", '=1+1, "ein Zitat"\u4e2d'), "a")
    clock.now += 0.25
    judge(served, someone, 1, said(False, False), "b")
    write_export(served, tmp_path / "x.csv")
    rows = (tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()
    assert ',"\'=1+1, ""ein Zitat""\u4e2d",' in rows[1]
    assert ",2027-01-15 08:00:00.000000+00:00," in rows[1]
    assert ",2027-01-15 08:00:00.250000+00:00," in rows[2]
    assert rows[2].endswith(",,")  # nobody is left out
    read = pd.read_csv(tmp_path / "x.csv", parse_dates=["created_at"])
    assert read["created_at"].dtype.kind == "M"
    write_export(served, tmp_path / "x.jsonl")
    first, second = map(json.loads, (tmp_path / "x.jsonl").read_text("utf-8").splitlines())
    assert first["label"] == '=1+1, "ein Zitat"\u4e2d'
    assert (first["created_at"], second["created_at"]) == (
        "2027-01-15T08:00:00.000000Z",
        "2027-01-15T08:00:00.250000Z",
    )
    assert second["label"] is first["excluded_at"] is None


def test_the_name_of_the_file_says_the_format(served: Served, tmp_path: Path) -> None:
    judge(served, newcomer(served), 0, YES, "a")
    for name, begins in {"a.parquet": b"PAR1", "b.JSONL": b"{", "c.csv": b"generator,"}.items():
        assert write_export(served, tmp_path / name) == 1
        assert (tmp_path / name).read_bytes().startswith(begins)
    for name, message in {"d.xlsx": "unknown export format 'xlsx'", "e": "should end in"}.items():
        with pytest.raises(BenchError, match=message):
            write_export(served, tmp_path / name)
        assert not (tmp_path / name).exists()


def test_an_empty_study_exports_its_columns(served: Served, tmp_path: Path) -> None:
    assert write_export(served, tmp_path / "x.csv", "csv") == 0
    assert list(pd.read_csv(tmp_path / "x.csv").columns) == COLUMNS
