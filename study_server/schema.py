"""The database's tables, brought to the newest revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from benchmark.core.errors import BenchError
from study_server.databases import engine_of, name_of, sqlite_file, sqlite_url
from study_server.folders import new_file
from study_server.trouble import told

PATIENCE = 600.0  # seconds for one statement of a migration: a large table is written anew


def migrate(url: str) -> None:
    """Create the tables, or bring them to the newest revision. A new SQLite file is there with all
    its tables or not at all. Raises BenchError for a newer or foreign one."""
    file = sqlite_file(url)
    if file is None or file.exists():
        return _upgrade(url)
    try:
        with new_file(file) as part:
            _upgrade(sqlite_url(part))
    except FileExistsError:  # another process was faster
        _upgrade(url)


def is_current(connection: Connection) -> bool:
    """Whether the tables are those of the newest revision. Raises BenchError for a newer one."""
    script = _script(Config())
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {r.revision for r in script.walk_revisions()}:
        name = name_of(connection.engine.url.render_as_string(hide_password=False))
        raise BenchError(
            f"the database {name} has revision {current}, which this version does not know: it "
            "was written by a newer one; update this one"
        )
    return current == script.get_current_head()


def _upgrade(url: str) -> None:
    engine = engine_of(url, PATIENCE)
    try:
        with told(name_of(url)), engine.connect().execution_options(write=True) as connection:
            if not is_current(connection):
                config = Config()
                _script(config)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                connection.commit()
    finally:
        engine.dispose()


def _script(config: Config) -> ScriptDirectory:
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return ScriptDirectory.from_config(config)
