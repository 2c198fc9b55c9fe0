"""An export read back: every answer as it was, and nothing from elsewhere."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from study_server import quality
from study_server.export import judgments, write_export
from study_server.importing import import_answers
from study_server.served import Served, open_study

from .conftest import said
from .test_assignment import judge, judge_all, newcomer


@pytest.fixture
def filled(served: Served) -> Served:
    """Two people and a bot; one answer was changed, labels are unusual."""
    someone = newcomer(served)
    judge(served, someone, 0, said(True, True, "colour", "=1+1"), "a")
    judge(served, someone, 0, said(True, True, "colour", '\'=1, "ein Zitat"\u4e2d'), "b")
    judge(served, someone, 1, said(True, True, "like, rain", "nan"), "c")
    judge_all(served, newcomer(served))
    judge_all(served, newcomer(served, simulated="careful"))
    return served


@pytest.fixture
def empty(served: Served, tmp_path: Path):
    """The same study with a new database."""
    study = open_study(served.bundle, f"sqlite:///{tmp_path}/new.sqlite", served.clock)
    yield study
    study.store.close()


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_every_answer_comes_back(filled: Served, empty: Served, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"answers.{kind}"
    count = write_export(filled, path, kind)
    assert import_answers(empty, path) == count == 3 + 9 + 9
    before, after = judgments(filled), judgments(empty)
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_the_site_counts_what_was_imported(filled: Served, empty: Served, tmp_path: Path) -> None:
    write_export(filled, tmp_path / "x.csv", "csv")
    import_answers(empty, tmp_path / "x.csv")
    for simulated in (False, True):
        judged = [
            {row.sources: row.judged for row in quality.coverage(study, simulated)}
            for study in (filled, empty)
        ]
        assert judged[0] == judged[1]
    people = quality.persons(empty, quality.answers(empty))
    assert {person.stage for person in people} == {"finished"}
    assert len(people) == 2


def test_a_database_with_answers_is_left_alone(filled: Served, tmp_path: Path) -> None:
    write_export(filled, tmp_path / "x.csv", "csv")
    with pytest.raises(BenchError, match="already holds 21 judgments"):
        import_answers(filled, tmp_path / "x.csv")
    assert len(judgments(filled)) == 21


def rows(filled: Served, tmp_path: Path) -> list[dict]:
    write_export(filled, tmp_path / "x.jsonl", "jsonl")
    return [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"study": "ffff"}, "holds answers of study ffff"),
        ({"direction": 99}, "answer 1 cannot be read"),
        ({"consistent": "maybe"}, "answer 1 cannot be read"),
        ({"seconds": None}, "answer 1 cannot be read"),
        ({"created_at": "yesterday"}, "answer 1 cannot be read"),
    ],
)
def test_what_does_not_belong_is_refused_whole(
    filled: Served, empty: Served, tmp_path: Path, change: dict, message: str
) -> None:
    answers = rows(filled, tmp_path)
    answers[0] |= change
    path = tmp_path / "changed.jsonl"
    path.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    with pytest.raises(BenchError, match=message):
        import_answers(empty, path)
    assert judgments(empty).empty


def test_damaged_files_are_refused(filled: Served, empty: Served, tmp_path: Path) -> None:
    answers = rows(filled, tmp_path)
    doubled = tmp_path / "doubled.jsonl"
    doubled.write_text("".join(json.dumps(a) + "\n" for a in [answers[0], *answers]))
    damaged = {
        doubled: "holds an answer twice",
        tmp_path / "missing.csv": "cannot read the export",
        tmp_path / "answers.xlsx": "unknown export format 'xlsx'",
        tmp_path / "nothing.csv": "holds no answers",
        tmp_path / "short.csv": "lacks the column generator",
        tmp_path / "broken.jsonl": "cannot read the export",
        tmp_path / "broken.parquet": "cannot read the export",
    }
    (tmp_path / "nothing.csv").write_text("")
    (tmp_path / "short.csv").write_text("annotator\nx\n")
    (tmp_path / "broken.jsonl").write_text("{")
    (tmp_path / "broken.parquet").write_text("{")
    for path, message in damaged.items():
        with pytest.raises(BenchError, match=message):
            import_answers(empty, path)
    assert judgments(empty).empty
