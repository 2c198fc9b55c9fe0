"""The study's answers as one tidy frame, and as a file."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError, unknown
from benchmark.core.guarding import guarded
from benchmark.core.judgments import item_columns
from benchmark.core.storage import write_atomically
from study_server.bundle import Bundle
from study_server.revisions import columns, parts_in
from study_server.served import Served
from study_server.tasks.task import Task

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and large: a file of text needs no frame

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = ("created_at", "excluded_at")


def judgments(study: Served) -> "pd.DataFrame":
    """All revisions of all answers; see `judgments_in`."""
    with study.store.read() as db:
        return judgments_in(db, study.bundle)


def judgments_in(db: Session, bundle: Bundle, simulated: bool | None = None) -> "pd.DataFrame":
    """The rows of `study_server.revisions.parts_in` as a frame; times are UTC."""
    import pandas as pd

    parts, task = list(parts_in(db, bundle, simulated)), bundle.task
    if not parts:
        return pd.DataFrame(columns=columns(task))
    gaps = {"check", "excluded", *(q.name for q in task.questions if q.kind != "yes_no")}
    whole = {}
    for name in columns(task):
        values = list(chain.from_iterable(part.pop(name) for part in parts))
        if name in TIMES:
            whole[name] = _moments(values)
        else:
            whole[name] = pd.Series(values, dtype=object if name in gaps else None)
    return pd.DataFrame(whole)


def _moments(seconds: list[float | None]) -> "pd.Series[Any]":
    """The same moments as `_utc` gives."""
    import pandas as pd

    every = pd.Series(seconds, dtype=float)
    known = every.dropna()  # at a gap pandas 2 reads memory that nobody has written
    whole = known.floordiv(1)
    micros = 1_000_000 * whole.astype("int64") + ((known - whole) * 1e6).round().astype("int64")
    return pd.to_datetime(micros, unit="us", utc=True).dt.as_unit("ns").reindex(every.index)


def counting(frame: "pd.DataFrame", task: Task, simulated: bool = False) -> "pd.DataFrame":
    """The answers that count: the latest revision of each showing, of people alone; the score is
    the column `mos`, as in `benchmark.core.judgments`.

    simulated: those of bots instead; the two never mix.
    """
    frame = frame[frame["simulated"] == simulated].rename(columns={task.score_name: "mos"})
    showing = [*item_columns(frame), "annotator", "repeat"]
    latest = frame.sort_values("revision", kind="stable").drop_duplicates(showing, keep="last")
    return latest.sort_index()  # an import keeps the order of its file, whichever that was


def write_export(study: Served, path: Path, format: str | None = None) -> int:
    """Write the rows to `path` as csv, parquet or jsonl; returns their number.

    format: where it is not what the name ends in. In a CSV, text that a spreadsheet would run as a
    formula is guarded. Raises BenchError for a format that is none of these.
    """
    format = format or format_of(path)
    if format not in FORMATS:
        raise unknown("export format", format, FORMATS)
    written: list[int] = []
    write_atomically(path, lambda part: written.append(WRITERS[format](study, part)))
    return written[0]


def _write_parquet(study: Served, path: Path) -> int:
    frame = judgments(study)
    frame.to_parquet(path, index=False)
    return len(frame)


def _write_csv(study: Served, path: Path) -> int:
    count = 0
    safe = lru_cache(maxsize=4096)(guarded)  # most texts come again and again
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns(study.bundle.task))
        for count, row in enumerate(_rows(study, " ", "+00:00"), 1):  # noqa: B007
            table.writerow([safe(cell) if isinstance(cell, str) else cell for cell in row])
    return count


def _write_lines(study: Served, path: Path) -> int:
    count, names = 0, columns(study.bundle.task)
    line = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    with path.open("w", encoding="utf-8", newline="") as file:
        for count, row in enumerate(_rows(study, "T", "Z"), 1):  # noqa: B007
            file.write(line(dict(zip(names, row, strict=True))) + "\n")
    return count


def _rows(study: Served, between: str, zone: str) -> Iterator[tuple[Any, ...]]:
    """The rows of `study_server.revisions.parts_in`, times as texts; see `_text`."""
    with study.store.read() as db:
        for part in parts_in(db, study.bundle):
            part |= {name: [_text(at, between, zone) for at in part[name]] for name in TIMES}
            yield from zip(*part.values(), strict=True)


WRITERS: dict[str, Callable[[Served, Path], int]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "jsonl": _write_lines,
}
FORMATS = tuple(WRITERS)


def _text(seconds: float | None, between: str, zone: str) -> str | None:
    """A moment with its six digits of microseconds, also where all are zero: readers of a column
    expect one form. between: date and time."""
    moment = _utc(seconds)
    return None if moment is None else f"{moment:%Y-%m-%d{between}%H:%M:%S.%f}{zone}"


def _utc(seconds: float | None) -> datetime | None:
    """The moment to the microsecond, which is all that a float of seconds holds; None for none."""
    if seconds is None:
        return None
    whole, rest = divmod(seconds, 1)
    return EPOCH + timedelta(seconds=whole, microseconds=round(rest * 1e6))


def format_of(path: Path) -> str:
    """The export format that a file's name ends in. Raises BenchError where it is none."""
    format = path.suffix.lstrip(".").lower()
    if not format:
        raise BenchError(f"{path} should end in one of .{', .'.join(FORMATS)}, its format")
    if format not in FORMATS:
        raise unknown("export format", format, FORMATS)
    return format
