"""A connection of the driver's, to read from: what SQLAlchemy adds to one costs a page more time
than the few statements that it asks."""

from typing import Any

from sqlalchemy import Dialect, PoolProxiedConnection


class Look:
    """Runs `Statement`s in one transaction, and so sees one state of the database."""

    def __init__(self, dialect: Dialect, connection: PoolProxiedConnection):
        self.dialect, self.connection = dialect, connection
        self._begun = False

    def in_transaction(self) -> bool:
        return self._begun

    def begin(self) -> None:
        """Begin the transaction; that of another driver than SQLite's begins by itself."""
        self._begun = True
        if self.dialect.name == "sqlite":
            self.connection.cursor().execute("BEGIN")

    def close(self) -> None:
        """End the transaction, and give the connection back."""
        self.connection.close()

    def __enter__(self) -> "Look":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()
