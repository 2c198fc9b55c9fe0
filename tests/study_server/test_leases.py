"""Leases end without signs of life, and nobody is finished by somebody else's lease."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from study_server import annotators, counting, leases, next_step
from study_server.leases import FIRST_SIGN
from study_server.models import Annotator, Assignment
from study_server.served import Served

from .conftest import QUIZ, Clock, Visitor, new_visitor
from .test_assignment import judge, judge_all, newcomer
from .test_counting import name_of, stored_ratings

YES = {"consistent": "yes", "single": "yes", "category": "colour"}
MINUTE = 60.0
PLACES = 54


def held(served: Served) -> int:
    """How many items are held by anybody."""
    with served.store.read() as db:
        leased = select(Assignment.item_id).where(
            Assignment.judged.is_(False), Assignment.lease_until > served.clock()
        )
        return len(db.scalars(leased).all())


def give_sign(served: Served, annotator_id: int) -> None:
    settings, now = served.bundle.settings, served.clock()
    served.store.write(lambda db: leases.sign(db.connection(), annotator_id, settings, now))


def proceed(served: Served, annotator_id: int) -> str:
    return next_step.proceed(served, annotator_id, False).status


def stage(served: Served, annotator_id: int) -> str:
    with served.store.read() as db:
        return db.get_one(Annotator, annotator_id).stage


def crowd(served: Served) -> list[int]:
    """As many people as there are places, one at each."""
    return [newcomer(served) for _ in range(PLACES)]


def test_who_only_looks_in_holds_an_item_for_a_moment(served: Served, clock: Clock) -> None:
    idle, there = newcomer(served), newcomer(served)
    assert held(served) == 2
    give_sign(served, there)
    clock.now += FIRST_SIGN + 1
    assert held(served) == 1
    clock.now += 3 * MINUTE
    assert held(served) == 0
    give_sign(served, idle)  # too late: it may be somebody else's by now
    assert held(served) == 0
    assert judge(served, idle, 0).status == "stored"  # but it is free


def test_a_lease_lasts_as_long_as_the_signs_and_no_longer_than_it_may(
    served: Served, clock: Clock
) -> None:
    someone = newcomer(served)
    judge(served, someone, 0)
    began = clock.now
    clock.now += 2.9 * MINUTE
    assert held(served) == 1
    while held(served) and clock.now < began + 60 * MINUTE:
        give_sign(served, someone)
        proceed(served, someone)  # to ask for the item again is a sign as well
        clock.now += 1 * MINUTE
    assert clock.now - began == pytest.approx(30.9 * MINUTE)
    judge(served, someone, 1)
    clock.now += 3.1 * MINUTE
    assert held(served) == 0  # no sign at all


def test_nobody_holds_two_items(served: Served) -> None:
    someone = newcomer(served)
    for _ in range(3):
        proceed(served, someone)
    assert held(served) == 1


def test_who_finds_all_places_leased_waits(served: Served, clock: Clock) -> None:
    sitting = crowd(served)
    late = newcomer(served)
    assert proceed(served, late) == "wait"
    with served.store.read() as db:
        mine = select(Assignment).where(Assignment.annotator_id == late)
        assert db.scalars(mine).all() == []  # no checks alone
    assert stage(served, late) == "judging"
    clock.now += FIRST_SIGN + 1
    assert proceed(served, late) == "item"
    with served.store.read() as db:
        assert db.get_one(Annotator, late).waiting_since is None
    assert judge(served, late, 0).status == "stored"
    assert judge(served, sitting[0], 0).status in ("stored", "full")


def test_who_has_judged_much_waits_as_well(served: Served, clock: Clock) -> None:
    """Whether a direction or a check comes next in their order."""
    for _ in range(8):
        judge_all(served, newcomer(served))  # six places are left
    someone = newcomer(served)
    judge(served, someone, 0)
    for _ in range(6):
        give_sign(served, newcomer(served))
    step = judge(served, someone, 1).step
    while step.status == "item":  # checks between two directions
        step = judge(served, someone, step.position).step
    assert step.status == "wait"
    assert proceed(served, someone) == "wait"
    assert sum(stored_ratings(served).values()) < PLACES
    clock.now += 4 * MINUTE
    assert proceed(served, someone) == "item"
    while stage(served, someone) == "judging":
        with served.store.read() as db:
            open_ = select(Assignment.position).where(
                Assignment.annotator_id == someone, Assignment.judged.is_(False)
            )
            position = db.scalars(open_).one()
        judge(served, someone, position)
    assert sum(stored_ratings(served).values()) == PLACES


def test_waiting_ends_when_others_have_judged_all(served: Served, clock: Clock) -> None:
    sitting = crowd(served)
    late = newcomer(served)
    assert proceed(served, late) == "wait"
    for someone in sitting:
        judge(served, someone, 0)
    assert sum(stored_ratings(served).values()) == PLACES
    assert proceed(served, late) == "finished"


def test_waiting_ends_after_the_longest_lease(served: Served, clock: Clock) -> None:
    """Others take the items again as soon as their leases end; who was away begins anew."""
    settings = replace(served.bundle.settings, lease_minutes=2.0)
    served = replace(served, bundle=replace(served.bundle, settings=settings))
    sitting = crowd(served)
    late, away = newcomer(served), newcomer(served)
    assert {proceed(served, who) for who in (late, away)} == {"wait"}
    for minute in range(1, 4):
        clock.now += MINUTE
        for someone in sitting:
            proceed(served, someone)
        assert proceed(served, late) == ("wait" if minute < 2 else "finished")
    assert proceed(served, away) == "wait"


def test_leases_of_those_who_do_not_count_hold_nothing(served: Served) -> None:
    sitting = crowd(served)
    late = newcomer(served)
    assert proceed(served, late) == "wait"
    counting.exclude(served, name_of(served, sitting[0]), "a robot")
    assert proceed(served, late) == "item"


# ---------------------------------------------------------------- the pages


def test_the_page_to_wait_at(app: Flask, served: Served, clock: Clock) -> None:
    sitting = crowd(served)
    for someone in sitting:
        give_sign(served, someone)
    late = new_visitor(app, served)
    page = late.begin()
    assert page.request.path == "/items"
    assert "being looked at by others" in page.text
    assert "about 3 min" in page.text
    assert "completion code" not in page.text
    link = re.search(r'href="http://localhost(/join/[^"]+)"', page.text).group(1)
    assert re.search(r'data-retry="60"', page.text)
    assert "being looked at by others" in late.post("/items").text  # nothing is free yet
    clock.now += 3 * MINUTE + 1
    again = Visitor(app.test_client())  # another day, another device
    assert again.get(link).request.path == "/items"
    assert again.post("/items").request.path == "/items/0"
    assert again.post(**YES).request.path == "/items/1"


def test_who_comes_too_late_is_thanked_and_gets_a_code(app: Flask, served: Served) -> None:
    late = new_visitor(app, served)
    late.get("/study")
    late.post(choice="agree")
    for _ in range(9):
        judge_all(served, newcomer(served))
    late.get("/instructions")
    late.post()
    page = late.post("/quiz", **QUIZ)
    assert page.request.path == "/done"
    assert "judged by others meanwhile" in page.text
    assert re.search(r"<output>(.+?)</output>", page.text)
    with served.store.read() as db:
        first = db.scalars(select(Annotator).order_by(Annotator.id)).first()
        given = select(Assignment).where(Assignment.annotator_id == first.id)
        assert db.scalars(given).all() == []


def test_signs_come_from_the_page_with_its_token(app: Flask, served: Served, clock: Clock) -> None:
    visitor = new_visitor(app, served)
    page = visitor.begin()
    assert 'data-sign="/items/sign"' in page.text
    assert "data-first" in page.text
    assert visitor.client.post("/items/sign").status_code == 415
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert visitor.client.post("/items/sign", data="", **form).status_code == 400
    clock.now += FIRST_SIGN - 1
    assert visitor.post("/items/sign").status_code == 204
    clock.now += 2 * MINUTE
    assert held(served) == 1
    stranger = Visitor(app.test_client())
    stranger.get("/")
    assert stranger.post("/items/sign").status_code == 403
    visitor.last = page
    assert "data-first" not in visitor.post("/items/0", **YES).text


def test_a_newcomer_is_given_no_item_of_a_stopped_study(served: Served, clock: Clock) -> None:
    fresh = newcomer(served)
    served.store.write(lambda db: setattr(db.get_one(Annotator, fresh), "stage", "declined"))
    bundle = served.bundle
    step = served.store.write(lambda db: annotators.resume(db, fresh, bundle, clock.now))
    assert step.status == "declined"


def test_lease_and_sign_are_settings(served: Served, clock: Clock) -> None:
    settings = replace(served.bundle.settings, lease_minutes=2.0, sign_minutes=0.1)
    assert leases.lease_end(settings, 0.0, 0.0, newcomer=True) == pytest.approx(6)
    assert leases.lease_end(settings, 0.0, 118.0, newcomer=False) == 120
