"""Tables of a study. Times are seconds since the epoch (UTC); judgments are only ever added."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, MetaData, UniqueConstraint, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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
    id: Mapped[str] = mapped_column(primary_key=True)
    bundle_sha256: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    created_at: Mapped[float]
    __table_args__ = (CheckConstraint("state IN ('open', 'paused', 'closed')", name="state"),)


class SettingsVersion(Base):
    """Every `study.toml` that the site has served, by its hash."""

    __tablename__ = "settings_version"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    first_served_at: Mapped[float]


class Item(Base):
    """What stands on one page, under its opaque id. kind: direction, good or still.

    ratings, simulated_ratings: how many people and simulated annotators who count judged it, first
    showings alone; counted up together with `Assignment.judged`, and up or down with
    `Annotator.counts`.
    """

    __tablename__ = "item"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    ratings: Mapped[int] = mapped_column(default=0, server_default="0")
    simulated_ratings: Mapped[int] = mapped_column(default=0, server_default="0")
    __table_args__ = (CheckConstraint("kind IN ('direction', 'good', 'still')", name="kind"),)


class Annotator(Base):
    """A person, or a simulated one (simulated names the profile, and never changes).

    source: invite, open or imported. outside: parameters of a recruiting service, as JSON, and
    outside_id the person's number there. stage: invited, consented, instructed, judging, finished,
    declined or failed (the quiz). seed: decides the personal order. counts: whether their ratings
    fill places, which staff and screening rules decide (`study_server.counting`). waiting_since:
    when all that was left for them had been leased to others, None with an item in hand.
    """

    __tablename__ = "annotator"
    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    source: Mapped[str]
    outside: Mapped[str] = mapped_column(default="{}")
    outside_id: Mapped[str | None] = mapped_column(unique=True)
    simulated: Mapped[str] = mapped_column(default="")
    seed: Mapped[int]
    language: Mapped[str] = mapped_column(default="")
    stage: Mapped[str] = mapped_column(default="invited")
    consent_version: Mapped[str] = mapped_column(default="")
    settings_sha256: Mapped[str] = mapped_column(default="")
    completion_code: Mapped[str] = mapped_column(default="")
    created_at: Mapped[float]
    consented_at: Mapped[float | None]
    seen_at: Mapped[float]
    finished_at: Mapped[float | None]
    counts: Mapped[bool] = mapped_column(default=True, server_default=true())
    waiting_since: Mapped[float | None]


class QuizTry(Base):
    """One try at the quiz: answers as JSON, a list with one for each example, and whether all were
    right."""

    __tablename__ = "quiz_try"
    id: Mapped[int] = mapped_column(primary_key=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"))
    number: Mapped[int]
    answers: Mapped[str]
    passed: Mapped[bool]
    created_at: Mapped[float]
    __table_args__ = (UniqueConstraint("annotator_id", "number"),)


class Assignment(Base):
    """An item given to an annotator at a position of their order; a lease until it is judged.

    repeat: 0 for the first showing, 1 for the hidden second one. leased_at: when it was given.
    """

    __tablename__ = "assignment"
    id: Mapped[int] = mapped_column(primary_key=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"))
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id"))
    repeat: Mapped[int]
    position: Mapped[int]
    simulated: Mapped[bool]
    judged: Mapped[bool] = mapped_column(default=False)
    leased_at: Mapped[float] = mapped_column(server_default="0")
    lease_until: Mapped[float]
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
    id: Mapped[int] = mapped_column(primary_key=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"))
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id"))
    repeat: Mapped[int]
    revision: Mapped[int]
    key: Mapped[str]
    answer: Mapped[str]
    seconds: Mapped[float]
    language: Mapped[str]
    simulated: Mapped[bool]
    created_at: Mapped[float]
    __table_args__ = (
        UniqueConstraint("annotator_id", "item_id", "repeat", "revision"),
        UniqueConstraint("annotator_id", "key"),
    )


class Exclusion(Base):
    """A decision of the staff to leave an annotator out, or to take that back; the latest counts,
    and none is ever deleted."""

    __tablename__ = "exclusion"
    id: Mapped[int] = mapped_column(primary_key=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"), index=True)
    excluded: Mapped[bool]
    reason: Mapped[str]
    created_at: Mapped[float]


class Screened(Base):
    """Up to which judgment the rules have decided who counts, among people or among simulated
    annotators. again_at: not to be done again before, however many judgments came."""

    __tablename__ = "screened"
    simulated: Mapped[bool] = mapped_column(primary_key=True)
    judgment_id: Mapped[int]
    again_at: Mapped[float]


class Arrivals(Base):
    """How many annotators came through the open link from one address on one day. address: a keyed
    hash, which tomorrow's arrivals delete."""

    __tablename__ = "arrivals"
    address: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int]
    count: Mapped[int]


class Event(Base):
    """What the study's staff did: opened, paused, closed, invited, exported, imported, backed up,
    restored, served, excluded or took back an annotator."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    detail: Mapped[str]
    created_at: Mapped[float]


class StaffSession(Base):
    """One sign-in of the staff; it ends at `until`, or by `ended_at` before that.

    token_sha256: of the secret that the browser holds. password_sha256: of the password's hash by
    which it signed in; another password ends it. browser: what it calls itself.
    """

    __tablename__ = "staff_session"
    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    password_sha256: Mapped[str]
    browser: Mapped[str]
    created_at: Mapped[float]
    until: Mapped[float]
    ended_at: Mapped[float | None]
