"""A study that is being served: its bundle, its database, and that the two belong together."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from benchmark.core.reading import read_text
from study_server.bundle import Bundle
from study_server.links import Links
from study_server.models import Event, Item, SettingsVersion, Study
from study_server.store import Store, sqlite_url


@dataclass(frozen=True)
class Served:
    """All that a page needs: bundle, database, links, and a clock that tests can turn."""

    bundle: Bundle
    store: Store
    links: Links
    clock: Callable[[], float] = time.time


def open_study(
    bundle: Bundle, database: str | None = None, clock: Callable[[], float] = time.time
) -> Served:
    """Open the study's database, creating or migrating it.

    database: a URL; None keeps an SQLite file in the bundle. Raises BenchError where it holds
    another study or a schema that is newer than this version.
    """
    store = Store(database or sqlite_url(bundle.database))
    store.migrate()
    store.write(lambda session: _match(session, bundle, clock()))
    links = Links(bundle.secrets["secret_key"], bundle.study)
    return Served(bundle, store, links, clock)


def state_of(session: Session | Connection) -> str:
    """The study's state: open, paused or closed."""
    return session.execute(select(Study.state)).scalar_one()


def set_state(session: Session, state: str, now: float) -> None:
    """Open, pause or close the study."""
    study = session.execute(select(Study)).scalar_one()
    if study.state != state:
        study.state = state
        note(session, state, "", now)


def note(session: Session, kind: str, detail: str, now: float) -> None:
    """Record what the study's staff did."""
    session.add(Event(kind=kind, detail=detail, created_at=now))


def note_base(session: Session, base: str, now: float) -> None:
    """Record at which address the site is served, where it is another than the last time."""
    if last_base(session) != base:
        note(session, "served", base, now)


def last_base(session: Session) -> str | None:
    """The address at which the site was last served; None where it never was."""
    served = select(Event.detail).where(Event.kind == "served").order_by(Event.id.desc()).limit(1)
    return session.execute(served).scalar_one_or_none()


def _match(session: Session, bundle: Bundle, now: float) -> None:
    study = session.execute(select(Study)).scalar_one_or_none()
    if study is None:
        session.add(Study(id=bundle.study, bundle_sha256=bundle.sha256, created_at=now))
        for item_id, check in bundle.checks.items():
            session.add(Item(id=item_id, kind=check or "direction"))
    elif study.id != bundle.study:
        raise BenchError(
            f"the database holds study {study.id}, the bundle is study {bundle.study}; "
            "give the database of this study"
        )
    elif study.bundle_sha256 != bundle.sha256:
        raise BenchError("the bundle's manifest was changed after the study began; restore it")
    if session.get(SettingsVersion, bundle.settings.sha256) is None:
        text = read_text(bundle.folder / "study.toml")
        session.add(SettingsVersion(sha256=bundle.settings.sha256, text=text, first_served_at=now))
