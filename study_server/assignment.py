"""Who judges what: a personal seeded plan, and least-filled directions under a strict quota.

A rating fills a place while its annotator counts (`study_server.counting`). All functions run
inside a write transaction, so that counting and taking a place are one step.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, update

from study_server.bundle import Bundle
from study_server.leases import (
    Openings,
    Place,
    lease,
    lease_end,
    mark_judged,
    openings,
    renewed,
)
from study_server.models import Item
from study_server.standing import Standing
from study_server.statements import Statement

_COUNT_UP = update(Item).where(Item.id == bindparam("item_id"))
_COUNT = {
    False: Statement(_COUNT_UP.values(ratings=Item.ratings + 1)),
    True: Statement(_COUNT_UP.values(simulated_ratings=Item.simulated_ratings + 1)),
}


class Step(NamedTuple):
    """Where an annotator goes on.

    status: item (the one at `position`), wait (all that is left for them is leased to others), full
    (others have judged all that was left), done (they judged all that they were to), finished or
    another stage, or stay.
    """

    status: str
    position: int | None = None


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


def check_pages(bundle: Bundle) -> dict[str, int]:
    """How many check pages of each kind everybody is given: at most as many as the study has."""
    settings, kinds = bundle.settings, bundle.kinds
    return {
        "good": min(settings.good_checks, kinds["good"]),
        "still": min(settings.still_checks, kinds["still"]),
    }


def personal_plan(seed: int, bundle: Bundle) -> tuple[Slot, ...]:
    """The plan of the annotator with this seed in the bundle's study."""
    settings = bundle.settings
    directions = min(settings.items_per_annotator, bundle.kinds["direction"])
    repeats = round(settings.repeat_share * directions)
    return plan(seed, directions, repeats, **check_pages(bundle))


def assign_next(
    db: Connection, who: Standing, mine: list[Place], bundle: Bundle, now: float
) -> Step:
    """Lease the annotator's next item, or say why there is none.

    mine: their `places`. An item that is leased to them and not yet judged comes first, its lease
    renewed. While directions are still to come, nobody is given checks and repeats alone.
    """
    newcomer = not any(place.judged for place in mine)
    kept = []
    for place in mine:
        if place.judged:
            kept.append(place)
        elif renewed(db, who, place, newcomer, bundle, now):
            return Step("item", place.position)
    slots = personal_plan(who.seed, bundle)
    first = kept[-1].position + 1 if kept else 0
    directions = Openings([], [])
    if any(slot.kind == "direction" for slot in slots[first:]):
        directions = openings(db, who, "direction", kept, bundle, now)
        if not directions.free:
            return Step("wait" if directions.held else "full")
    for position, slot in enumerate(slots[first:], start=first):
        if slot.kind == "repeat":
            item_id = _repeated(slots, slot, kept)
        elif slot.kind == "direction":
            item_id = _least_filled(who, directions)
        else:
            item_id = _least_filled(who, openings(db, who, slot.kind, kept, bundle, now))
        if item_id is not None:
            until = lease_end(bundle.settings, now, now, newcomer)
            lease(db, who, item_id, position, slot.kind == "repeat", until, now)
            return Step("item", position)
    return Step("done")


def count_rating(db: Connection, who: Standing, place: Place) -> Place:
    """The place, now judged. A first showing fills a place of its item, where they count."""
    if place.judged:
        return place
    if who.counts and not place.repeat:
        _COUNT[bool(who.simulated)].run(db, item_id=place.item_id)
    return mark_judged(db, place)


def _repeated(slots: Sequence[Slot], slot: Slot, mine: list[Place]) -> str | None:
    firsts = [place for place in mine if slots[place.position].kind == "direction"]
    return firsts[slot.of].item_id if slot.of < len(firsts) else None


def _least_filled(who: Standing, found: Openings) -> str | None:
    if not found.free:
        return None
    least = min(found.free)[0]
    ties = [item_id for fill, item_id in found.free if fill == least]
    return min(ties, key=lambda item_id: _rank(who.seed, item_id))


def _rank(seed: int, item_id: str) -> bytes:
    """A personal order among items that are filled alike."""
    return hashlib.blake2b(f"{seed}:{item_id}".encode(), digest_size=8).digest()
