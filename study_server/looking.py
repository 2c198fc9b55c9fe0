"""A connection of the driver's, to read from: what SQLAlchemy adds to one costs a page more time
than the few statements that it asks."""

from typing import Any

from sqlalchemy import Dialect, PoolProxiedConnection

OF_POSTGRESQL = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class Look:
    """Runs `Statement`s in one transaction, which sees one state of the database and changes
    nothing."""

    def __init__(self, dialect: Dialect, connection: PoolProxiedConnection):
        self.dialect, self.connection = dialect, connection
        self._begun = False

    def in_transaction(self) -> bool:
        return self._begun

    def begin(self) -> None:
        """Begin the transaction; PostgreSQL's driver does so itself before its first statement."""
        self._begun = True
        begin = OF_POSTGRESQL if self.dialect.name == "postgresql" else "BEGIN"
        self.connection.cursor().execute(begin)

    def close(self) -> None:
        """End the transaction, and give the connection back."""
        self.connection.close()

    def __enter__(self) -> "Look":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()
