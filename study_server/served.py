"""A study that is being served: its bundle, its database, and that the two belong together."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from benchmark.core.reading import read_text
from study_server import steady_clock
from study_server.bundle import Bundle
from study_server.databases import sqlite_file, sqlite_url
from study_server.links import Links
from study_server.models import Event, Item, SettingsVersion, Study
from study_server.schema import is_current
from study_server.snapshot import check_file, check_nothing_left, in_memory
from study_server.store import PATIENCE, Store
from study_server.trouble import told

READING = 60.0  # seconds for one statement of a command that reads: it may take all answers


@dataclass(frozen=True)
class Served:
    """All that a page needs: bundle, database, links, and a clock that tests can turn."""

    bundle: Bundle
    store: Store
    links: Links
    clock: Callable[[], float] = steady_clock.now


def open_study(
    bundle: Bundle,
    database: str | None = None,
    clock: Callable[[], float] = steady_clock.now,
    patience: float = PATIENCE,
) -> Served:
    """Open the study's database to work with it, creating or migrating it.

    database: a URL; None keeps an SQLite file in the bundle. patience: seconds that anybody waits
    for it. Raises BenchError where it is damaged or cannot be written, or holds another study or a
    schema that is newer than this version.
    """
    store = Store(database or sqlite_url(bundle.database), patience)
    file = sqlite_file(store.url)
    try:
        if file is not None:
            check_file(file)
        elif store.engine.dialect.name == "sqlite":
            raise BenchError(
                f"the database {store.name} is gone when this process ends; name a file"
            )
        with told(store.name):
            store.migrate()
            store.settle()
            store.write(lambda session: _begin(session, bundle, clock()))
    except BaseException:
        store.engine.dispose()
        raise
    return Served(bundle, store, _links(bundle), clock)


def look_at_study(
    bundle: Bundle, database: str | None = None, clock: Callable[[], float] = steady_clock.now
) -> Served:
    """The study and what its database holds now, to read from alone: nothing of it is changed.

    An SQLite file is copied into memory, where an older schema is migrated, too. A study that was
    never opened is empty. Raises BenchError as `open_study` does, and where a database on a server
    has an older schema.
    """
    url = database or sqlite_url(bundle.database)
    file = sqlite_file(url)
    if file is None:
        store = Store(url, READING, read_only=True)
        try:
            with told(store.name), store.read() as db:
                _check(db, bundle, store.name)
        except BaseException:
            store.close()
            raise
        return Served(bundle, store, _links(bundle), clock)
    began = file.exists() or database is not None
    if not began:
        check_nothing_left(file)
    copy, anchor = in_memory(file if began else None)
    store = Store(copy, READING, anchor=anchor)
    try:
        store.migrate()
        store.write(lambda session: _match(session, bundle, clock()))
    except BaseException:
        store.close()
        raise
    return Served(bundle, store, _links(bundle), clock)


def _links(bundle: Bundle) -> Links:
    return Links(bundle.secrets["secret_key"], bundle.study)


def state_of(session: Session) -> str:
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


def last_base(session: Session) -> str | None:
    """The address at which the site was last served; None where it never was."""
    served = (
        select(Event.detail)
        .where(Event.kind == "served", Event.detail != "")
        .order_by(Event.id.desc())
        .limit(1)
    )
    return session.execute(served).scalar_one_or_none()


def check_study(session: Session, bundle: Bundle) -> Study | None:
    """The database's study, None where it has none yet. Raises BenchError where that is another
    than the bundle's."""
    study = session.execute(select(Study)).scalar_one_or_none()
    if study is not None and study.id != bundle.study:
        raise BenchError(
            f"the database holds study {study.id}, the bundle is study {bundle.study}; "
            "give the database of this study"
        )
    if study is not None and study.bundle_sha256 != bundle.sha256:
        raise BenchError("the bundle's manifest was changed after the study began; restore it")
    return study


def _begin(session: Session, bundle: Bundle, now: float) -> None:
    """`_match`, and note the settings that people meet from now on."""
    _match(session, bundle, now)
    if session.get(SettingsVersion, bundle.settings.sha256) is None:
        text = read_text(bundle.folder / "study.toml")
        session.add(SettingsVersion(sha256=bundle.settings.sha256, text=text, first_served_at=now))


def _match(session: Session, bundle: Bundle, now: float) -> None:
    """See that bundle and database belong together; of a new one, make it so."""
    if check_study(session, bundle) is None:
        session.add(Study(id=bundle.study, bundle_sha256=bundle.sha256, created_at=now))
        for item_id, check in bundle.checks.items():
            session.add(Item(id=item_id, kind=check or "direction"))


def _check(session: Session, bundle: Bundle, name: str) -> None:
    """See that the database is this study's, and of this version."""
    if not is_current(session.connection()):
        raise BenchError(
            f"the database {name} is empty or of an older version; "
            "`bench study serve` brings it to this one"
        )
    if check_study(session, bundle) is None:
        raise BenchError(f"the database {name} holds no study yet; see `bench study serve`")
