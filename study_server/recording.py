"""Recording an answer: checked, added as a revision, acknowledged after the commit."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from study_server.assignment import Place, assign_next, has_place, mark_judged, places
from study_server.bundle import Bundle
from study_server.codes import completion_code
from study_server.links import Ticket
from study_server.models import Annotator, Judgment
from study_server.standing import Standing, standing
from study_server.statements import Statement
from study_server.tasks.question import Answer
from study_server.tasks.task import as_json


@dataclass(frozen=True)
class Outcome:
    """What became of an answer: stored, repeated (already there), full (the item's place was
    given to others), unknown (no such assignment), paused, closed or finished (too late).
    position: where to go next; None where all is judged."""

    status: str
    position: int | None = None


_REVISIONS = Statement(
    select(Judgment.repeat, Judgment.key, Judgment.answer)
    .where(
        Judgment.annotator_id == bindparam("annotator_id"),
        Judgment.item_id == bindparam("item_id"),
    )
    .order_by(Judgment.repeat, Judgment.revision)
)
_ADD = Statement(insert(Judgment))
_SEEN = Statement(
    update(Annotator)
    .where(Annotator.id == bindparam("annotator_id"))
    .values(seen_at=bindparam("now"))
)


def record(session: Session, ticket: Ticket, answer: Answer, bundle: Bundle, now: float) -> Outcome:
    """Add `answer` as a revision and lease the next item, within one write transaction.

    A ticket that was seen before changes nothing: its first answer is stored. An answer equal to
    the latest revision adds none. Raises ValueError where `answer` does not fit the study's task.
    """
    bundle.task.check(answer)
    db = session.connection()
    who = standing(db, ticket.annotator_id)
    # (repeat, key, answer), the newest last
    revisions = _REVISIONS.run(db, annotator_id=who.id, item_id=ticket.item_id)
    mine = places(db, who.id)
    if any(key == ticket.key for _, key, _ in revisions):
        return Outcome("repeated", go_on(db, who, mine, bundle, now))
    if who.state != "open":
        return Outcome(who.state)
    if who.stage == "finished":
        return Outcome("finished")
    place = next((place for place in mine if place.position == ticket.position), None)
    if place is None or who.stage != "judging":
        return Outcome("unknown")
    expired = not place.judged and place.lease_until <= now
    lost = expired and not has_place(db, who, place, bundle, now)
    if lost or place.item_id != ticket.item_id:  # the position holds another item by now
        return Outcome("full", go_on(db, who, mine, bundle, now))
    given = [said for repeat, _, said in revisions if repeat == place.repeat]
    if not given or json.loads(given[-1]) != answer:
        _ADD.run(
            db,
            annotator_id=who.id,
            item_id=place.item_id,
            repeat=place.repeat,
            revision=len(given),
            key=ticket.key,
            answer=as_json(answer),
            seconds=round(max(0.0, now - ticket.shown_at), 3),
            language=who.language,
            simulated=bool(who.simulated),
            created_at=now,
        )
    mine[mine.index(place)] = mark_judged(db, who, place)
    _SEEN.run(db, annotator_id=who.id, now=now)
    return Outcome("stored", go_on(db, who, mine, bundle, now))


def go_on(
    db: Connection, who: Standing, mine: list[Place], bundle: Bundle, now: float
) -> int | None:
    """The position of the next item; None, and the annotator finished, where nothing is left."""
    if who.stage == "finished":
        return None
    position = assign_next(db, who, mine, bundle, now)
    if position is None:
        code = completion_code(bundle, who.public_id)
        db.execute(
            update(Annotator)
            .where(Annotator.id == who.id)
            .values(stage="finished", finished_at=now, completion_code=code)
        )
    return position
