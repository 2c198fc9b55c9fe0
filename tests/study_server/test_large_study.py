"""What a look at a study costs: it grows with the answers by their rows alone, however many people
gave them. Counted are statements, objects and rows, never seconds; for those see `tests/perf`."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import event

from benchmark.core import finite
from study_server import rows
from study_server.bundle import Bundle
from study_server.export import judgments, write_export
from study_server.models import Assignment, Base, Item, Judgment
from study_server.served import Served
from study_server.tasks.rating import Rating

from .conftest import Visitor
from .test_assignment import judge_all, newcomer

LOOKS = ["/admin/", "/admin/items", "/admin/annotators"]


@contextmanager
def counted(study: Served) -> Iterator[Counter[str]]:
    """How many statements reach the database, and how many objects of each table come of it."""
    found: Counter[str] = Counter()

    def statement(*_: object) -> None:
        found["statements"] += 1

    def loaded(one: Base, _: object) -> None:
        found[type(one).__name__] += 1

    event.listen(study.store.engine, "before_cursor_execute", statement)
    for table in (Assignment, Item, Judgment):
        event.listen(table, "load", loaded)
    try:
        yield found
    finally:
        event.remove(study.store.engine, "before_cursor_execute", statement)
        for table in (Assignment, Item, Judgment):
            event.remove(table, "load", loaded)


@pytest.mark.parametrize("path", LOOKS)
def test_a_look_asks_as_often_of_many_as_of_few(served: Served, staff: Visitor, path: str) -> None:
    costs = []
    for people in (1, 4):
        for _ in range(people):
            judge_all(served, newcomer(served))
        with counted(served) as cost:
            assert staff.get(path).status_code == 200
        costs.append(cost)
    assert costs[0] == costs[1]
    assert set(costs[0]) == {"statements"}  # no row becomes an object


def test_an_answer_that_many_gave_is_scored_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        judge_all(served, newcomer(served))
    scored = []
    score = Rating.score
    monkeypatch.setattr(
        Rating, "score", lambda task, said: scored.append(said) or score(task, said)
    )
    frame = judgments(served)
    assert len(frame) > 20
    assert len(scored) == len({tuple(said.items()) for said in scored})


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_a_file_is_the_same_however_it_is_read(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    for _ in range(2):
        judge_all(served, newcomer(served))
    write_export(served, tmp_path / f"whole.{format}")
    monkeypatch.setattr(rows, "PART", 4)
    with served.store.read() as db:
        sizes = [len(part["study"]) for part in rows.parts_in(db, served.bundle)]
    assert sizes[:-1] == [4] * (len(sizes) - 1)
    assert write_export(served, tmp_path / f"parts.{format}") == sum(sizes)
    whole, parts = (tmp_path / f"{name}.{format}" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


def test_a_file_of_text_needs_no_frame(bundle: Bundle, served: Served, tmp_path: Path) -> None:
    judge_all(served, newcomer(served))
    code = (
        "import sys; from pathlib import Path; from study_server import commands; "
        "study, out = map(Path, sys.argv[1:]); "
        "[commands.export(study, out / name) for name in ('x.csv', 'x.jsonl')]; "
        "sys.exit('pandas' in sys.modules)"
    )
    words = [sys.executable, "-c", code, str(bundle.folder), str(tmp_path)]
    assert subprocess.run(words, check=False).returncode == 0
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 1 + 9


def test_columns_of_one_type_are_checked_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"a": [1.0, np.inf], "b": [1, 2], "c": [True, False], "d": ["x", "y"]})
    times = pd.to_datetime(pd.Series([1, 2]), unit="s", utc=True)
    frame = frame.assign(d=frame["d"].astype("string"), e=times)
    monkeypatch.setattr(finite, "_infinite", lambda _: pytest.fail("one by one"))
    finite.complete(frame, ["b", "c", "d", "e"], "it")
    with pytest.raises(finite.BenchError, match="inf at row 1"):
        finite.complete(frame, ["a"], "it")
