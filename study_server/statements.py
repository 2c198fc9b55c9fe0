"""The few statements that every answer needs, handed to the database's driver as ready text.

SQLAlchemy writes them, once for each kind of database; run through its own `execute`, each would
cost ten times what the database needs for it.
"""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql import ClauseElement

from study_server.looking import Look


class Statement:
    """A statement of SQLAlchemy's Core; an insert is always given the same columns, all but its
    number, since defaults of the models do not apply."""

    def __init__(self, clause: ClauseElement):
        self._clause = clause
        self._ready: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def run(self, db: Connection | Look, **values: object) -> list[tuple[Any, ...]]:
        """Execute in the connection's transaction, which begins here if none has; the rows, as
        the driver gives them: SQLite's booleans are 0 and 1. Raises KeyError for a missing value.
        """
        if not db.in_transaction():
            db.begin()
        ready = self._ready.get(db.dialect.name)
        if ready is None:
            ready = self._ready[db.dialect.name] = self._compile(db, list(values))
        text, order, constants = ready
        values = constants | values
        cursor = db.connection.cursor()
        try:
            cursor.execute(text, values if order is None else [values[name] for name in order])
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()

    def _compile(
        self, db: Connection | Look, names: list[str]
    ) -> tuple[str, list[str] | None, dict[str, Any]]:
        """The text, the order of values (None: the driver takes names), and its constants."""
        columns = names if getattr(self._clause, "is_insert", False) else None
        compiled: Any = self._clause.compile(dialect=db.dialect, column_keys=columns)
        constants = {name: v for name, v in compiled.params.items() if v is not None}
        return str(compiled), compiled.positiontup, constants
