"""How many people may come: through the open link from one address in a day, and to the study.

An address is never stored: what is counted is a hash with the study's key and the day in it, which
is deleted the next day (`retention.drop_addresses`).
"""

import hashlib
import hmac

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from study_server.bundle import Bundle
from study_server.models import Annotator, Arrivals
from study_server.network import network

DAY = 24 * 3600


class Refused(Exception):
    """Nobody more may come. reason: address or study."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def admit(session: Session, bundle: Bundle, address: str, now: float) -> None:
    """Count somebody who is new, and came through the open link from this address.

    Raises Refused where that would be one too many; then nothing is counted.
    """
    settings, day = bundle.settings, int(now // DAY)
    if settings.max_annotators and _people(session) >= settings.max_annotators:
        raise Refused("study")
    if not settings.max_per_address:
        return
    name = _hidden(bundle.secrets["secret_key"], day, address)
    arrivals = session.get(Arrivals, name) or Arrivals(address=name, day=day, count=0)
    if arrivals.count >= settings.max_per_address:
        raise Refused("address")
    arrivals.count += 1
    session.add(arrivals)


def _people(session: Session) -> int:
    """Who began, or came through the open link, and counts as far as is known; not who declined,
    nor who did not pass the practice: they take no part."""
    began = or_(Annotator.source == "open", Annotator.stage != "invited")
    part = Annotator.stage.not_in(("declined", "failed"))
    people = select(func.count()).where(Annotator.simulated == "", Annotator.counts, began, part)
    return session.execute(people).scalar_one()


def _hidden(key: str, day: int, address: str) -> str:
    """One name for all addresses of a network."""
    return hmac.new(key.encode(), f"{day} {network(address)}".encode(), hashlib.sha256).hexdigest()
