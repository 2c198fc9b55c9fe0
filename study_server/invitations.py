"""Personal links: for whom they are, until when they let in, and what became of them.

A link is a secret: whoever has it is its person. So none is written to a log, and lists of them are
for the staff alone.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from benchmark.core.guarding import guarded
from benchmark.core.storage import write_atomically
from study_server.links import Links
from study_server.models import Annotator
from study_server.tasks.question import clean

MOST = 500  # links made at once
LONGEST = 80  # letters of a name
COLUMNS = ("name", "link", "last_day", "state", "last_seen", "annotator")


@dataclass(frozen=True)
class Invitation:
    """One personal link. name: that the staff gave it, or "". token: of the link. state: the stage
    of its person, or "over" where its last day is past. last_day, last_seen: UTC, "" for none."""

    annotator: str
    name: str
    token: str
    state: str
    last_day: str
    last_seen: str


def given_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names in one line each, without empty ones. Raises BenchError where one is too long."""
    tidy = tuple(name for name in map(clean, names) if name)
    if long := [name for name in tidy if len(name) > LONGEST]:
        raise BenchError(f"a name has {LONGEST} letters at most; '{long[0][:20]}...' has more")
    return tidy


def end_of(day: str, now: float) -> float | None:
    """The end of a day (ISO, UTC) in seconds since the epoch; None for "". Raises BenchError where
    it is no day, past, or the last that there is."""
    if not day:
        return None
    try:
        first = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    except ValueError:
        raise BenchError(f"a last day is one such as 2030-12-31, not '{day}'") from None
    try:
        end = (first + timedelta(days=1)).timestamp()
    except OverflowError:
        raise BenchError(f"the last day {day} is too far off; leave it out for none") from None
    if end <= now:
        raise BenchError(f"the last day {day} is past")
    return end


def invitations(session: Session, links: Links, now: float) -> list[Invitation]:
    """All personal links of people, the oldest first."""
    people = (
        select(Annotator)
        .where(Annotator.source == "invite", Annotator.simulated == "")
        .order_by(Annotator.id)
    )
    return [_of(one, links, now) for one in session.scalars(people)]


def _of(one: Annotator, links: Links, now: float) -> Invitation:
    over = one.deadline is not None and one.deadline <= now
    ended = one.stage in ("finished", "failed", "withdrawn")
    return Invitation(
        annotator=one.public_id,
        name=one.invited_as,
        token=links.personal(one.public_id),
        state="over" if over and not ended else one.stage,
        last_day="" if one.deadline is None else f"{_utc(one.deadline - 1):%Y-%m-%d}",
        last_seen=f"{_utc(one.seen_at):%Y-%m-%d %H:%M}" if one.seen_at > one.created_at else "",
    )


def rename(session: Session, annotator: str, name: str) -> None:
    """Give a link another name, "" for none. Raises BenchError where there is no such link."""
    one = session.scalars(
        select(Annotator).where(Annotator.public_id == annotator, Annotator.source == "invite")
    ).one_or_none()
    if one is None:
        raise BenchError(f"there is no personal link of '{annotator}'")
    one.invited_as = next(iter(given_names([name])), "")


def as_rows(found: Sequence[Invitation], base: str) -> list[tuple[str, ...]]:
    """The invitations as rows of COLUMNS. base: the site's address."""
    return [
        (
            one.name,
            f"{base}/join/{one.token}",
            one.last_day,
            one.state,
            one.last_seen,
            one.annotator,
        )
        for one in found
    ]


def write_invitations(found: Sequence[Invitation], base: str, path: Path) -> None:
    """Write them as a CSV that its owner alone may read. Raises BenchError where its folder is not
    there."""
    if not path.parent.is_dir():
        raise BenchError(f"there is no folder {path.parent} to write {path.name} to; make it first")

    def write(part: Path) -> None:
        with part.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            table.writerows([guarded(cell) for cell in row] for row in as_rows(found, base))

    write_atomically(path, write, 0o600)


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
