"""Room on the disk on which answers are kept: the staff hear of it before there is none."""

import shutil

from study_server.databases import sqlite_file

LITTLE = 100_000_000  # bytes; 100,000 answers take about 30 MB


def little_room(url: str) -> str:
    """In one line, that the disk of an SQLite database is nearly full; "" where it is not, where
    nobody can say, and where a server has the database."""
    file = sqlite_file(url)
    if file is None:
        return ""
    try:
        free = shutil.disk_usage(file.parent).free
    except OSError:
        return ""
    if free >= LITTLE:
        return ""
    left = f"{free / 1e6:.0f} MB are left" if free >= 1e6 else "Nothing is left"
    return f"{left} on the disk of the database: make room, or answers are refused"
