"""What is not kept: hashed addresses are dropped the next day, numbers of recruiting services on
the day that study.toml names; answers stay."""

import logging
import threading
from datetime import UTC, date, datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from study_server.caps import DAY
from study_server.models import Annotator, Arrivals
from study_server.served import Served, note
from study_server.trouble import advice, is_trouble

log = logging.getLogger("study")

DROPPED = {"outside": "{}", "outside_id": None, "invited_as": ""}
HOUR = 3600.0  # seconds between two looks of a site that runs


def drop_addresses(study: Served) -> None:
    """Drop the hashed addresses of all days but this one."""
    past = Arrivals.day != int(study.clock() // DAY)
    with study.store.read() as db:
        if db.execute(select(Arrivals).where(past).limit(1)).first() is None:
            return

    def work(session: Session) -> None:
        session.execute(delete(Arrivals).where(past))

    study.store.write(work)
    study.store.settle()  # so that no log holds them


def drop_numbers(study: Served) -> int:
    """Drop all outside numbers, what came with them, and names of links, from the day on that
    study.toml names; returns of how many people."""
    day, now = study.bundle.settings.retention, study.clock()
    if not day or datetime.fromtimestamp(now, UTC).date() < date.fromisoformat(day):
        return 0
    held = or_(
        Annotator.outside_id.is_not(None), Annotator.outside != "{}", Annotator.invited_as != ""
    )
    with study.store.read() as db:
        count: int = db.execute(
            select(func.count()).select_from(Annotator).where(held)
        ).scalar_one()
    if not count:
        return 0

    def work(session: Session) -> None:
        session.execute(update(Annotator).where(held).values(DROPPED))
        note(session, "numbers dropped", str(count), now)

    study.store.write(work)
    study.store.settle()  # so that no log holds them
    return count


class Keeper(threading.Thread):
    """Drops addresses and numbers of a site that runs when their day has come, in a thread of its
    own."""

    def __init__(self, study: Served, every: float = HOUR):
        super().__init__(daemon=True, name="retention")
        self._study, self._every, self._stopped = study, every, threading.Event()

    def run(self) -> None:
        """Look again and again, until `stop`."""
        while not self._stopped.wait(self._every):
            try:
                drop_addresses(self._study)
                if count := drop_numbers(self._study):
                    log.info("dropped the outside numbers of %d people", count)
            except Exception as error:
                if not is_trouble(error):
                    raise
                log.warning("%s", advice(error, self._study.store.name))

    def stop(self) -> None:
        """End it at its next look."""
        self._stopped.set()
