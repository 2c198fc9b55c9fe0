"""The study's answers as one tidy frame: one row for each revision, and what its item is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError, unknown
from benchmark.core.guarding import guarded
from benchmark.core.judgments import DIRECTION, SECOND, item_columns
from benchmark.core.storage import write_atomically
from study_server.bundle import Bundle
from study_server.decisions import decisions, left_out
from study_server.models import Annotator, Judgment
from study_server.served import Served
from study_server.tasks.task import Task

FORMATS = ("csv", "parquet", "jsonl")
LAST = ["repeat", "revision", "seconds", "check", "simulated", "language", "created_at", "study"]
DECIDED = ["excluded", "excluded_at"]  # which exports of earlier versions lack


def columns(task: Task) -> list[str]:
    """The frame's columns: what was shown, who answered, the questions that everybody is asked,
    the score, the questions that only some are asked, and all that every task has; at the end why
    and when the staff left the annotator out."""
    always = [q.name for q in task.questions if not q.asked_if]
    waiting = [q for q in task.questions if q.asked_if]
    sometimes = [q.name for q in sorted(waiting, key=lambda q: q.kind == "text")]
    shown = [*DIRECTION, *(SECOND if task.shows == 2 else [])]
    return [*shown, "annotator", *always, task.score_name, *sometimes, *LAST, *DECIDED]


def judgments(study: Served) -> pd.DataFrame:
    """All revisions of all answers; see `judgments_in`."""
    with study.store.read() as db:
        return judgments_in(db, study.bundle)


def judgments_in(db: Session, bundle: Bundle, simulated: bool | None = None) -> pd.DataFrame:
    """All revisions of all answers, in the order in which they came; columns as in `columns`.

    Of two directions on a page the second is generator_2, method_2, direction_2. The score is what
    the task makes of the answer. A question that was not asked or answered holds None. repeat: 0
    for the first showing, 1 for the hidden second. revision: 0 for the first answer. check: None,
    "good" or "still". simulated: whether a bot gave the answer. created_at: UTC. study: its id.
    excluded: the reason why the staff left the annotator out, None where they did not; excluded_at:
    when, UTC.

    simulated: the answers of bots alone, or of people alone.
    """
    query = (
        select(
            Judgment.item_id,
            Annotator.public_id.label("annotator"),
            Judgment.answer,
            Judgment.repeat,
            Judgment.revision,
            Judgment.seconds,
            Judgment.simulated,
            Judgment.language,
            Judgment.created_at,
        )
        .join(Annotator, Annotator.id == Judgment.annotator_id)
        .order_by(Judgment.id)
    )
    if simulated is not None:
        query = query.where(Judgment.simulated == simulated)
    frame = pd.DataFrame([dict(row) for row in db.execute(query).mappings()])
    task = bundle.task
    if frame.empty:
        return pd.DataFrame(columns=columns(task))
    items = [bundle.sources[item_id] for item_id in frame["item_id"]]
    for place, names in enumerate((DIRECTION, SECOND)[: task.shows]):
        for name, field in zip(names, DIRECTION, strict=True):
            frame[name] = [getattr(sources[place], field) for sources in items]
    frame["check"] = _with_gaps([bundle.checks[key] for key in frame["item_id"]])
    answers = [json.loads(text) for text in frame["answer"]]
    for q in task.questions:
        if q.kind == "yes_no":
            frame[q.name] = [answer.get(q.name) for answer in answers]
        else:
            frame[q.name] = _with_gaps([str(answer.get(q.name, "")) for answer in answers])
    frame[task.score_name] = [task.score(answer) for answer in answers]
    frame["created_at"] = _times(frame["created_at"])
    frame["study"] = bundle.study
    out = left_out(decisions(db))
    by = frame["annotator"]
    frame["excluded"] = _with_gaps([out[name].reason if name in out else "" for name in by])
    frame["excluded_at"] = _times(by.map({name: one.at for name, one in out.items()}))
    return frame[columns(task)]


def _times(seconds: "pd.Series[Any]") -> "pd.Series[Any]":
    """Moments since the epoch, to the microsecond, which is all that a float of seconds holds."""
    return pd.to_datetime(seconds.astype(float), unit="s", utc=True).dt.round("us")


def _with_gaps(texts: list[str]) -> "pd.Series[Any]":
    """Texts with None in place of empty ones."""
    return pd.Series([text or None for text in texts], dtype=object)


def counting(frame: pd.DataFrame, task: Task, simulated: bool = False) -> pd.DataFrame:
    """The answers that count: the latest revision of each showing, of people alone; the score is
    the column `mos`, as in `benchmark.core.judgments`.

    simulated: those of bots instead; the two never mix.
    """
    frame = frame[frame["simulated"] == simulated].rename(columns={task.score_name: "mos"})
    showing = [*item_columns(frame), "annotator", "repeat"]
    return frame.drop_duplicates(showing, keep="last")


def write_export(study: Served, path: Path, format: str | None = None) -> int:
    """Write the frame to `path` as csv, parquet or jsonl; returns the number of rows.

    format: where it is not what the name ends in. In a CSV, text that a spreadsheet would run as a
    formula is guarded. Raises BenchError for a format that is none of these.
    """
    format = format or format_of(path)
    if format not in FORMATS:
        raise unknown("export format", format, FORMATS)
    frame = judgments(study)

    def write_lines(part: Path) -> None:
        frame.to_json(
            part,
            orient="records",
            lines=True,
            date_format="iso",
            date_unit="us",
            double_precision=15,
            force_ascii=False,
        )

    write: dict[str, Callable[[Path], object]] = {
        "parquet": lambda part: frame.to_parquet(part, index=False),
        "csv": lambda part: frame.map(_guarded).to_csv(part, index=False),
        "jsonl": write_lines,
    }
    write_atomically(path, write[format])
    return len(frame)


def format_of(path: Path) -> str:
    """The export format that a file's name ends in. Raises BenchError where it is none."""
    format = path.suffix.lstrip(".").lower()
    if not format:
        raise BenchError(f"{path} should end in one of .{', .'.join(FORMATS)}, its format")
    if format not in FORMATS:
        raise unknown("export format", format, FORMATS)
    return format


def _guarded(value: Any) -> Any:
    return guarded(value) if isinstance(value, str) else value
