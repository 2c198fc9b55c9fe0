"""More ratings of each item than the plan had: a change of plan, and recorded as one."""

import re
from datetime import UTC, datetime
from pathlib import Path

from benchmark.core.errors import BenchError
from benchmark.core.reading import decoded
from benchmark.core.storage import write_text
from study_server.decisions import given_reason
from study_server.served import Served, note
from study_server.settings_file import read_settings

LINE = re.compile(r"^[ \t]*ratings_per_item[ \t]*=[^\n]*$", re.MULTILINE)


def raise_ratings(study: Served, ratings: int, reason: str) -> int:
    """Write the new number of ratings of each item into study.toml, with the old one, the day and
    the reason beside it, and note it in the database; returns the old one.

    A site that runs goes on as before until it is started again. Raises BenchError for fewer
    ratings than there are now, or without a reason.
    """
    path = study.bundle.folder / "study.toml"
    before = read_settings(path).ratings_per_item
    reason = given_reason(reason)
    if ratings <= before:
        raise BenchError(
            f"{ratings} ratings of each item are no more than the {before} of the plan; places "
            "that are filled stay filled"
        )
    now = study.clock()
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    line = f"ratings_per_item = {ratings}  # raised from {before} on {day}: {reason}"
    text = decoded(path.read_bytes(), path)
    # A file without the line has the usual number; above all tables is its first line.
    changed = LINE.sub(lambda _: line, text, count=1) if LINE.search(text) else f"{line}\n{text}"
    _checked(path, changed, ratings)
    write_text(path, changed)
    said = f"ratings_per_item from {before} to {ratings}: {reason}"
    study.store.write(lambda db: note(db, "plan changed", said, now))
    return before


def _checked(path: Path, text: str, ratings: int) -> None:
    """Raises BenchError where the changed file would not say what it should."""
    trial = path.with_name(".study.toml.new")
    try:
        write_text(trial, text)
        if read_settings(trial).ratings_per_item != ratings:
            raise BenchError(
                f"{path} cannot be changed by a program; change ratings_per_item there"
            )
    finally:
        trial.unlink(missing_ok=True)
