"""How many may come through the open link, by address and altogether; no address is stored."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from study_server import annotators, counting
from study_server.app import create_app
from study_server.caps import DAY, Refused, admit
from study_server.models import Annotator, Arrivals
from study_server.retention import drop_addresses
from study_server.sentences import texts
from study_server.served import Served

from .conftest import Clock, Visitor, new_visitor


def capped(served: Served, **settings: int) -> Served:
    changed = replace(served.bundle.settings, **settings)
    return replace(served, bundle=replace(served.bundle, settings=changed))


def arrive(served: Served, address: str) -> str:
    now, bundle = served.clock(), served.bundle

    def work(db: Session) -> str:
        admit(db, bundle, address, now)
        return annotators.register(db, "open", now)

    return served.store.write(work)


def test_a_day_and_an_address_have_their_number(served: Served, clock: Clock) -> None:
    study = capped(served, max_per_address=3)
    for _ in range(3):
        arrive(study, "192.0.2.7")
    with pytest.raises(Refused, match="address"):
        arrive(study, "192.0.2.7")
    arrive(study, "192.0.2.8")
    clock.now += DAY
    arrive(study, "192.0.2.7")
    with study.store.read() as db:
        assert len(db.scalars(select(Annotator)).all()) == 5


def test_an_address_is_gone_the_next_day_whoever_comes_then(served: Served, clock: Clock) -> None:
    arrive(served, "192.0.2.7")
    drop_addresses(served)
    with served.store.read() as db:
        (kept,) = db.scalars(select(Arrivals)).all()
    assert kept.count == 1
    assert "192.0.2.7" not in kept.address
    assert len(kept.address) == 64
    clock.now += DAY
    drop_addresses(served)  # as a command does, and a site once an hour
    with served.store.read() as db:
        assert db.scalars(select(Arrivals)).all() == []
    for path in served.bundle.database.parent.glob("study.sqlite*"):
        assert kept.address.encode() not in path.read_bytes()


def test_the_same_address_has_another_hash_tomorrow_and_elsewhere(
    served: Served, clock: Clock
) -> None:
    seen = set()
    for _ in range(2):
        drop_addresses(served)
        arrive(served, "192.0.2.7")
        with served.store.read() as db:
            seen.add(db.scalars(select(Arrivals.address)).one())
        clock.now += DAY
    assert len(seen) == 2


def test_a_household_of_ipv6_is_one_address(served: Served) -> None:
    study = capped(served, max_per_address=2)
    arrive(study, "2001:db8:1:2::1")
    arrive(study, "2001:db8:1:2:ffff::9")
    with pytest.raises(Refused):
        arrive(study, "2001:db8:1:2:3:4:5:6")
    arrive(study, "2001:db8:1:3::1")


def test_a_study_has_its_number_of_people_who_count(served: Served) -> None:
    study = capped(served, max_annotators=2, max_per_address=0)
    first, _ = arrive(study, "a"), arrive(study, "b")
    with pytest.raises(Refused, match="study"):
        arrive(study, "c")
    counting.exclude(study, first, "a robot")
    arrive(study, "c")
    with study.store.read() as db:
        assert db.scalars(select(Arrivals)).all() == []


def test_who_takes_no_part_is_none_of_them(served: Served) -> None:
    study = capped(served, max_annotators=2, max_per_address=0)
    declined, failed = Visitor(create_app(study).test_client()), arrive(study, "b")
    declined.get(f"/open/{study.links.open()}")
    declined.post()
    with pytest.raises(Refused, match="study"):
        arrive(study, "c")
    declined.post("/consent", choice="decline")
    wrong = update(Annotator).where(Annotator.public_id == failed).values(stage="failed")
    study.store.write(lambda db: db.execute(wrong))
    for address in ("c", "d"):
        arrive(study, address)
    with pytest.raises(Refused, match="study"):
        arrive(study, "e")


def test_who_is_refused_is_told_why(served: Served) -> None:
    for settings, said in (
        ({"max_per_address": 2}, "refused.address"),
        ({"max_annotators": 2}, "full.text"),
    ):
        study = capped(served, **settings)
        app: Flask = create_app(study)
        pages = []
        for _ in range(3):
            someone = Visitor(app.test_client())
            someone.get(f"/open/{study.links.open()}")
            pages.append(someone.post())
        assert pages[-1].status_code == 403
        assert texts("en")[said] in pages[-1].text
        assert "study@example.org" in pages[-1].text
        assert new_visitor(app, study).last.request.path == "/consent"  # links are not capped


def test_who_is_known_counts_once(served: Served) -> None:
    app: Flask = create_app(capped(served, max_per_address=1))
    someone = Visitor(app.test_client())
    for _ in range(3):
        someone.get(f"/open/{served.links.open()}")
        assert someone.post().request.path == "/consent"
