"""Erasing somebody's answers: the one exception to answers that are only ever added.

A tombstone comes first, without which the database itself deletes no answer; then all that the
person said goes, and their outside number. Their places open for others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from study_server.bundle import Bundle
from study_server.codes import code_to_keep
from study_server.counting import screen_now, set_counts
from study_server.decisions import given_reason
from study_server.models import Annotator, Assignment, Erasure, Judgment, QuizTry, Screened
from study_server.people import IMPORTED
from study_server.served import Served, note, state_of
from study_server.tombstones import listed, remember

WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Withdrawals:
    """Of people, or of bots. people: how many withdrew, ended: of them after they had finished, as
    far as that is known, staff: erased by the staff; answers: how many judgments they had given."""

    people: int = 0
    ended: int = 0
    staff: int = 0
    answers: int = 0

    def __str__(self) -> str:
        if not self.people:
            return "Nobody withdrew."
        return (
            f"{self.people} withdrew, {self.ended} of them after the end, {self.staff} of them by "
            f"the staff: their {self.answers} judgments are erased and in no table."
        )


NOBODY = Withdrawals()


def withdrawals(session: Session, simulated: bool = False) -> Withdrawals:
    """How many withdrew, and how much they had said."""
    of_kind = select(Erasure, Annotator.source).where(
        Annotator.id == Erasure.annotator_id, (Annotator.simulated != "") == simulated
    )
    rows = session.execute(of_kind).all()
    found = [one for one, _ in rows]
    return Withdrawals(
        people=len(found),
        ended=sum(one.stage == "finished" and source != IMPORTED for one, source in rows),
        staff=sum(one.who == "staff" for one in found),
        answers=sum(one.answers for one in found),
    )


def withdraw(study: Served, annotator_id: int, reason: str = "") -> int:
    """A participant withdraws; see `erase_now`."""
    return erase_now(study, annotator_id, "participant", reason)


def erase_person(study: Served, person: str, reason: str) -> int:
    """The staff erase somebody, by public number or by the number at the recruiting service; see
    `erase_now`. Raises BenchError for who does not exist or withdrew before, and without a
    reason."""
    reason = given_reason(reason)
    outside = study.bundle.settings.platform.outside_id(
        {study.bundle.settings.platform.person: person}
    )
    known = (Annotator.public_id == person) | (Annotator.outside_id == outside)
    with study.store.read() as db:
        found: Sequence[Annotator] = list(db.scalars(select(Annotator).where(known)))
    if len(found) != 1:
        raise BenchError(f"there is no annotator '{person}', by public or by outside number")
    if found[0].stage == WITHDRAWN:
        raise BenchError(f"the annotator {person} withdrew already; nothing of them is left")
    return erase_now(study, found[0].id, "staff", reason)


def reapply(study: Served) -> int:
    """Erase again whom an older copy of the database brought back; returns how many."""
    remember(study)
    back = _brought_back(study)
    for number, one in back:
        told = {"who": one["who"], "reason": one["reason"], "now": one["at"]}
        again = partial(erase, bundle=study.bundle, annotator_id=number, **told)
        _, simulated = study.store.write(again)
        screen_now(study, simulated)
    if back:
        study.store.settle()
    return len(back)


def refuse_brought_back(study: Served) -> None:
    """Raise BenchError where the database, which is only read, is an older copy that holds again
    what somebody had erased: no analysis, no export and no list may have it."""
    if back := _brought_back(study):
        who = "one person" if len(back) == 1 else f"{len(back)} people"
        raise BenchError(
            f"{study.store.name} holds answers of {who} who withdrew after it was copied; put the "
            "copy back with `bench study restore`, or serve it once, and they are erased again"
        )


def _brought_back(study: Served) -> list[tuple[int, dict[str, Any]]]:
    """Whom the list names and the database still holds: the number there, and the list's words."""
    people = select(Annotator.public_id, Annotator.id).where(Annotator.stage != WITHDRAWN)
    with study.store.read() as db:
        held: dict[str, int] = dict(db.execute(people).all())
    named = ((held.get(one["annotator"]), one) for one in listed(study.bundle))
    return [(number, one) for number, one in named if number is not None]


def erase_now(study: Served, annotator_id: int, who: str, reason: str) -> int:
    """Erase somebody, open their places, and keep the tombstone beside the database as well.

    Returns how many judgments are gone; a second time that is nothing.
    """
    now = study.clock()
    answers, simulated = study.store.write(
        lambda db: erase(db, study.bundle, annotator_id, who, reason, now)
    )
    remember(study)
    screen_now(study, simulated, wait=who == "staff")
    study.store.settle()  # so that no log holds what is gone
    return answers


def erase(
    session: Session, bundle: Bundle, annotator_id: int, who: str, reason: str, now: float
) -> tuple[int, bool]:
    """Within a write transaction: the tombstone, then the deletion. Returns how many judgments are
    gone, and whether they were a bot's."""
    annotator = session.get_one(Annotator, annotator_id)
    simulated = bool(annotator.simulated)
    if annotator.stage == WITHDRAWN:
        return 0, simulated
    own = Judgment.annotator_id == annotator_id
    answers = session.execute(select(func.count()).where(own)).scalar_one()
    session.add(
        Erasure(
            annotator_id=annotator_id,
            who=who,
            reason=reason,
            stage=annotator.stage,
            answers=answers,
            created_at=now,
        )
    )
    session.flush()
    if annotator.counts:
        set_counts(session, annotator_id, simulated, False)
    session.execute(delete(Judgment).where(own))
    session.execute(delete(Assignment).where(Assignment.annotator_id == annotator_id))
    session.execute(delete(QuizTry).where(QuizTry.annotator_id == annotator_id))
    # The others are judged by their agreement with those who are left, so that all is open.
    session.execute(delete(Screened).where(Screened.simulated == simulated))
    annotator.completion_code = code_to_keep(bundle, annotator, state_of(session), now)
    annotator.stage, annotator.counts, annotator.waiting_since = WITHDRAWN, False, None
    annotator.outside, annotator.outside_id, annotator.language = "{}", None, ""
    annotator.invited_as, annotator.deadline = "", None
    annotator.finished_at, annotator.seen_at = None, now  # how long they took is theirs as well
    note(session, "erased", annotator.public_id, now)
    return answers, simulated
