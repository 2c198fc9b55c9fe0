"""Recording an answer: parsed from the form, added as a revision, acknowledged after the commit."""

import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from study_server.assignment import assign_next, has_place
from study_server.links import Ticket
from study_server.models import Annotator, Assignment, Judgment
from study_server.settings import Settings
from study_server.study import state_of

OTHER = "other"
MAX_TEXT = 80  # characters of a label or of a category of one's own


class FormError(Exception):
    """What is missing or wrong in a form, as keys of texts by field."""

    def __init__(self, faults: dict[str, str]):
        super().__init__(str(faults))
        self.faults = faults


@dataclass(frozen=True)
class Answer:
    """What one person says about one item. category and label: "" unless both answers are yes."""

    consistent: bool
    single: bool
    category: str = ""
    label: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of an answer: stored, repeated (already there), full (the item's place was
    given to others), unknown (no such assignment), paused, closed or finished (too late).
    position: where to go next; None where all is judged."""

    status: str
    position: int | None = None


def parse_answer(form: Mapping[str, str], categories: Sequence[str]) -> Answer:
    """Read the fields consistent, single, category, other and label. Raises FormError."""
    faults = {}
    choices = {"yes": True, "no": False}
    answers = {name: choices.get(form.get(name, "")) for name in ("consistent", "single")}
    for name, value in answers.items():
        if value is None:
            faults[name] = "fault.choose"
    category = label = ""
    if all(answers.values()):
        category = form.get("category", "")
        label = _clean(form.get("label", ""))
        if category == OTHER:
            category = _clean(form.get("other", ""))
            if not category:
                faults["other"] = "fault.word"
        elif category not in categories:
            faults["category"] = "fault.category"
    if max(len(category), len(label)) > MAX_TEXT:
        faults["label"] = "fault.long"
    if faults:
        raise FormError(faults)
    return Answer(bool(answers["consistent"]), bool(answers["single"]), category, label)


def _clean(text: str) -> str:
    """One line, as typed: control characters become spaces, the ends are trimmed."""
    unprintable = ("Cc", "Cs", "Zl", "Zp")
    return "".join(" " if unicodedata.category(c) in unprintable else c for c in text).strip()


def record(
    session: Session,
    ticket: Ticket,
    answer: Answer,
    seconds: float,
    settings: Settings,
    now: float,
) -> Outcome:
    """Add `answer` as a revision and lease the next item, within one write transaction.

    A ticket that was seen before changes nothing: its first answer is stored. The same answer as
    the latest revision adds none.
    """
    annotator_id = ticket.annotator_id
    annotator = session.get_one(Annotator, annotator_id)
    known = select(Judgment.id).where(
        Judgment.annotator_id == annotator_id, Judgment.key == ticket.key
    )
    if session.execute(known).first() is not None:
        return Outcome("repeated", go_on(session, annotator, settings, now))
    state = state_of(session)
    if state != "open":
        return Outcome(state)
    if annotator.stage == "finished":
        return Outcome("finished")
    assignment = session.scalars(
        select(Assignment).where(
            Assignment.annotator_id == annotator_id, Assignment.position == ticket.position
        )
    ).one_or_none()
    if assignment is None or annotator.stage != "judging":
        return Outcome("unknown")
    expired = not assignment.judged and assignment.lease_until <= now
    lost = expired and not has_place(session, assignment, settings, now)
    if (
        lost or assignment.item_id != ticket.item_id
    ):  # the position was given another item meanwhile
        return Outcome("full", go_on(session, annotator, settings, now))
    latest = session.scalars(
        select(Judgment)
        .where(
            Judgment.annotator_id == annotator_id,
            Judgment.item_id == assignment.item_id,
            Judgment.repeat == assignment.repeat,
        )
        .order_by(Judgment.revision.desc())
        .limit(1)
    ).one_or_none()
    if latest is None or _answer_of(latest) != answer:
        session.add(
            Judgment(
                annotator_id=annotator_id,
                item_id=assignment.item_id,
                repeat=assignment.repeat,
                revision=0 if latest is None else latest.revision + 1,
                key=ticket.key,
                seconds=round(seconds, 3),
                language=annotator.language,
                simulated=bool(annotator.simulated),
                created_at=now,
                **vars(answer),
            )
        )
    assignment.judged = True
    annotator.seen_at = now
    return Outcome("stored", go_on(session, annotator, settings, now))


def _answer_of(judgment: Judgment) -> Answer:
    return Answer(judgment.consistent, judgment.single, judgment.category, judgment.label)


def go_on(session: Session, annotator: Annotator, settings: Settings, now: float) -> int | None:
    """The position of the next item; None, and the annotator finished, where nothing is left."""
    if annotator.stage == "finished":
        return None
    position = assign_next(session, annotator, settings, now)
    if position is None:
        annotator.stage = "finished"
        annotator.finished_at = now
        annotator.completion_code = settings.completion_code or new_code()
    return position


def new_code() -> str:
    """A completion code that is easy to copy: no letters that look like digits."""
    letters = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(2))
