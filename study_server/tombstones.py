"""Tombstones beside the database: so that no backup brings back what somebody had erased.

A backup holds all that was stored when it was made. So the study's folder keeps a list of whom to
erase, `private/erased.jsonl`, apart from every database; whenever one is opened to be worked with,
whom the list names and the database still holds is erased again.
"""

import json
import logging
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmark.core.errors import BenchError
from benchmark.core.reading import parse_json, read_text
from benchmark.core.storage import write_text
from study_server.bundle import Bundle
from study_server.models import Annotator, Erasure
from study_server.served import Served

log = logging.getLogger("study")

FIELDS = {"annotator": str, "who": str, "reason": str, "at": float}


def remember(study: Served) -> None:
    """Add to the list whom the database knows to have withdrawn. Where the folder cannot be
    written, that is said in the log: the database's own tombstones are not touched by it."""
    rows = select(Annotator.public_id, Erasure.who, Erasure.reason, Erasure.created_at)
    with study.store.read() as db:
        found = db.execute(rows.join(Erasure, Erasure.annotator_id == Annotator.id)).all()
    known = {one["annotator"]: one for one in listed(study.bundle)}
    fresh = {row[0]: dict(zip(FIELDS, row, strict=True)) for row in found if row[0] not in known}
    if not fresh:
        return
    path = _path(study.bundle)
    lines = [json.dumps(one, ensure_ascii=False) for one in (*known.values(), *fresh.values())]
    try:
        write_text(path, "".join(f"{line}\n" for line in lines), 0o600)
    except BenchError as error:
        log.warning("%s: a backup may bring back who withdrew", error)


def listed(bundle: Bundle) -> list[dict[str, Any]]:
    """The list: annotator (public number), who, reason, at. Raises BenchError where it is damaged,
    since to pass over a line would bring somebody back."""
    path = _path(bundle)
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            row = parse_json(line, f"line {number}")
            found.append({name: kind(row[name]) for name, kind in FIELDS.items()})
        except (BenchError, KeyError, TypeError, ValueError):
            raise BenchError(
                f"{path}, line {number} names nobody to erase: put back a copy of the file"
            ) from None
    return found


def _path(bundle: Bundle) -> Path:
    return bundle.folder / "private" / "erased.jsonl"
