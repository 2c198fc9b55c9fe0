"""Leases: an item shown to somebody stays theirs while they give signs of life, and no longer.

A lease is no judgment: it keeps a place from being given twice, and ends by itself. It is never
longer than `lease_minutes`, and ends `sign_minutes` after the last sign: an answer, or what the
item page sends while somebody looks at it. All functions run inside a write transaction.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    case,
    delete,
    false,
    func,
    insert,
    select,
    true,
    update,
)

from study_server.bundle import Bundle
from study_server.looking import Look
from study_server.models import Annotator, Assignment, Item
from study_server.standing import Standing
from study_server.statements import Statement
from study_server.study_settings import Settings

FIRST_SIGN = 30.0  # seconds for which somebody who has judged nothing holds an item without a sign


class Place(NamedTuple):
    """The part of an `Assignment` that giving out items needs."""

    id: int
    item_id: str
    repeat: int
    position: int
    judged: bool
    leased_at: float
    lease_until: float


class Openings(NamedTuple):
    """Items of one kind that an annotator may still judge. free: with their fill; held: those
    whose last places are leased to others."""

    free: list[tuple[int, str]]
    held: list[str]


def _filled(simulated: bool) -> Select[str, int, int]:
    """The statement that gives items with their ratings and live leases, of those people or
    simulated annotators who count.

    `Item` counts judgments; leases are few, at most one per person. `other_than`: a lease to leave
    out.
    """
    leases = (
        select(func.count())
        .select_from(Assignment)
        .join(Annotator, Annotator.id == Assignment.annotator_id)
        .where(
            Assignment.repeat == 0,
            Assignment.simulated == simulated,
            Assignment.item_id == Item.id,
            Assignment.judged == false(),
            Assignment.lease_until > bindparam("now"),
            Assignment.id != bindparam("other_than"),
            Annotator.counts == true(),
        )
        .correlate(Item)
        .scalar_subquery()
    )
    return select(Item.id, Item.simulated_ratings if simulated else Item.ratings, leases)


_PLACES = Statement(
    select(*(getattr(Assignment, name) for name in Place._fields))
    .where(Assignment.annotator_id == bindparam("annotator_id"))
    .order_by(Assignment.position)
)
_FILL_OF_ITEM, _FILL_OF_KIND = (
    {b: Statement(_filled(b).where(condition)) for b in (False, True)}
    for condition in (Item.id == bindparam("item_id"), Item.kind == bindparam("kind"))
)
_ENDS = {
    simulated: Statement(
        select(Assignment.item_id, Assignment.lease_until)
        .join(Annotator, Annotator.id == Assignment.annotator_id)
        .where(
            Assignment.repeat == 0,
            Assignment.simulated == simulated,
            Assignment.judged == false(),
            Assignment.lease_until > bindparam("now"),
            Annotator.counts == true(),
        )
    )
    for simulated in (False, True)
}
_AT_PLACE = update(Assignment).where(Assignment.id == bindparam("place"))
_RENEW = Statement(_AT_PLACE.values(leased_at=bindparam("since"), lease_until=bindparam("until")))
_JUDGED = Statement(_AT_PLACE.values(judged=True))
_GIVE_UP = Statement(delete(Assignment).where(Assignment.id == bindparam("place")))
_LEASE = Statement(insert(Assignment))
_LATEST_END = Assignment.leased_at + bindparam("longest")
_SIGN = Statement(
    update(Assignment)
    .where(
        Assignment.annotator_id == bindparam("annotator_id"),
        Assignment.judged == false(),
        Assignment.lease_until > bindparam("now"),
    )
    .values(
        lease_until=case((bindparam("until") > _LATEST_END, _LATEST_END), else_=bindparam("until"))
    )
)


def places(db: Connection | Look, annotator_id: int) -> list[Place]:
    """All that the annotator was given, by position."""
    return [Place(*row) for row in _PLACES.run(db, annotator_id=annotator_id)]


def openings(
    db: Connection | Look,
    who: Standing,
    kind: str,
    mine: Collection[Place],
    bundle: Bundle,
    now: float,
) -> Openings:
    """The items of a kind that the annotator was not given yet, and that others leave room for.

    Only directions have a quota; checks never fill up.
    """
    quota = bundle.settings.ratings_per_item if kind == "direction" else float("inf")
    taken = {place.item_id for place in mine}
    found = Openings([], [])
    rows = _FILL_OF_KIND[bool(who.simulated)].run(db, kind=kind, other_than=0, now=now)
    for item_id, ratings, leases in rows:
        if item_id in taken or ratings >= quota:
            continue
        if ratings + leases < quota:
            found.free.append((ratings + leases, item_id))
        else:
            found.held.append(item_id)
    return found


def soonest_end(
    db: Look, who: Standing, mine: Collection[Place], bundle: Bundle, now: float
) -> float:
    """When a direction may become free for the annotator: the first lease that holds one ends then
    unless it is renewed; now, where none does."""
    found = openings(db, who, "direction", mine, bundle, now)
    ends = [] if found.free else _ENDS[bool(who.simulated)].run(db, now=now)
    return min((until for item_id, until in ends if item_id in found.held), default=now)


def has_place(db: Connection, who: Standing, place: Place, bundle: Bundle, now: float) -> bool:
    """Whether an answer at this place, not yet judged, still fits the quota of its item.

    Only first showings of directions have a quota; checks and repeats never fill up.
    """
    if place.repeat or bundle.checks[place.item_id]:
        return True
    statement = _FILL_OF_ITEM[bool(who.simulated)]
    ((_, ratings, leases),) = statement.run(db, item_id=place.item_id, other_than=place.id, now=now)
    return bool(ratings + leases < bundle.settings.ratings_per_item)


def lease(
    db: Connection,
    who: Standing,
    item_id: str,
    position: int,
    repeat: bool,
    until: float,
    now: float,
) -> None:
    """Give the annotator an item, at a position of their order."""
    _LEASE.run(
        db,
        annotator_id=who.id,
        item_id=item_id,
        repeat=int(repeat),
        position=position,
        simulated=bool(who.simulated),
        judged=False,
        leased_at=now,
        lease_until=until,
    )


def lease_end(settings: Settings, since: float, now: float, newcomer: bool) -> float:
    """When a lease given at `since` ends after a sign of life now. newcomer: has judged nothing,
    so that who only opens the page holds its item for a moment."""
    sign = 60 * settings.sign_minutes
    return min(now + (min(sign, FIRST_SIGN) if newcomer else sign), _longest(settings) + since)


def renewed(
    db: Connection, who: Standing, place: Place, newcomer: bool, bundle: Bundle, now: float
) -> bool:
    """Whether the annotator keeps a place that they have not judged. It is leased anew where the
    lease has ended and nobody took it, and given up where somebody did."""
    alive = place.lease_until > now
    if not alive and not has_place(db, who, place, bundle, now):
        _GIVE_UP.run(db, place=place.id)
        return False
    since = place.leased_at if alive else now
    until = max(place.lease_until, lease_end(bundle.settings, since, now, newcomer))
    _RENEW.run(db, place=place.id, since=since, until=until)
    return True


def sign(db: Connection, annotator_id: int, settings: Settings, now: float) -> None:
    """A sign of life: the item that the annotator holds stays theirs for a while longer."""
    _SIGN.run(
        db,
        annotator_id=annotator_id,
        now=now,
        until=now + 60 * settings.sign_minutes,
        longest=_longest(settings),
    )


def mark_judged(db: Connection, place: Place) -> Place:
    """The place, now judged."""
    _JUDGED.run(db, place=place.id)
    return place._replace(judged=True)


def _longest(settings: Settings) -> float:
    return 60 * settings.lease_minutes
