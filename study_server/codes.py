"""Codes by which a recruiting service knows how somebody's way ended, and the staff's list of
whose they are."""

import csv
import hashlib
import hmac
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from benchmark.core.errors import BenchError
from benchmark.core.guarding import guarded
from benchmark.core.storage import write_atomically
from study_server.bundle import Bundle
from study_server.counting import is_full
from study_server.models import Annotator, Judgment
from study_server.outside import outside_number
from study_server.platforms import ENDINGS, PAID
from study_server.served import Served, state_of

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that looks like another
COLUMNS = ("outside_number", "code", "ending", "action", "stage", "judgments", "annotator")
END_OF_STAGE = {"finished": "completed", "declined": "no_consent", "failed": "screened_out"}


def completion_code(bundle: Bundle, public_id: str) -> str:
    """The code of study.toml, or else the annotator's own: the same whenever it is asked for."""
    settings = bundle.settings
    key = f"code:{bundle.study}:{bundle.secrets['secret_key']}".encode()
    number = int.from_bytes(hmac.new(key, public_id.encode(), hashlib.sha256).digest())
    letters = "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(8))
    fixed = settings.platform.codes.get("completed") or settings.completion_code
    return fixed or f"{letters[:4]}-{letters[4:]}"


def ending_of(stage: str, state: str) -> str:
    """Which of ENDINGS somebody's way has come to, or withdrawn; "" while it goes on. stage:
    theirs; state: of the study, which may close before they are through, or before they begin."""
    if stage == "withdrawn":
        return stage
    if stage in END_OF_STAGE or state != "closed":
        return END_OF_STAGE.get(stage, "")
    return "closed" if stage == "judging" else "full"


def state_for(annotator: Annotator, state: str, now: float) -> str:
    """The study's state as it is for an annotator: closed once their link is over."""
    over = annotator.deadline is not None and annotator.deadline <= now
    return "closed" if over else state


def code_given(bundle: Bundle, stage: str, state: str, public_id: str, stored: str) -> str:
    """The code that an annotator was shown, "" for none. stored: at their end, so that it stays
    when study.toml changes."""
    ending = ending_of(stage, state)
    given = stored or bundle.settings.platform.codes.get(ending, "")
    return given or (completion_code(bundle, public_id) if ending == "closed" else "")


def code_to_keep(bundle: Bundle, annotator: Annotator, state: str, now: float) -> str:
    """The code that stays with somebody who withdraws now: the one that they were shown, or else
    that of no consent, "" where there is neither. state: of the study."""
    own = state_for(annotator, state, now)
    code = annotator.completion_code
    given = code_given(bundle, annotator.stage, own, annotator.public_id, code)
    return given or bundle.settings.platform.codes.get("no_consent", "")


def ending_before(bundle: Bundle, stage: str, code: str) -> str:
    """Which of ENDINGS somebody had come to who withdrew at a stage, with the code that they kept;
    no_consent where they were under way."""
    under_way = code in ("", bundle.settings.platform.codes.get("no_consent", ""))
    return ending_of(stage, "open" if under_way else "closed") or "no_consent"


def action(ending: str) -> str:
    """What staff do about it at the service; "" while nothing is due, and for who withdrew, whose
    number is gone."""
    return "" if ending in ("", "withdrawn") else "approve" if ending in PAID else "return"


def write_codes(study: Served, path: Path) -> Counter[str]:
    """Write a CSV with a row for each person, by how their way ended, for the staff alone; returns
    how many there are by ending.

    outside_number: the person's at the recruiting service. action: what is due there. annotator:
    the pseudonym, which is that of exports. judgments: how many items they judged, checks and
    repeats among them.
    """
    if not path.parent.is_dir():
        raise BenchError(f"there is no folder {path.parent} to write {path.name} to; make it first")
    judged = (
        select(func.count())
        .where(Judgment.annotator_id == Annotator.id, Judgment.revision == 0)
        .scalar_subquery()
    )
    people = select(Annotator, judged).where(Annotator.simulated == "").order_by(Annotator.id)
    now = study.clock()
    full = is_full(study)  # which who came but did not begin is told, and led back
    with study.store.read() as db:
        state = state_of(db)
        rows = []
        for one, count in db.execute(people):
            came = one.stage != "invited" or one.source != "invite"
            own = "closed" if full and one.stage == "invited" else state_for(one, state, now)
            ending = ending_of(one.stage, own) if came else ""
            given = code_given(study.bundle, one.stage, own, one.public_id, one.completion_code)
            code = given if came else ""
            number = outside_number(one.outside_id)
            rows.append((number, code, ending, action(ending), one.stage, count, one.public_id))
    order = {ending: place for place, ending in enumerate((*ENDINGS, "withdrawn", ""))}
    rows.sort(key=lambda row: order[row[2]])

    def write(part: Path) -> None:
        with part.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            table.writerows([guarded(str(cell)) for cell in row] for row in rows)

    write_atomically(path, write, 0o600)  # it says whose answers the export's are
    return Counter(row[2] for row in rows)
