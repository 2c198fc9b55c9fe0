"""Completion codes: one for each annotator, and the staff's list of whose they are."""

import csv
import hashlib
import hmac
from pathlib import Path

from sqlalchemy import func, select

from benchmark.core.guarding import guarded
from benchmark.core.storage import write_atomically
from study_server.bundle import Bundle
from study_server.models import Annotator, Judgment
from study_server.outside import outside_number
from study_server.served import Served, state_of

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that looks like another
COLUMNS = ("outside_number", "code", "stage", "judgments", "annotator")


def completion_code(bundle: Bundle, public_id: str) -> str:
    """The code of study.toml, or else the annotator's own: the same whenever it is asked for."""
    key = f"code:{bundle.study}:{bundle.secrets['secret_key']}".encode()
    number = int.from_bytes(hmac.new(key, public_id.encode(), hashlib.sha256).digest())
    letters = "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(8))
    return bundle.settings.completion_code or f"{letters[:4]}-{letters[4:]}"


def code_given(bundle: Bundle, stage: str, state: str, public_id: str, stored: str) -> str:
    """The code that an annotator was shown, "" for none: at the end of all items, or where the
    study was closed while they judged."""
    midway = stage == "judging" and state == "closed"
    return stored or (completion_code(bundle, public_id) if midway else "")


def write_codes(study: Served, path: Path) -> int:
    """Write a CSV with a row for each person, for the staff alone; returns the number of rows.

    outside_number: the person's at the recruiting service. annotator: the pseudonym, which is that
    of exports. judgments: how many items they judged, checks and repeats among them.
    """
    judged = (
        select(func.count())
        .where(Judgment.annotator_id == Annotator.id, Judgment.revision == 0)
        .scalar_subquery()
    )
    people = select(Annotator, judged).where(Annotator.simulated == "").order_by(Annotator.id)
    with study.store.read() as db:
        state = state_of(db)
        rows = [
            (
                outside_number(one.outside_id),
                code_given(study.bundle, one.stage, state, one.public_id, one.completion_code),
                one.stage,
                count,
                one.public_id,
            )
            for one, count in db.execute(people)
        ]

    def write(part: Path) -> None:
        with part.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            table.writerows([guarded(str(cell)) for cell in row] for row in rows)

    write_atomically(path, write)
    path.chmod(0o600)  # it says whose answers the export's are
    return len(rows)
