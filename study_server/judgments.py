"""Recording an answer: parsed from the form, added as a revision, acknowledged after the commit."""

import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from study_server.assignment import assign_next, has_place
from study_server.bundle import Bundle
from study_server.links import Ticket
from study_server.models import Annotator, Assignment, Judgment
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


def record(session: Session, ticket: Ticket, answer: Answer, bundle: Bundle, now: float) -> Outcome:
    """Add `answer` as a revision and lease the next item, within one write transaction.

    A ticket that was seen before changes nothing: its first answer is stored. The same answer as
    the latest revision adds none.
    """
    annotator = session.get_one(Annotator, ticket.annotator_id)
    revisions = list(session.scalars(_revisions(ticket)))
    if any(judgment.key == ticket.key for judgment in revisions):
        return Outcome("repeated", go_on(session, annotator, bundle, now))
    state = state_of(session)
    if state != "open":
        return Outcome(state)
    if annotator.stage == "finished":
        return Outcome("finished")
    assignment = session.scalars(
        select(Assignment).where(
            Assignment.annotator_id == annotator.id, Assignment.position == ticket.position
        )
    ).one_or_none()
    if assignment is None or annotator.stage != "judging":
        return Outcome("unknown")
    expired = not assignment.judged and assignment.lease_until <= now
    lost = expired and not has_place(session, assignment, bundle.settings, now)
    if lost or assignment.item_id != ticket.item_id:  # the position holds another item by now
        return Outcome("full", go_on(session, annotator, bundle, now))
    revisions = [judgment for judgment in revisions if judgment.repeat == assignment.repeat]
    if not revisions or _answer_of(revisions[-1]) != answer:
        session.add(
            Judgment(
                annotator_id=annotator.id,
                item_id=assignment.item_id,
                repeat=assignment.repeat,
                revision=len(revisions),
                key=ticket.key,
                seconds=round(max(0.0, now - ticket.shown_at), 3),
                language=annotator.language,
                simulated=bool(annotator.simulated),
                created_at=now,
                **vars(answer),
            )
        )
    assignment.judged = True
    annotator.seen_at = now
    return Outcome("stored", go_on(session, annotator, bundle, now))


def _revisions(ticket: Ticket) -> Select[Judgment]:
    """All that the annotator said about the ticket's item, the newest last."""
    return (
        select(Judgment)
        .where(Judgment.annotator_id == ticket.annotator_id, Judgment.item_id == ticket.item_id)
        .order_by(Judgment.repeat, Judgment.revision)
    )


def _answer_of(judgment: Judgment) -> Answer:
    return Answer(judgment.consistent, judgment.single, judgment.category, judgment.label)


def go_on(session: Session, annotator: Annotator, bundle: Bundle, now: float) -> int | None:
    """The position of the next item; None, and the annotator finished, where nothing is left."""
    if annotator.stage == "finished":
        return None
    position = assign_next(session, annotator, bundle, now)
    if position is None:
        annotator.stage = "finished"
        annotator.finished_at = now
        annotator.completion_code = bundle.settings.completion_code or new_code()
    return position


def new_code() -> str:
    """A completion code that is easy to copy: no letters that look like digits."""
    letters = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(2))
