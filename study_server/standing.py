"""Where an annotator and the study stand: one statement, at the start of every request and again
inside the write transaction.

Every answer needs it, so that it is a `Statement`, like all else that a site under load does.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, true

from study_server.looking import Look
from study_server.models import Annotator, Study
from study_server.statements import Statement


class Standing(NamedTuple):
    """What requests need to know of an annotator. counts: whether their ratings fill places (0 or
    1 in SQLite). waiting_since: for an item. deadline: of their link.
    state: that of the study."""

    id: int
    public_id: str
    seed: int
    simulated: str
    language: str
    stage: str
    completion_code: str
    counts: bool
    waiting_since: float | None
    deadline: float | None
    state: str

    def state_at(self, now: float) -> str:
        """The study's state as it is for this annotator: closed once their link is over."""
        return "closed" if self.is_over(now) else self.state

    def is_over(self, now: float) -> bool:
        """Whether their link lets nobody in any more: its last day is past, or they were replaced.
        The study may go on."""
        return self.deadline is not None and self.deadline <= now


_COLUMNS = select(
    Annotator.id,
    Annotator.public_id,
    Annotator.seed,
    Annotator.simulated,
    Annotator.language,
    Annotator.stage,
    Annotator.completion_code,
    Annotator.counts,
    Annotator.waiting_since,
    Annotator.deadline,
    Study.state,
).join(Study, true())  # the one study
_BY_ID = Statement(_COLUMNS.where(Annotator.id == bindparam("id")))
_STATE = Statement(select(Study.state))
_BY_PUBLIC_ID = Statement(_COLUMNS.where(Annotator.public_id == bindparam("public_id")))


def standing(db: Connection, annotator_id: int) -> Standing:
    """The standing of the annotator with this number, who must exist."""
    (row,) = _BY_ID.run(db, id=annotator_id)
    return Standing(*row)


def state_for_all(db: Look) -> str:
    """The study's state: open, paused or closed."""
    ((state,),) = _STATE.run(db)
    return str(state)


def find_standing(db: Look, public_id: str) -> Standing | None:
    """The standing of the annotator with this public id; None where there is none."""
    rows = _BY_PUBLIC_ID.run(db, public_id=public_id)
    return Standing(*rows[0]) if rows else None
