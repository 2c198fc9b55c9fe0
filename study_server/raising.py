"""More ratings of each item than the plan had: a change of plan, and recorded as one.

It is recorded in the database and beside it, in `private/raised.jsonl`: a backup of before the
change does not know why study.toml asks for more.
"""

import json
import re
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from benchmark.core.reading import decoded, parse_json, read_text
from benchmark.core.storage import write_text
from study_server.bundle import Bundle
from study_server.decisions import given_reason
from study_server.models import Event
from study_server.served import Served, note
from study_server.settings_file import read_settings

KIND = "plan changed"  # of the event in the database
DETAIL = re.compile(r"ratings_per_item from (\d+) to (\d+): (.*)", re.DOTALL)
ONE_AT_A_TIME = threading.Lock()  # study.toml is read, compared and written by one thread
LINE = re.compile(r"^[ \t]*ratings_per_item[ \t]*=[^\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class Raised:
    """That more ratings of each item were asked for: from `before` to `after`, at seconds since the
    epoch."""

    before: int
    after: int
    reason: str
    at: float

    def __str__(self) -> str:
        day = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d")
        return f"from {self.before} to {self.after} on {day}: {self.reason}"


def raises(session: Session, bundle: Bundle) -> tuple[Raised, ...]:
    """All of them, the oldest first: of the database, and of the list beside it. Raises BenchError
    where that is damaged."""
    rows = session.execute(
        select(Event.detail, Event.created_at).where(Event.kind == KIND).order_by(Event.id)
    )
    found = [(DETAIL.fullmatch(detail), at) for detail, at in rows]
    told = [Raised(int(said[1]), int(said[2]), said[3], at) for said, at in found if said]
    return tuple(sorted({*told, *_listed(bundle)}, key=lambda one: (one.at, one.after)))


def _listed(bundle: Bundle) -> list[Raised]:
    path = _list(bundle)
    lines = read_text(path).splitlines() if path.exists() else []
    try:
        return [Raised(**parse_json(line, f"line {n}")) for n, line in enumerate(lines, start=1)]
    except (BenchError, TypeError) as error:
        raise BenchError(f"{path} names no raise of ratings: put back a copy of it") from error


def _list(bundle: Bundle) -> Path:
    return bundle.folder / "private" / "raised.jsonl"


def raised_later(study: Served) -> int:
    """How many ratings of each item study.toml asks for, where it was changed since the site was
    started, which goes on as before; else 0."""
    path = study.bundle.folder / "study.toml"
    try:
        now = read_settings(path).ratings_per_item
    except BenchError:  # somebody is at it; the next start says what is wrong
        return 0
    return now if now != study.bundle.settings.ratings_per_item else 0


def raise_ratings(study: Served, ratings: int, reason: str) -> int:
    """Write the new number of ratings of each item into study.toml, with the old one, the day and
    the reason beside it, and note it in the database; returns the old one.

    A site that runs goes on as before until it is started again. Raises BenchError for fewer
    ratings than there are now, or without a reason.
    """
    reason = given_reason(reason)
    with ONE_AT_A_TIME:
        return _raise(study, ratings, reason)


def _raise(study: Served, ratings: int, reason: str) -> int:
    path = study.bundle.folder / "study.toml"
    before = read_settings(path).ratings_per_item
    if ratings <= before:
        raise BenchError(
            f"{ratings} ratings of each item are no more than the {before} of the plan; places "
            "that are filled stay filled"
        )
    listed, now = _listed(study.bundle), study.clock()
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    line = f"ratings_per_item = {ratings}  # raised from {before} on {day}: {reason}"
    text = decoded(path.read_bytes(), path)
    # A file without the line has the usual number; above all tables is its first line.
    changed = LINE.sub(lambda _: line, text, count=1) if LINE.search(text) else f"{line}\n{text}"
    _checked(path, changed, ratings)
    write_text(path, changed)
    one = Raised(before, ratings, reason, now)
    lines = [json.dumps(asdict(each)) for each in (*listed, one)]
    write_text(_list(study.bundle), "".join(f"{line}\n" for line in lines), 0o600)
    said = f"ratings_per_item from {before} to {ratings}: {reason}"
    study.store.write(lambda db: note(db, KIND, said, now))
    return before


def _checked(path: Path, text: str, ratings: int) -> None:
    """Raises BenchError where the changed file would not say what it should."""
    trial = path.with_name(".study.toml.new")
    try:
        write_text(trial, text)
        if read_settings(trial).ratings_per_item != ratings:
            raise BenchError(
                f"{path} cannot be changed by a program; change ratings_per_item there"
            )
    finally:
        trial.unlink(missing_ok=True)
