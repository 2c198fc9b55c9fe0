"""Who counts: a rating fills a place while neither the staff nor the rules leave its annotator out.

The rules are those of the analysis (`study_server.screening`), asked about the same answers. That
takes too long to be done at every answer: it is done where something hangs on it, which is before
anybody is told that no place is left, when somebody has finished, and when the staff decide.
"""

import logging
import threading
import time
from collections.abc import Set
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from study_server.decisions import decide, decisions, left_out
from study_server.export import counting, judgments_in
from study_server.faults import place_of
from study_server.looking import Look
from study_server.models import Annotator, Assignment, Erasure, Item, Judgment, Screened
from study_server.screening import Screening, screen
from study_server.served import Served
from study_server.statements import Statement
from study_server.study_settings import Settings
from study_server.tasks.task import Task
from study_server.trouble import advice, is_trouble

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd  # slow to import

REST = 60.0  # seconds for which ratings that do not count may fill places while others are free
PAUSE = 2.0  # seconds between two screenings, however many answers come
SHARE = 0.05  # of a processor's time, at most, goes into screening

log = logging.getLogger("study")

_LATEST = Statement(
    select(Judgment.id)
    .where(Judgment.simulated == bindparam("simulated"))
    .order_by(Judgment.id.desc())
    .limit(1)
)
_SCREENED = Statement(
    select(Screened.judgment_id, Screened.again_at).where(
        Screened.simulated == bindparam("simulated")
    )
)
_LACKING = {
    simulated: Statement(
        select(Item.id).where(Item.kind == "direction", column < bindparam("wanted")).limit(1)
    )
    for simulated, column in ((False, Item.ratings), (True, Item.simulated_ratings))
}

_busy = threading.Lock()  # one screening at a time is enough for a process


def verdicts(
    counted: "pd.DataFrame", settings: Settings, task: Task, excluded: "Collection[str]"
) -> tuple[Screening, ...]:
    """What the rules say of every annotator of the frame, in the order of their names.

    counted: the answers that count, of `study_server.export.counting`. excluded: by the staff.
    """
    asked = [question.name for question in task.always]
    return screen(counted, settings.screening, asked, task.expected, excluded)


def screen_now(study: Served, simulated: bool = False, wait: bool = True) -> bool:
    """Ask the rules about everybody, people or bots, and open and fill places accordingly.

    Nothing is done where no answer came since the last time. Returns False where some did, but it
    is too soon to look again, or what was found was overtaken. wait: for a screening that goes on,
    too; else that is False at once.
    """
    with study.store.turns.away():
        if not _busy.acquire(blocking=wait):
            return False
    try:
        return _screen(study, simulated, study.clock())
    finally:
        _busy.release()


def screen_later(study: Served, simulated: bool = False) -> None:
    """`screen_now` for who has said all that they have to say, so that they need not wait: it goes
    on in a thread of its own. A fault there is a line in the log."""
    now = study.clock()
    if _known(study, simulated, now, REST) is not None or not _busy.acquire(blocking=False):
        return

    def apart() -> None:
        try:
            _screen(study, simulated, now, REST)
        except Exception as error:  # noqa: BLE001  a task of anyone's may raise anything
            if is_trouble(error):
                log.error("%s", advice(error, study.store.name))
            else:
                log.error("who counts could not be found out: %s", place_of(error))
        finally:
            _busy.release()

    try:
        threading.Thread(target=apart, daemon=True, name="screening").start()
    except RuntimeError:  # the system gives no more threads
        apart()


def finish_screening() -> None:
    """Wait for a screening that goes on, before its database is closed."""
    with _busy:
        pass


def _known(study: Served, simulated: bool, now: float, rest: float) -> bool | None:
    """What there is to say without asking the rules; see `screen_now`. None: they are to be. rest:
    seconds that the caller can do without a new look."""
    with study.store.look() as db:
        latest, (judged, again_at) = _latest(db, simulated), _last(db, simulated)
    if latest == judged:
        return True
    return False if now < again_at + rest else None


def _screen(study: Served, simulated: bool, now: float, rest: float = 0.0) -> bool:
    known = _known(study, simulated, now, rest)
    if known is not None:
        return known
    began = time.thread_time()  # what it costs, however busy the machine is
    with study.store.read() as db:
        latest = _latest(db.connection(), simulated)
        counted = counting(judgments_in(db, study.bundle, simulated), study.bundle.task, simulated)
        excluded, erased = left_out(decisions(db)).keys(), _erased(db)
    found = verdicts(counted, study.bundle.settings, study.bundle.task, excluded)
    failed = {one.annotator for one in found if one.failed}
    cost = time.thread_time() - began
    mark = Screened(
        simulated=simulated, judgment_id=latest, again_at=now + max(PAUSE, cost / SHARE)
    )
    return study.store.write(lambda db: _apply(db, failed, excluded, erased, mark))


def catch_up(study: Served) -> None:
    """Ask the rules where they never were: after an import, a decision that was cut short, or in
    a database of an earlier version."""
    for simulated in (False, True):
        with study.store.read() as db:
            never = db.get(Screened, simulated) is None
        if never:
            screen_now(study, simulated)


def is_full(study: Served, simulated: bool = False, ask: bool = False) -> bool:
    """Whether every direction has all its ratings, so that a newcomer would find nothing to do.

    That is not said before the rules know who of those that fill the places count. ask: let them
    find out now, which writes.
    """
    if _lacks(study, simulated):
        return False
    if ask:
        screen_now(study, simulated, wait=False)
        if _lacks(study, simulated):
            return False
    with study.store.look() as db:
        return _latest(db, simulated) == _last(db, simulated)[0]


def exclude(study: Served, public_id: str, reason: str, excluded: bool = True) -> None:
    """The staff leave an annotator out, or take them back (excluded=False); the places are opened
    or filled at once. Raises BenchError; see `study_server.decisions.decide`."""
    now = study.clock()

    def work(db: Session) -> bool:
        annotator = decide(db, public_id, excluded, reason, now)
        simulated = bool(annotator.simulated)
        if excluded and annotator.counts:
            set_counts(db, annotator.id, simulated, False)
        # The others are judged by their agreement with those who are left, so that all is open.
        db.execute(delete(Screened).where(Screened.simulated == simulated))
        return simulated

    screen_now(study, study.store.write(work))


def _lacks(study: Served, simulated: bool) -> bool:
    wanted = study.bundle.settings.ratings_per_item
    with study.store.look() as db:
        return bool(_LACKING[simulated].run(db, wanted=wanted))


def _latest(db: Connection | Look, simulated: bool) -> int:
    """The newest judgment; 0 where there is none."""
    rows = _LATEST.run(db, simulated=simulated)
    return int(rows[0][0]) if rows else 0


def _last(db: Look, simulated: bool) -> tuple[int, float]:
    """The newest judgment of the last screening, and until when there is to be none; 0 and 0 where
    there was none."""
    rows = _SCREENED.run(db, simulated=simulated)
    return (rows[0][0], rows[0][1]) if rows else (0, 0.0)


def _erased(db: Session) -> int:
    """How many people are gone with their answers."""
    return int(db.scalar(select(func.count()).select_from(Erasure)) or 0)


def _apply(db: Session, failed: set[str], excluded: Set[str], erased: int, mark: Screened) -> bool:
    """Let those count whom neither the rules, which failed them, nor the staff leave out. Returns
    False, and changes nothing, where another process found more since from more answers, or others
    than these were left out or erased meanwhile."""
    last = db.get(Screened, mark.simulated)
    if last and last.judgment_id > mark.judgment_id:
        return False
    if left_out(decisions(db)).keys() != excluded or _erased(db) != erased:
        return False
    out = failed | excluded
    annotators = select(Annotator.id, Annotator.public_id, Annotator.counts)
    for number, name, counts in db.execute(
        annotators.where(
            (Annotator.simulated != "") == mark.simulated, Annotator.stage != "withdrawn"
        )
    ).all():
        if counts == (name in out):
            set_counts(db, number, mark.simulated, not counts)
    db.merge(mark)
    return True


def set_counts(db: Session, annotator_id: int, simulated: bool, counts: bool) -> None:
    """Let an annotator count or not, and open or fill the places that they have judged."""
    db.execute(update(Annotator).where(Annotator.id == annotator_id).values(counts=counts))
    rated = select(Assignment.item_id).where(
        Assignment.annotator_id == annotator_id, Assignment.repeat == 0, Assignment.judged
    )
    column = Item.simulated_ratings if simulated else Item.ratings
    db.execute(
        update(Item)
        .where(Item.id.in_(rated))
        .values({column: column + (1 if counts else -1)})
        .execution_options(synchronize_session=False)
    )
