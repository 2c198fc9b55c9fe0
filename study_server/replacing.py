"""Somebody who dropped out is replaced: a new link takes over the places of theirs.

Who is replaced is left out, like anybody whom the staff leave out: nothing is deleted, their places
open, and it can be taken back. Their own link lets nobody in any more. The new link has the same
seed, so that its person is given the same number of items of each kind in the same personal order, and the same last day
where that is still to come. It has no name: that
of who is gone is theirs, and goes with them when they are erased.
"""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from study_server import annotators
from study_server.counting import screen_now, set_counts
from study_server.decisions import MAX_REASON, decide, decisions, given_reason, left_out
from study_server.models import Annotator, Assignment, Event, Screened
from study_server.served import Served, note

KIND = "replaced"  # of the event, which alone says by whom
ENDED = {"finished": "has finished", "withdrawn": "withdrew, so that their places are open"}


def replace_person(study: Served, person: str, reason: str) -> str:
    """Make the link that takes over; returns its person's public number.

    person: the public number of who dropped out. Raises BenchError for who does not exist, has
    finished or withdrew, or was replaced before, and without a reason.
    """
    reason, now = given_reason(reason), study.clock()

    def work(db: Session) -> tuple[str, bool]:
        gone = db.scalars(select(Annotator).where(Annotator.public_id == person)).one_or_none()
        if gone is None:
            raise BenchError(
                f"there is no annotator '{person}'; the staff's page of annotators lists them"
            )
        if why := ENDED.get(gone.stage):
            raise BenchError(f"the annotator {person} {why}; there is nobody to replace")
        before = Event.detail.startswith(f"{person} by ", autoescape=True)
        if db.scalars(select(Event.id).where(Event.kind == KIND, before)).first() is not None:
            raise BenchError(
                f"the annotator {person} was replaced before; `bench study invite` makes one more link"
            )
        simulated = bool(gone.simulated)
        to_come = gone.deadline is not None and gone.deadline > now
        heir = annotators.register(
            db,
            "invite",
            now,
            simulated=gone.simulated,
            deadline=gone.deadline if to_come else None,
            seed=gone.seed,
        )
        if person not in left_out(decisions(db)):
            decide(db, person, True, f"replaced: {reason}"[:MAX_REASON], now)
        if gone.counts:
            set_counts(db, gone.id, simulated, False)
        held = (Assignment.annotator_id == gone.id, Assignment.judged.is_(False))
        db.execute(delete(Assignment).where(*held))
        db.execute(delete(Screened).where(Screened.simulated == simulated))
        if gone.deadline is None or to_come:
            gone.deadline = now
        gone.waiting_since = None
        note(db, KIND, f"{person} by {heir}: {reason}", now)
        return heir, simulated

    heir, simulated = study.store.write(work)
    screen_now(study, simulated)
    return heir
