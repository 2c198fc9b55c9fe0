"""Tables of a study. Times are seconds since the epoch (UTC).

Judgments are only ever added; the database itself refuses to change one, and to delete one of
somebody who has no `Erasure`. Each column says what of a person it holds, in the words of the key
`stored.` + its own in the locales, which the consent page lists; or that it holds nothing of any.
"""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, MetaData, UniqueConstraint, true
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column


def told(key: str, *arguments: Any, **options: Any) -> MappedColumn[Any]:
    """A column that holds something of a person: what the consent page says of it, by key."""
    return mapped_column(*arguments, info={"stored": key}, **options)


def of_nobody(*arguments: Any, **options: Any) -> MappedColumn[Any]:
    """A column that holds nothing of any person who takes part."""
    return told("", *arguments, **options)


class Base(DeclarativeBase):
    """Constraints have names, so that every database can migrate them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Study(Base):
    """The one study of this database. state: open, paused or closed."""

    __tablename__ = "study"
    id: Mapped[str] = of_nobody(primary_key=True)
    bundle_sha256: Mapped[str] = of_nobody()
    state: Mapped[str] = of_nobody(default="open")
    created_at: Mapped[float] = of_nobody()
    __table_args__ = (CheckConstraint("state IN ('open', 'paused', 'closed')", name="state"),)


class SettingsVersion(Base):
    """Every `study.toml` that the site has served, by its hash."""

    __tablename__ = "settings_version"
    sha256: Mapped[str] = of_nobody(primary_key=True)
    text: Mapped[str] = of_nobody()
    first_served_at: Mapped[float] = of_nobody()


class ConsentText(Base):
    """A consent page as somebody who agreed had read it, by the hash of all its text."""

    __tablename__ = "consent_text"
    sha256: Mapped[str] = of_nobody(primary_key=True)
    version: Mapped[str] = of_nobody()
    language: Mapped[str] = of_nobody()
    text: Mapped[str] = of_nobody()
    first_agreed_at: Mapped[float] = of_nobody()


class Item(Base):
    """What stands on one page, under its opaque id. kind: direction, good or still.

    ratings, simulated_ratings: how many people and simulated annotators who count judged it, first
    showings alone; counted up together with `Assignment.judged`, and up or down with
    `Annotator.counts`.
    """

    __tablename__ = "item"
    id: Mapped[str] = of_nobody(primary_key=True)
    kind: Mapped[str] = of_nobody()
    ratings: Mapped[int] = of_nobody(default=0, server_default="0")
    simulated_ratings: Mapped[int] = of_nobody(default=0, server_default="0")
    __table_args__ = (CheckConstraint("kind IN ('direction', 'good', 'still')", name="kind"),)


class Annotator(Base):
    """A person, or a simulated one (simulated names the profile, and never changes).

    source: invite, open or imported. outside: parameters of a recruiting service, as JSON, and
    outside_id the person's number there. stage: invited, consented, instructed, judging, finished,
    declined, failed (the quiz) or withdrawn. consent_sha256: of the `ConsentText` agreed to. seed:
    decides the personal order. counts: whether their ratings fill places, which staff and screening
    rules decide (`study_server.counting`). waiting_since: when all that was left for them had been
    leased to others, None with an item in hand. invited_as: the name that the staff gave their
    link; deadline: when that ends to let them in, None for never.
    """

    __tablename__ = "annotator"
    id: Mapped[int] = told("number", primary_key=True)
    public_id: Mapped[str] = told("number", unique=True)
    source: Mapped[str] = told("source")
    outside: Mapped[str] = told("outside", default="{}")
    outside_id: Mapped[str | None] = told("outside", unique=True)
    simulated: Mapped[str] = told("simulated", default="")
    seed: Mapped[int] = told("number")
    language: Mapped[str] = told("language", default="")
    stage: Mapped[str] = told("times", default="invited")
    consent_version: Mapped[str] = told("consent", default="")
    consent_sha256: Mapped[str] = told("consent", default="", server_default="")
    settings_sha256: Mapped[str] = told("consent", default="")
    completion_code: Mapped[str] = told("code", default="")
    created_at: Mapped[float] = told("times")
    consented_at: Mapped[float | None] = told("consent")
    seen_at: Mapped[float] = told("times")
    finished_at: Mapped[float | None] = told("times")
    counts: Mapped[bool] = told("counts", default=True, server_default=true())
    waiting_since: Mapped[float | None] = told("times")
    invited_as: Mapped[str] = told("invitation", default="", server_default="")
    deadline: Mapped[float | None] = told("invitation")


class QuizTry(Base):
    """One try at the quiz: answers as JSON, a list with one for each example, and whether all were
    right."""

    __tablename__ = "quiz_try"
    id: Mapped[int] = told("number", primary_key=True)
    annotator_id: Mapped[int] = told("number", ForeignKey("annotator.id"))
    number: Mapped[int] = told("practice")
    answers: Mapped[str] = told("practice")
    passed: Mapped[bool] = told("practice")
    created_at: Mapped[float] = told("practice")
    __table_args__ = (UniqueConstraint("annotator_id", "number"),)


class Assignment(Base):
    """An item given to an annotator at a position of their order; a lease until it is judged.

    repeat: 0 for the first showing, 1 for the hidden second one. leased_at: when it was given.
    """

    __tablename__ = "assignment"
    id: Mapped[int] = told("number", primary_key=True)
    annotator_id: Mapped[int] = told("number", ForeignKey("annotator.id"))
    item_id: Mapped[str] = told("shown", ForeignKey("item.id"))
    repeat: Mapped[int] = told("shown")
    position: Mapped[int] = told("shown")
    simulated: Mapped[bool] = told("simulated")
    judged: Mapped[bool] = told("shown", default=False)
    leased_at: Mapped[float] = told("shown", server_default="0")
    lease_until: Mapped[float] = told("shown")
    __table_args__ = (
        UniqueConstraint("annotator_id", "item_id", "repeat"),
        UniqueConstraint("annotator_id", "position"),
        Index("ix_assignment_fill", "repeat", "simulated", "item_id", "judged", "lease_until"),
    )


class Judgment(Base):
    """One revision of one answer; the latest counts. key: of the form that brought it.

    answer: JSON, by question of the study's task; what was not asked or given is left out. seconds:
    from showing the page to the answer.
    """

    __tablename__ = "judgment"
    id: Mapped[int] = told("number", primary_key=True)
    annotator_id: Mapped[int] = told("number", ForeignKey("annotator.id"))
    item_id: Mapped[str] = told("answers", ForeignKey("item.id"))
    repeat: Mapped[int] = told("answers")
    revision: Mapped[int] = told("answers")
    key: Mapped[str] = told("answers")
    answer: Mapped[str] = told("answers")
    seconds: Mapped[float] = told("seconds")
    language: Mapped[str] = told("language")
    simulated: Mapped[bool] = told("simulated")
    created_at: Mapped[float] = told("seconds")
    __table_args__ = (
        UniqueConstraint("annotator_id", "item_id", "repeat", "revision"),
        UniqueConstraint("annotator_id", "key"),
    )


class Exclusion(Base):
    """A decision of the staff to leave an annotator out, or to take that back; the latest counts,
    and none is ever deleted."""

    __tablename__ = "exclusion"
    id: Mapped[int] = told("number", primary_key=True)
    annotator_id: Mapped[int] = told("number", ForeignKey("annotator.id"), index=True)
    excluded: Mapped[bool] = told("decisions")
    reason: Mapped[str] = told("decisions")
    created_at: Mapped[float] = told("decisions")


class Erasure(Base):
    """The tombstone of an annotator who withdrew: their answers and outside number are deleted.

    who: participant or staff. reason: why, "" where nobody said. stage: at which they stood.
    answers: how many judgments they had given, all revisions among them.
    """

    __tablename__ = "erasure"
    annotator_id: Mapped[int] = told("withdrawal", ForeignKey("annotator.id"), primary_key=True)
    who: Mapped[str] = told("withdrawal")
    reason: Mapped[str] = told("withdrawal")
    stage: Mapped[str] = told("withdrawal")
    answers: Mapped[int] = told("withdrawal")
    created_at: Mapped[float] = told("withdrawal")
    __table_args__ = (CheckConstraint("who IN ('participant', 'staff')", name="who"),)


class Screened(Base):
    """Up to which judgment the rules have decided who counts, among people or among simulated
    annotators. again_at: not to be done again before, however many judgments came."""

    __tablename__ = "screened"
    simulated: Mapped[bool] = of_nobody(primary_key=True)
    judgment_id: Mapped[int] = of_nobody()
    again_at: Mapped[float] = of_nobody()


class Arrivals(Base):
    """How many annotators came through the open link from one address on one day. address: a keyed
    hash, which tomorrow's arrivals delete."""

    __tablename__ = "arrivals"
    address: Mapped[str] = told("address", primary_key=True)
    day: Mapped[int] = told("address")
    count: Mapped[int] = told("address")


class Event(Base):
    """What the study's staff did: opened, paused, closed, invited, exported, imported, backed up,
    restored, served, changed the plan; excluded, took back, replaced or erased an annotator;
    dropped outside numbers."""

    __tablename__ = "event"
    id: Mapped[int] = of_nobody(primary_key=True)
    kind: Mapped[str] = told("decisions")
    detail: Mapped[str] = told("decisions")
    created_at: Mapped[float] = told("decisions")


class StaffSession(Base):
    """One sign-in of the staff; it ends at `until`, or by `ended_at` before that.

    token_sha256: of the secret that the browser holds. password_sha256: of the password's hash by
    which it signed in; another password ends it. browser: what it calls itself.
    """

    __tablename__ = "staff_session"
    token_sha256: Mapped[str] = of_nobody(primary_key=True)
    password_sha256: Mapped[str] = of_nobody()
    browser: Mapped[str] = of_nobody()
    created_at: Mapped[float] = of_nobody()
    until: Mapped[float] = of_nobody()
    ended_at: Mapped[float | None] = of_nobody()
