"""What the staff decided about annotators: whom to leave out, and whom to take back. Decisions are
added, each with its reason, and never changed; the latest about somebody counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from study_server.models import Annotator, Exclusion
from study_server.served import note
from study_server.tasks.question import clean

MAX_REASON = 500  # characters


@dataclass(frozen=True)
class Decision:
    """annotator: their public number. excluded: or else taken back. at: seconds since the epoch."""

    annotator: str
    excluded: bool
    reason: str
    at: float

    def __str__(self) -> str:
        day = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"{'excluded' if self.excluded else 'taken back'} {day}: {self.reason}"


def given_reason(text: str) -> str:
    """The text in one line. Raises BenchError where it is empty or too long."""
    reason = clean(text)
    if not 0 < len(reason) <= MAX_REASON:
        raise BenchError(f"give a reason of 1 to {MAX_REASON} characters")
    return reason


def decide(session: Session, public_id: str, excluded: bool, reason: str, now: float) -> Annotator:
    """Add a decision; returns whom it is about. Raises BenchError for an annotator who does not
    exist, without a reason, where it is so already, and for leaving out who withdrew."""
    reason = given_reason(reason)
    annotator = session.scalars(
        select(Annotator).where(Annotator.public_id == public_id)
    ).one_or_none()
    if annotator is None:
        raise BenchError(
            f"there is no annotator '{public_id}'; the staff's page of annotators lists them"
        )
    if excluded and annotator.stage == "withdrawn":
        raise BenchError(f"the annotator {public_id} withdrew; nothing of them is left")
    if excluded == (public_id in left_out(decisions(session))):
        state = "already excluded" if excluded else "not excluded by the staff"
        raise BenchError(f"the annotator {public_id} is {state}")
    session.add(
        Exclusion(annotator_id=annotator.id, excluded=excluded, reason=reason, created_at=now)
    )
    note(session, "excluded" if excluded else "taken back", public_id, now)
    session.flush()
    return annotator


def decisions(session: Session) -> tuple[Decision, ...]:
    """All decisions, the oldest first."""
    rows = session.execute(
        select(Annotator.public_id, Exclusion.excluded, Exclusion.reason, Exclusion.created_at)
        .join(Annotator, Annotator.id == Exclusion.annotator_id)
        .order_by(Exclusion.id)
    )
    return tuple(Decision(*row) for row in rows)


def left_out(made: Sequence[Decision]) -> dict[str, Decision]:
    """By annotator the decision that leaves them out, of those who are left out now."""
    latest = {one.annotator: one for one in made}
    return {name: one for name, one in latest.items() if one.excluded}


def described(made: Sequence[Decision]) -> str:
    """Who is left out by the staff, who was taken back, when and why, in one or two sentences."""
    if not made:
        return "The staff left nobody out."
    out = left_out(made)
    back = {one.annotator for one in made} - out.keys()
    said = []
    for names, words in ((out.keys(), "The staff left out"), (back, "The staff took back")):
        if names:
            histories = (
                f"{name} ({'; '.join(str(one) for one in made if one.annotator == name)})"
                for name in sorted(names)
            )
            said.append(f"{words} {len(names)}: {', '.join(histories)}.")
    return " ".join(said)
