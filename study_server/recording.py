"""Recording an answer: checked, added as a revision, acknowledged after the commit."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from study_server.assignment import Step, assign_next, count_rating
from study_server.bundle import Bundle
from study_server.codes import completion_code
from study_server.leases import Place, has_place, places
from study_server.links import Ticket
from study_server.models import Annotator, Judgment
from study_server.standing import Standing, standing
from study_server.statements import Statement
from study_server.tasks.question import Answer
from study_server.tasks.task import as_json

STAY = Step("stay")


@dataclass(frozen=True)
class Outcome:
    """What became of an answer: stored, repeated (already there), full (the item's place was
    given to others), gone (it is not there since an older state of the database was restored),
    hasty (nobody can have looked), unknown (no such assignment), paused, closed, finished or
    withdrawn (too late). step: where to go next."""

    status: str
    step: Step = STAY

    @property
    def position(self) -> int | None:
        """Of the next item; None where there is none."""
        return self.step.position


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
_WAIT = Statement(
    update(Annotator)
    .where(Annotator.id == bindparam("annotator_id"))
    .values(waiting_since=bindparam("since"))
)


def record(db: Connection, ticket: Ticket, answer: Answer, bundle: Bundle, now: float) -> Outcome:
    """Add `answer` as a revision and lease the next item, within one write transaction.

    A ticket that was seen before changes nothing: its first answer is stored. An answer equal to
    the latest revision adds none, and one that comes before `least_seconds` are over is not stored.
    Raises ValueError where `answer` does not fit the study's task.
    """
    bundle.task.check(answer)
    who = standing(db, ticket.annotator_id)
    # (repeat, key, answer), the newest last
    revisions = _REVISIONS.run(db, annotator_id=who.id, item_id=ticket.item_id)
    mine = places(db, who.id)
    if any(key == ticket.key for _, key, _ in revisions):
        return Outcome("repeated", go_on(db, who, mine, bundle, now))
    if (state := who.state_at(now)) != "open":
        return Outcome(state)
    if who.stage in ("finished", "withdrawn"):
        return Outcome(who.stage)
    place = next((place for place in mine if place.position == ticket.position), None)
    if place is None and who.stage == "judging":  # an older state of the database was restored
        return Outcome("gone", go_on(db, who, mine, bundle, now))
    if place is None or who.stage != "judging":
        return Outcome("unknown")
    # A clock that was set back meanwhile makes nobody hasty.
    if not who.simulated and 0 <= now - ticket.shown_at < bundle.settings.least_seconds:
        return Outcome("hasty", Step("item", place.position))
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
    mine[mine.index(place)] = count_rating(db, who, place)
    _SEEN.run(db, annotator_id=who.id, now=now)
    return Outcome("stored", go_on(db, who, mine, bundle, now))


def go_on(
    db: Connection,
    who: Standing,
    mine: list[Place],
    bundle: Bundle,
    now: float,
    screened: bool | None = None,
) -> Step:
    """The next step. Who has judged all that they were to is finished.

    screened: whether the ratings that fill the places were just found to count (False: it is too
    soon to look again). Until that is known, nobody waits or is finished for want of a place.
    """
    if who.stage == "finished":
        return Step("finished")
    step = assign_next(db, who, mine, bundle, now)
    if step.status == "item":
        if who.waiting_since is not None:
            _WAIT.run(db, annotator_id=who.id, since=None)
        return step
    longest = 60 * bundle.settings.lease_minutes
    waited = who.waiting_since is not None and now - who.waiting_since >= longest
    if step.status == "done" or (screened and (waited or step.status == "full")):
        _finish(db, who, bundle, now)
        return Step("finished")
    if screened is not None and who.waiting_since is None:
        _WAIT.run(db, annotator_id=who.id, since=now)
    return step


def _finish(db: Connection, who: Standing, bundle: Bundle, now: float) -> None:
    code = completion_code(bundle, who.public_id)
    db.execute(
        update(Annotator)
        .where(Annotator.id == who.id)
        .values(stage="finished", finished_at=now, completion_code=code, waiting_since=None)
    )
