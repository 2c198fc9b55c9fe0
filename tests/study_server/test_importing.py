"""An export read back: every answer as it was, and nothing from elsewhere."""

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from benchmark.core.errors import BenchError
from study_server import annotators, counting, quality
from study_server.codes import completion_code, write_codes
from study_server.erasure import erase_person
from study_server.export import judgments, write_export
from study_server.importing import _csv as rows_of_csv
from study_server.importing import import_answers
from study_server.models import Annotator, Assignment, Erasure, Exclusion, Item, Judgment
from study_server.served import Served, open_study

from .conftest import Clock, said
from .test_assignment import judge, judge_all, newcomer, ratings


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


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_whom_the_staff_left_out_stays_left_out(
    filled: Served, empty: Served, clock: Clock, tmp_path: Path, kind: str
) -> None:
    one, other = [p.public_id for p in quality.persons(filled, quality.answers(filled))]
    clock.now += 0.25
    for name in (one, other):
        counting.exclude(filled, name, '=a "robot", 中文')
    counting.exclude(filled, other, "no robot", excluded=False)
    path = tmp_path / f"x.{kind}"
    write_export(filled, path)
    import_answers(empty, path)
    pd.testing.assert_frame_equal(judgments(filled), judgments(empty), check_exact=True)
    frame = judgments(empty).groupby("annotator")["excluded"].first()
    assert frame[one] == '=a "robot", 中文'
    assert frame[other] is None
    counts = select(Item.id, Item.ratings, Item.simulated_ratings).order_by(Item.id)
    with filled.store.read() as old, empty.store.read() as new:
        assert new.execute(counts).all() == old.execute(counts).all()
        (stored,) = new.scalars(select(Exclusion)).all()
        assert stored.created_at == clock.now


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_exports_from_before_the_staff_could_exclude_are_read(
    filled: Served, empty: Served, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"x.{kind}"
    frame = judgments(filled).drop(columns=["excluded", "excluded_at"])
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True, date_format="iso", date_unit="us")
    assert import_answers(empty, path) == len(frame)
    assert judgments(empty)["excluded"].isna().all()


def test_the_latest_revision_counts_in_whatever_order_a_file_has_them(
    filled: Served, empty: Served, tmp_path: Path
) -> None:
    path = tmp_path / "x.parquet"
    judgments(filled).iloc[::-1].to_parquet(path)
    import_answers(empty, path)
    assert set(judgments(empty)["revision"].iloc[-2:]) == {0, 1}
    showing = ["generator", "method", "direction", "annotator", "repeat"]
    before, after = (
        quality.answers(study).set_index(showing).sort_index() for study in (filled, empty)
    )
    assert set(before["revision"]) == {0, 1}
    pd.testing.assert_frame_equal(before, after)


def stones(study: Served) -> list[tuple]:
    """Whom the database knows to have withdrawn, when and why."""
    told = (Annotator.public_id, Erasure.who, Erasure.reason, Erasure.answers, Erasure.created_at)
    with study.store.read() as db:
        of_whom = Annotator.id == Erasure.annotator_id
        return [tuple(row) for row in db.execute(select(*told).join(Erasure, of_whom))]


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_who_withdrew_since_the_export_does_not_come_back(
    filled: Served, empty: Served, clock: Clock, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"monday.{kind}"
    write_export(filled, path)
    one, other = [p.public_id for p in quality.persons(filled, quality.answers(filled))]
    (bot,) = [p.public_id for p in quality.persons(filled, quality.answers(filled, True), True)]
    clock.now += 86400
    erase_person(filled, other, "asked by mail")
    erase_person(filled, bot, "a trial")
    clock.now += 86400
    assert import_answers(empty, path) == len(judgments(filled)) == 9
    pd.testing.assert_frame_equal(judgments(filled), judgments(empty), check_exact=True)
    assert set(judgments(empty)["annotator"]) == {one}
    assert sorted(stones(empty)) == sorted(stones(filled))  # with moment and reason
    counts = select(Item.id, Item.ratings, Item.simulated_ratings).order_by(Item.id)
    with filled.store.read() as old, empty.store.read() as new:
        assert new.execute(counts).all() == old.execute(counts).all()
        assert set(new.scalars(select(Assignment.annotator_id))) == set(
            new.scalars(select(Annotator.id).where(Annotator.public_id == one))
        )


def test_who_withdrew_in_this_very_database_stays_away(filled: Served, tmp_path: Path) -> None:
    """Everybody who was in it withdrew, so that it holds no answers, and their rows are there."""
    path = tmp_path / "monday.csv"
    write_export(filled, path)
    people = quality.persons(filled, quality.answers(filled))
    bots = quality.persons(filled, quality.answers(filled, True), True)
    for one in (*people, *bots):
        erase_person(filled, one.public_id, "asked by mail")
    assert import_answers(filled, path) == 0
    assert len(stones(filled)) == 3
    assert judgments(filled).empty


def test_a_database_that_knows_the_people_already_is_left_alone(
    filled: Served, empty: Served, tmp_path: Path
) -> None:
    """As one that was restored from a backup of before the first answer."""
    write_export(filled, tmp_path / "x.csv")
    (known, *_) = quality.persons(filled, quality.answers(filled))
    same = {"public_id": known.public_id}
    empty.store.write(lambda db: annotators.register(db, "invite", 0, **same))
    with pytest.raises(BenchError, match=r"knows 1 of the people whose answers .*x\.csv holds"):
        import_answers(empty, tmp_path / "x.csv")
    assert judgments(empty).empty


def test_whose_answers_were_imported_can_be_paid_and_are_no_finished_ones(
    filled: Served, empty: Served, tmp_path: Path
) -> None:
    write_export(filled, tmp_path / "x.csv")
    import_answers(empty, tmp_path / "x.csv")
    write_codes(empty, tmp_path / "codes.csv")
    codes = pd.read_csv(tmp_path / "codes.csv", dtype=str).set_index("annotator")["code"]
    people = quality.persons(empty, quality.answers(empty))
    assert codes.to_dict() == {
        one.public_id: completion_code(filled.bundle, one.public_id) for one in people
    }
    assert quality.funnel(people) == {"imported": 2, "silent": 0}


def spread(path: Path, kind: str, change) -> None:
    """Rewrite an export with its `created_at` changed."""
    if kind == "parquet":
        frame = pd.read_parquet(path)
        frame.assign(created_at=frame["created_at"].map(change)).to_parquet(path)
    elif kind == "csv":
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        frame.assign(created_at=frame["created_at"].map(change)).to_csv(path, index=False)
    else:
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        changed = [line | {"created_at": change(line["created_at"])} for line in lines]
        path.write_text("".join(json.dumps(line) + "\n" for line in changed))


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_times_come_back_to_the_microsecond_in_any_zone(
    served: Served, empty: Served, clock: Clock, tmp_path: Path, kind: str, monkeypatch
) -> None:
    clock.now = 1_764_232_763.357895
    judge_all(served, newcomer(served))
    path = tmp_path / f"answers.{kind}"
    write_export(served, path)
    expected = pd.Timestamp("2025-11-27 08:39:23.357895", tz="UTC")
    assert set(judgments(served)["created_at"]) == {expected}
    if kind != "parquet":
        assert ".357895" in path.read_text()

    monkeypatch.setenv("TZ", "Asia/Tokyo")  # where the reader is does not matter
    time.tzset()
    texts = kind != "parquet"
    zones = ["Europe/Paris", "America/New_York", None]  # None: as UTC, like all exports
    moved = itertools.cycle([expected.tz_convert(zone) for zone in zones])
    naive = expected.tz_localize(None)
    spread(path, kind, lambda _: next(moved).isoformat() if texts else naive)
    import_answers(empty, path)
    assert set(judgments(empty)["created_at"]) == {expected}
    with empty.store.read() as db:
        assert set(db.scalars(select(Judgment.created_at))) == {clock.now}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_that_another_program_saved_comes_back(
    filled: Served, empty: Served, tmp_path: Path, kind: str, encoding: str
) -> None:
    path = tmp_path / f"answers.{kind.upper()}"
    write_export(filled, path)
    path.write_bytes(path.read_text("utf-8").replace("\n", "\r\n").encode(encoding))
    import_answers(empty, path)
    pd.testing.assert_frame_equal(judgments(filled), judgments(empty), check_exact=True)


@pytest.mark.parametrize("simulated", ["", "careful"])
def test_a_full_study_is_full_after_an_import(
    served: Served, empty: Served, tmp_path: Path, simulated: str
) -> None:
    wanted = served.bundle.settings.ratings_per_item * served.bundle.kinds["direction"]
    while sum(ratings(served, bool(simulated)).values()) < wanted:
        judge_all(served, newcomer(served, simulated))
    write_export(served, tmp_path / "full.csv")
    import_answers(empty, tmp_path / "full.csv")
    for study in (served, empty):
        newcomer(study, simulated)
        with study.store.read() as db:
            open_places = list(
                db.scalars(select(Assignment.item_id).where(Assignment.judged.is_(False)))
            )
        assert [key for key in open_places if not study.bundle.checks[key]] == []
    with served.store.read() as old, empty.store.read() as new:
        counts = select(Item.id, Item.ratings, Item.simulated_ratings).order_by(Item.id)
        assert new.execute(counts).all() == old.execute(counts).all()


@contextmanager
def exporting(frame: pd.DataFrame) -> Iterator[None]:
    """An export writes this frame of `judgments` instead of what the database holds."""
    rows = frame.astype(object).where(frame.notna(), None)
    for name in ("created_at", "excluded_at"):
        rows[name] = [at if at is None else at.timestamp() for at in rows[name]]
    part = {name: list(rows[name]) for name in rows}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("study_server.export.parts_in", lambda *_: iter([dict(part)]))
        yield


def test_a_name_that_begins_as_a_formula_comes_back_in_every_column(
    filled: Served, tmp_path: Path
) -> None:
    frame = judgments(filled).assign(method="=1+1", study="@x", language="-zh")
    with exporting(frame):
        write_export(filled, tmp_path / "x.csv")
    stored = pd.read_csv(tmp_path / "x.csv", dtype=str)
    assert set(stored["method"]) == {"'=1+1"}
    assert set(stored["study"]) == {"'@x"}
    assert set(stored["language"]) == {"'-zh"}
    read = rows_of_csv(tmp_path / "x.csv")
    assert {(row["method"], row["study"], row["language"]) for row in read} == {
        ("=1+1", "@x", "-zh")
    }


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
        ({"created_at": "2026-01-31"}, "answer 1 cannot be read"),
        ({"created_at": 1769860800000}, "answer 1 cannot be read"),
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


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"consistent": False}, "'label' is not asked after these answers"),
        ({"category": None, "label": None}, "'category' has no answer"),
        ({"single": None, "category": None, "label": None}, "'single' has no answer"),
        ({"label": "x" * 81}, "is no answer to 'label'"),
        ({"category": " col\tour"}, "is no answer to 'category'"),
    ],
)
def test_an_export_whose_answers_do_not_fit_the_task_is_refused(
    filled: Served, empty: Served, tmp_path: Path, kind: str, change: dict, message: str
) -> None:
    frame = judgments(filled)
    frame = frame.astype(dict.fromkeys(change, object))
    for column, value in change.items():
        frame.loc[0, column] = value
    with exporting(frame):
        write_export(filled, tmp_path / f"changed.{kind}")
    with pytest.raises(BenchError, match="answer 1 cannot be read") as caught:
        import_answers(empty, tmp_path / f"changed.{kind}")
    assert message in str(caught.value)
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
