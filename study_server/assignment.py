"""Who judges what: a personal seeded plan, and least-filled directions under a strict quota.

All functions run inside a write transaction, so that counting and taking a place are one step.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, Select, bindparam, delete, false, func, insert, select, update

from study_server.bundle import Bundle
from study_server.models import Assignment, Item
from study_server.standing import Standing
from study_server.statements import Statement


class Place(NamedTuple):
    """The part of an `Assignment` that giving out items needs."""

    id: int
    item_id: str
    repeat: int
    position: int
    judged: bool
    lease_until: float


def _fill(simulated: bool) -> Select[str, int]:
    """The statement that gives items with their fill: judgments and live leases, of people or of
    simulated annotators.

    `Item` counts judgments; leases are few, at most one per person. `other_than`: a lease to leave
    out.
    """
    leases = (
        select(func.count())
        .where(
            Assignment.repeat == 0,
            Assignment.simulated == simulated,
            Assignment.item_id == Item.id,
            Assignment.judged == false(),
            Assignment.lease_until > bindparam("now"),
            Assignment.id != bindparam("other_than"),
        )
        .scalar_subquery()
    )
    ratings = Item.simulated_ratings if simulated else Item.ratings
    return select(Item.id, ratings + leases)


_PLACES = Statement(
    select(*(getattr(Assignment, name) for name in Place._fields))
    .where(Assignment.annotator_id == bindparam("annotator_id"))
    .order_by(Assignment.position)
)
_FILL_OF_ITEM, _FILL_OF_KIND = (
    {b: Statement(_fill(b).where(condition)) for b in (False, True)}
    for condition in (Item.id == bindparam("item_id"), Item.kind == bindparam("kind"))
)
_AT_PLACE = update(Assignment).where(Assignment.id == bindparam("place"))
_RENEW = Statement(_AT_PLACE.values(lease_until=bindparam("until")))
_JUDGED = Statement(_AT_PLACE.values(judged=True))
_GIVE_UP = Statement(delete(Assignment).where(Assignment.id == bindparam("place")))
_COUNT_UP = update(Item).where(Item.id == bindparam("item_id"))
_COUNT = {
    False: Statement(_COUNT_UP.values(ratings=Item.ratings + 1)),
    True: Statement(_COUNT_UP.values(simulated_ratings=Item.simulated_ratings + 1)),
}
_ASSIGN = Statement(insert(Assignment))


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


def places(db: Connection, annotator_id: int) -> list[Place]:
    """All that the annotator was given, by position."""
    return [Place(*row) for row in _PLACES.run(db, annotator_id=annotator_id)]


def assign_next(
    db: Connection, who: Standing, mine: list[Place], bundle: Bundle, now: float
) -> int | None:
    """Lease the annotator's next item; returns its position, None where nothing is left.

    mine: their `places`. An item that is leased to them and not yet judged comes first, its lease
    renewed.
    """
    until = now + 60 * bundle.settings.lease_minutes
    kept = []
    for place in mine:
        if place.judged:
            kept.append(place)
        elif place.lease_until > now or has_place(db, who, place, bundle, now):
            _RENEW.run(db, place=place.id, until=until)
            return place.position
        else:
            _GIVE_UP.run(db, place=place.id)
    slots = personal_plan(who.seed, bundle)
    for position in range(kept[-1].position + 1 if kept else 0, len(slots)):
        item_id = _pick(db, who, slots, position, kept, bundle, now)
        if item_id is not None:
            _ASSIGN.run(
                db,
                annotator_id=who.id,
                item_id=item_id,
                repeat=int(slots[position].kind == "repeat"),
                position=position,
                simulated=bool(who.simulated),
                judged=False,
                lease_until=until,
            )
            return position
    return None


def has_place(db: Connection, who: Standing, place: Place, bundle: Bundle, now: float) -> bool:
    """Whether an answer at this place, not yet judged, still fits the quota of its item.

    Only first showings of directions have a quota; checks and repeats never fill up.
    """
    if place.repeat or bundle.checks[place.item_id]:
        return True
    statement = _FILL_OF_ITEM[bool(who.simulated)]
    ((_, fill),) = statement.run(db, item_id=place.item_id, other_than=place.id, now=now)
    return bool(fill < bundle.settings.ratings_per_item)


def mark_judged(db: Connection, who: Standing, place: Place) -> Place:
    """The place, now judged. A first showing counts towards its item's quota."""
    if not place.judged:
        _JUDGED.run(db, place=place.id)
        if not place.repeat:
            _COUNT[bool(who.simulated)].run(db, item_id=place.item_id)
    return place._replace(judged=True)


def _pick(
    db: Connection,
    who: Standing,
    slots: Sequence[Slot],
    position: int,
    mine: list[Place],
    bundle: Bundle,
    now: float,
) -> str | None:
    slot = slots[position]
    if slot.kind == "repeat":
        firsts = [place for place in mine if slots[place.position].kind == "direction"]
        return firsts[slot.of].item_id if slot.of < len(firsts) else None
    taken = {place.item_id for place in mine}
    quota = bundle.settings.ratings_per_item if slot.kind == "direction" else float("inf")
    statement = _FILL_OF_KIND[bool(who.simulated)]
    candidates = [
        (fill, item_id)
        for item_id, fill in statement.run(db, kind=slot.kind, other_than=0, now=now)
        if item_id not in taken and fill < quota
    ]
    if not candidates:
        return None
    least = min(candidates)[0]
    ties = [item_id for fill, item_id in candidates if fill == least]
    return min(ties, key=lambda item_id: _rank(who.seed, item_id))


def _rank(seed: int, item_id: str) -> bytes:
    """A personal order among items that are filled alike."""
    return hashlib.blake2b(f"{seed}:{item_id}".encode(), digest_size=8).digest()
