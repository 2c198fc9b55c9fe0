"""Connections to PostgreSQL that give up on a server which says nothing.

A server's own limits end a statement that takes too long. They do not help where the server itself
hangs, or the network swallows what it says; then the driver would wait for ever.
"""

from functools import cache
from typing import Any

import psycopg


@cache
def patient_connection(patience: float) -> type[psycopg.Connection[Any]]:
    """The class of connections that wait `patience` seconds for each word of the server."""

    class Patient(psycopg.Connection[Any]):
        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            try:
                return super().wait(gen, interval, patience if timeout is None else timeout)
            except psycopg.errors._WaitTimeout:  # the driver has no public name for it
                self.close()  # nobody knows what the server will still make of the statement
                raise psycopg.OperationalError(
                    f"the server gave no answer within {patience:g} seconds"
                ) from None

    return Patient
