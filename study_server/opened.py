"""A study's folder with its database open: to be worked with, or to read from alone."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from study_server import counting, erasure, retention
from study_server.bundle import Bundle, load_bundle
from study_server.databases import name_of, sqlite_file, sqlite_url
from study_server.folders import working_in
from study_server.served import Served, look_at_study, open_study
from study_server.trouble import told

PATIENCE = 30.0  # seconds that a command waits for the database; a site waits less


@contextmanager
def opened(
    folder: Path,
    database: str | None = None,
    task: str | None = None,
    patience: float = PATIENCE,
) -> Iterator[Served]:
    """The study in `folder`, its database open to be worked with.

    database: a URL in place of the study's own file. task: `file.py:Class` of a task that is
    neither built in nor installed. patience: seconds that anybody waits for the database. Raises
    BenchError where one of them is at fault.
    """
    bundle = load_bundle(folder, task)
    url = url_of(bundle, database)
    file = sqlite_file(url)
    with ExitStack() as stack:
        stack.enter_context(told(name_of(url)))
        if file is not None:
            stack.enter_context(working_in(file.parent))
        study = open_study(bundle, database, patience=patience)
        stack.callback(study.store.close)
        stack.callback(counting.finish_screening)
        counting.catch_up(study)
        erasure.reapply(study)
        retention.drop_addresses(study)
        retention.drop_numbers(study)
        yield study


@contextmanager
def looked_at(
    folder: Path, database: str | None = None, task: str | None = None
) -> Iterator[Served]:
    """The study in `folder` and what its database holds now, to read from alone; see `opened`.

    Raises BenchError also where that is an older copy with somebody in it who withdrew since.
    """
    study = look_at_study(load_bundle(folder, task), database)
    try:
        with told(study.store.name):
            erasure.refuse_brought_back(study)
            yield study
    finally:
        study.store.close()


def url_of(bundle: Bundle, database: str | None) -> str:
    """The database's URL: the one given, or that of the study's own file."""
    return database or sqlite_url(bundle.database)
