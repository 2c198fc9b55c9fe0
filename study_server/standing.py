"""Where an annotator and the study stand: one statement, at the start of every request and again
inside the write transaction.

This and the other statements that every answer needs are built once, as Core statements: mapped
objects would cost several times as much, and a site under load does little else.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, true

from study_server.models import Annotator, Study


class Standing(NamedTuple):
    """An annotator as far as requests need to know them; state: the study's."""

    id: int
    public_id: str
    seed: int
    simulated: str
    language: str
    stage: str
    completion_code: str
    state: str


_COLUMNS = select(
    Annotator.id,
    Annotator.public_id,
    Annotator.seed,
    Annotator.simulated,
    Annotator.language,
    Annotator.stage,
    Annotator.completion_code,
    Study.state,
).join(Study, true())  # the one study
_BY_ID = _COLUMNS.where(Annotator.id == bindparam("id"))
_BY_PUBLIC_ID = _COLUMNS.where(Annotator.public_id == bindparam("public_id"))


def standing(db: Connection, annotator_id: int) -> Standing:
    """Of the annotator with this number, which must exist."""
    return Standing._make(db.execute(_BY_ID, {"id": annotator_id}).one())


def find_standing(db: Connection, public_id: str) -> Standing | None:
    """Of the annotator with this public id; None where there is none."""
    row = db.execute(_BY_PUBLIC_ID, {"public_id": public_id}).one_or_none()
    return None if row is None else Standing._make(row)
