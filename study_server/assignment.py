"""Who judges what: a personal seeded plan, and least-filled directions under a strict quota.

All functions run inside a write transaction, so that counting and taking a place are one step.
"""

import hashlib
import random
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from study_server.bundle import Bundle
from study_server.models import Annotator, Assignment, Item
from study_server.settings import Settings


@dataclass(frozen=True)
class Slot:
    """One place in an annotator's plan. kind: direction, good, still or repeat; of: for a repeat,
    which of the earlier directions comes again, counted from 0."""

    kind: str
    of: int = 0


@lru_cache(maxsize=4096)
def plan(seed: int, directions: int, repeats: int, good: int, still: int) -> tuple[Slot, ...]:
    """The order of kinds for one annotator, given how many of each kind they shall see.

    Checks lie anywhere but first; repeats lie in the second half and show directions of the
    first, so that some time passes between the two showings.
    """
    rng = random.Random(seed)
    slots = [Slot("direction")] * directions
    half = directions // 2
    for of in rng.sample(range(half), min(half, repeats)):
        slots.insert(rng.randint(half + 1, len(slots)), Slot("repeat", of))
    for check in [Slot("good")] * good + [Slot("still")] * still:
        slots.insert(rng.randint(1, len(slots)), check)
    return tuple(slots)


def personal_plan(seed: int, bundle: Bundle) -> tuple[Slot, ...]:
    """The plan of the annotator with this seed in the bundle's study."""
    settings, kinds = bundle.settings, bundle.kinds
    directions = min(settings.items_per_annotator, kinds["direction"])
    return plan(
        seed,
        directions,
        round(settings.repeat_share * directions),
        min(settings.good_checks, kinds["good"]),
        min(settings.still_checks, kinds["still"]),
    )


def assign_next(session: Session, annotator: Annotator, bundle: Bundle, now: float) -> int | None:
    """Lease the annotator's next item; returns its position, None where nothing is left.

    An item that is leased to them and not yet judged comes first, its lease renewed.
    """
    mine = list(
        session.scalars(
            select(Assignment)
            .where(Assignment.annotator_id == annotator.id)
            .order_by(Assignment.position)
        )
    )
    settings = bundle.settings
    until = now + 60 * settings.lease_minutes
    for assignment in [a for a in mine if not a.judged]:
        if assignment.lease_until > now or has_place(session, assignment, settings, now):
            assignment.lease_until = until
            return assignment.position
        mine.remove(assignment)
        session.delete(assignment)
    session.flush()
    slots = personal_plan(annotator.seed, bundle)
    start = mine[-1].position + 1 if mine else 0
    for position in range(start, len(slots)):
        item_id = _pick(session, annotator, slots, position, mine, settings, now)
        if item_id is not None:
            session.add(
                Assignment(
                    annotator_id=annotator.id,
                    item_id=item_id,
                    repeat=int(slots[position].kind == "repeat"),
                    position=position,
                    simulated=bool(annotator.simulated),
                    lease_until=until,
                )
            )
            return position
    return None


def has_place(session: Session, assignment: Assignment, settings: Settings, now: float) -> bool:
    """Whether an answer to this assignment still fits the quota of its item.

    Only first showings of directions have a quota; checks and repeats never fill up.
    """
    item = session.get_one(Item, assignment.item_id)
    if assignment.repeat or item.kind != "direction":
        return True
    others = select(func.count()).where(
        Assignment.item_id == assignment.item_id,
        Assignment.id != assignment.id,
        *_filled(assignment.simulated, now),
    )
    return session.execute(others).scalar_one() < settings.ratings_per_item


def _filled(simulated: bool, now: float) -> tuple[ColumnElement[bool], ...]:
    """What counts towards a quota: completed and live; people and simulated apart."""
    return (
        Assignment.repeat == 0,
        Assignment.simulated == simulated,
        or_(Assignment.judged, Assignment.lease_until > now),
    )


def _pick(
    session: Session,
    annotator: Annotator,
    slots: tuple[Slot, ...],
    position: int,
    mine: list[Assignment],
    settings: Settings,
    now: float,
) -> str | None:
    slot = slots[position]
    if slot.kind == "repeat":
        firsts = [a for a in mine if slots[a.position].kind == "direction"]
        return firsts[slot.of].item_id if slot.of < len(firsts) else None
    taken = {a.item_id for a in mine}
    joined = and_(Assignment.item_id == Item.id, *_filled(bool(annotator.simulated), now))
    fill = (
        select(Item.id, func.count(Assignment.id))
        .outerjoin(Assignment, joined)
        .where(Item.kind == slot.kind)
        .group_by(Item.id)
    )
    quota = settings.ratings_per_item if slot.kind == "direction" else float("inf")
    candidates = [
        (count, _rank(annotator.seed, item_id), item_id)
        for item_id, count in session.execute(fill)
        if item_id not in taken and count < quota
    ]
    return min(candidates)[2] if candidates else None


def _rank(seed: int, item_id: str) -> bytes:
    """A personal order among items that are filled alike."""
    return hashlib.blake2b(f"{seed}:{item_id}".encode(), digest_size=8).digest()
