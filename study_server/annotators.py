"""Taking part, step by step: invited, consented, instructed, judging, finished.

Functions that take a session run inside a write transaction and return plain values.
"""

import json
import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from study_server.assignment import Step
from study_server.bundle import Bundle
from study_server.leases import places
from study_server.links import Links
from study_server.models import Annotator, ConsentText, Event, QuizTry
from study_server.recording import go_on
from study_server.standing import standing
from study_server.store import Store
from study_server.study_settings import Settings
from study_server.tasks.question import Answer
from study_server.texts import sha256_of


def register(
    session: Session,
    source: str,
    now: float,
    outside: Mapping[str, str] | None = None,
    simulated: str = "",
    public_id: str = "",
    outside_id: str | None = None,
    invited_as: str = "",
    deadline: float | None = None,
    seed: int | None = None,
) -> str:
    """The public id of a new annotator; a random one, unless it is given. outside: parameters of a
    recruiting service; outside_id: whom they tell of, see `Platform.outside_id`. invited_as and
    deadline: of a personal link. seed: of who is replaced; None draws one."""
    annotator = Annotator(
        public_id=public_id or secrets.token_hex(6),
        source=source,
        outside=json.dumps(dict(outside or {})),
        outside_id=outside_id,
        simulated=simulated,
        seed=secrets.randbelow(2**31) if seed is None else seed,
        invited_as=invited_as,
        deadline=deadline,
        created_at=now,
        seen_at=now,
    )
    session.add(annotator)
    session.flush()
    return annotator.public_id


def recognise(
    session: Session, own: str, newcomer: str, number: str | None, number_opens: bool
) -> str | None:
    """Who comes through the open link: a public id, or "" for somebody new.

    own: of whom this browser is, or ""; newcomer: of whom it makes with this outside number.
    number: their outside_id. None where that is of somebody who began in another browser: it opens
    nothing by itself, unless `number_opens`.
    """
    if own and number is None:
        return own
    same = [Annotator.outside_id == number] if number else []
    rows = select(Annotator.public_id).where(or_(Annotator.public_id == newcomer, *same))
    found = set(session.scalars(rows))  # numbers may have been dropped since
    known = newcomer if newcomer in found else next(iter(found), None)
    if known is None:
        return ""
    return known if number_opens or known in (own, newcomer) else None


def invite(
    store: Store,
    links: Links,
    count: int,
    now: float,
    simulated: str = "",
    names: Sequence[str] = (),
    deadline: float | None = None,
) -> list[str]:
    """Tokens of the personal links of new annotators: one for each name, `count` in all where those
    are more. simulated: a bot's profile. deadline: when the links end to let in, None for never."""
    called = [*names, *[""] * (count - len(names))]

    def work(session: Session) -> list[str]:
        detail = f"{len(called)} {simulated}".strip()
        session.add(Event(kind="invited", detail=detail, created_at=now))
        return [
            register(
                session, "invite", now, simulated=simulated, invited_as=name, deadline=deadline
            )
            for name in called
        ]

    return [links.personal(public_id) for public_id in store.write(work)]


def outside_of(session: Session, annotator_id: int) -> dict[str, str]:
    """The parameters with which a recruiting service sent the annotator."""
    found: dict[str, str] = json.loads(session.get_one(Annotator, annotator_id).outside)
    return found


def choose_language(session: Session, annotator_id: int, language: str) -> None:
    """Remember the language that the annotator reads."""
    session.get_one(Annotator, annotator_id).language = language


def consent(
    session: Session,
    annotator_id: int,
    agreed: bool,
    settings: Settings,
    language: str,
    now: float,
    text: str = "",
) -> None:
    """Store whether the annotator agreed, and to which version. Who declined may agree later.
    text: all that the page said."""
    annotator = session.get_one(Annotator, annotator_id)
    annotator.seen_at = now
    if annotator.stage not in ("invited", "declined"):
        return
    annotator.stage = "consented" if agreed else "declined"
    no_consent = settings.platform.codes.get("no_consent", "")
    annotator.completion_code = "" if agreed else no_consent
    if agreed:
        annotator.consented_at = now
        annotator.consent_version = settings.consent_version
        annotator.settings_sha256 = settings.sha256
        annotator.consent_sha256 = sha256_of(text)
        if session.get(ConsentText, annotator.consent_sha256) is None:
            version = settings.consent_version
            names = {"version": version, "language": language, "first_agreed_at": now}
            session.add(ConsentText(sha256=annotator.consent_sha256, text=text, **names))
        annotator.language = language


def finish_instructions(session: Session, annotator_id: int, bundle: Bundle, now: float) -> str:
    """The instructions were read; the quiz comes next, or the items of a task that has none.
    Returns the stage that follows."""
    annotator = session.get_one(Annotator, annotator_id)
    annotator.seen_at = now
    if annotator.stage == "consented":
        annotator.stage = "instructed" if bundle.quiz else "judging"
    return annotator.stage


def take_quiz(
    session: Session,
    annotator_id: int,
    answers: Sequence[Answer],
    bundle: Bundle,
    now: float,
    number: int | None = None,
) -> tuple[list[bool], str, int]:
    """Record a try; returns which answers were right, the stage that follows, and how many tries
    there were by now.

    The last wrong try ends the participation. number: of this try, from 0, where the form says it:
    one that was recorded already, such as by the first of two clicks, is not recorded again, and
    nothing is said of its answers but what was right in the last try that is recorded. Raises
    ValueError for a number that no form can have.
    """
    annotator = session.get_one(Annotator, annotator_id)
    annotator.seen_at = now
    tries = quiz_tries(session, annotator_id)
    if number is not None and not 0 <= number <= tries:
        raise ValueError(f"there is no try {number} yet")
    if annotator.stage != "instructed":
        return [], annotator.stage, tries
    if number not in (None, tries):
        mine = select(QuizTry.answers).where(QuizTry.annotator_id == annotator_id)
        last = session.scalars(mine.order_by(QuizTry.number.desc()).limit(1)).one()
        return right_of(json.loads(last), bundle), annotator.stage, tries
    right = right_of(answers, bundle)
    session.add(
        QuizTry(
            annotator_id=annotator_id,
            number=tries,
            answers=json.dumps(answers, ensure_ascii=False),
            passed=all(right),
            created_at=now,
        )
    )
    if all(right):
        annotator.stage = "judging"
    elif tries + 1 >= bundle.settings.quiz_tries:
        annotator.stage = "failed"
        annotator.completion_code = bundle.settings.platform.codes.get("screened_out", "")
    return right, annotator.stage, tries + 1


def right_of(answers: Sequence[Answer], bundle: Bundle) -> list[bool]:
    """By example of the practice, whether what was answered is right."""
    return [
        all(answer.get(name) == value for name, value in lesson.right.items())
        for answer, lesson in zip(answers, bundle.quiz, strict=True)
    ]


def quiz_tries(session: Session, annotator_id: int) -> int:
    """How often the annotator took the quiz."""
    count = select(func.count()).where(QuizTry.annotator_id == annotator_id)
    return session.execute(count).scalar_one()


def resume(
    session: Session, annotator_id: int, bundle: Bundle, now: float, screened: bool | None = None
) -> Step:
    """Lease the item to go on with, or say why there is none; see `study_server.recording.go_on`.

    Who waited for a place and was away begins to wait anew.
    """
    annotator = session.get_one(Annotator, annotator_id)
    if annotator.waiting_since and now - annotator.seen_at > 60 * bundle.settings.lease_minutes:
        annotator.waiting_since = now
    annotator.seen_at = now
    session.flush()
    db = session.connection()
    who = standing(db, annotator_id)
    if who.stage != "judging":
        return Step(who.stage)
    return go_on(db, who, places(db, annotator_id), bundle, now, screened)
