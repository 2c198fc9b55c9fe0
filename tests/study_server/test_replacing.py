"""Who dropped out is replaced: the new link takes over their places, and all is said and kept."""

import pytest
from flask import Flask
from sqlalchemy import select

from benchmark.core.errors import BenchError
from study_server import annotators, erasure
from study_server.counting import exclude
from study_server.decisions import decisions, left_out
from study_server.models import Annotator, Assignment, Event, Judgment
from study_server.quality import answers, coverage, persons
from study_server.replacing import replace_person
from study_server.served import Served

from .conftest import Visitor, new_visitor
from .test_assignment import judge, judge_all, newcomer


def public_id(served: Served, number: int) -> str:
    with served.store.read() as db:
        return db.get_one(Annotator, number).public_id


def shown_to(served: Served, name: str) -> list[str]:
    with served.store.read() as db:
        return list(
            db.scalars(
                select(Assignment.item_id)
                .join(Annotator, Annotator.id == Assignment.annotator_id)
                .where(Annotator.public_id == name)
                .order_by(Assignment.position)
            )
        )


def test_the_new_one_is_given_the_same_places(served: Served) -> None:
    gone = newcomer(served)
    for position in range(3):
        judge(served, gone, position)
    name, before = public_id(served, gone), shown_to(served, public_id(served, gone))
    assert len(before) == 4  # three judged, one in hand
    heir = replace_person(served, name, "  never came\nback ")
    people = persons(served, answers(served))
    assert all(row.judged == row.leased == 0 for row in coverage(served, people=people))
    with served.store.read() as db:  # nothing is deleted
        assert len(list(db.scalars(select(Judgment)))) == 3
        assert left_out(decisions(db))[name].reason == "replaced: never came back"
        said = [(one.kind, one.detail) for one in db.scalars(select(Event))]
        one = db.scalars(select(Annotator).where(Annotator.public_id == heir)).one()
        number, stage = one.id, one.stage
    assert ("replaced", f"{name} by {heir}: never came back") in said
    assert stage == "invited"

    def begin(db) -> None:
        db.get_one(Annotator, number).stage = "judging"

    served.store.write(begin)
    served.store.write(lambda db: annotators.resume(db, number, served.bundle, served.clock()))
    judge_all(served, number)
    assert shown_to(served, heir)[:4] == before
    counted = sum(row.judged for row in coverage(served))
    assert counted == served.bundle.settings.items_per_annotator


def test_no_name_is_left_of_who_was_replaced_and_erased(served: Served) -> None:
    (token,) = annotators.invite(
        served.store, served.links, 1, served.clock(), names=["Ada Lovelace"]
    )
    name = served.links.read(token)
    heir = replace_person(served, name, "silent")
    erasure.erase_person(served, name, "asked for it")
    with served.store.read() as db:
        rows = db.scalars(select(Annotator))
        assert {one.public_id: one.invited_as for one in rows} == {name: "", heir: ""}


def test_a_last_day_to_come_is_the_new_one_s_and_a_past_one_is_not(served: Served) -> None:
    end = served.clock() + 86400
    links = annotators.invite(served.store, served.links, 2, served.clock(), deadline=end)
    early, late = (served.links.read(token) for token in links)
    heirs = [replace_person(served, early, "silent")]
    served.clock.now = end + 3600
    heirs.append(replace_person(served, late, "silent"))
    with served.store.read() as db:
        last = {one.public_id: one.deadline for one in db.scalars(select(Annotator))}
        assert {one.reason for one in decisions(db)} == {"replaced: silent"}
    assert last == {early: end - 86400, late: end, heirs[0]: end, heirs[1]: None}
    for again in (early, late):
        with pytest.raises(BenchError, match=f"{again} was replaced before"):
            replace_person(served, again, "silent")


def test_their_own_link_lets_nobody_in(app: Flask, served: Served) -> None:
    someone = new_visitor(app, served)
    someone.begin()
    name = public_id(served, 1)
    heir = replace_person(served, name, "silent for a week")
    assert "This link has ended" in someone.get("/items/0").text
    other = Visitor(app.test_client())
    other.get(f"/join/{served.links.personal(heir)}")
    assert other.last.request.path == "/consent"
    with pytest.raises(BenchError, match=f"the annotator {name} was replaced before"):
        replace_person(served, name, "again")


def test_who_cannot_be_replaced(served: Served) -> None:
    number = newcomer(served)
    judge_all(served, number)
    with pytest.raises(BenchError, match="has finished; there is nobody to replace"):
        replace_person(served, public_id(served, number), "why")
    with pytest.raises(BenchError, match="there is no annotator 'nobody'"):
        replace_person(served, "nobody", "why")
    with pytest.raises(BenchError, match="give a reason"):
        replace_person(served, public_id(served, number), " ")
    left = newcomer(served)
    exclude(served, public_id(served, left), "asleep", True)
    replace_person(served, public_id(served, left), "asleep")  # left out before: said once
    with served.store.read() as db:
        assert len(decisions(db)) == 1


def test_staff_are_asked_once_more(app: Flask, served: Served, staff: Visitor) -> None:
    someone = new_visitor(app, served)
    someone.begin()
    name = public_id(served, 1)
    staff.get("/admin/annotators")
    page = staff.post("/admin/change/replace", person=name, reason="silent")
    assert f"Replace {name}?" in page.text
    assert public_id(served, 1) == name
    assert "judging" in staff.get("/admin/annotators").text
    staff.post("/admin/change/replace", person=name, reason="silent")
    page = staff.post("/admin/change/replace", person=name, reason="silent", sure="yes")
    assert page.request.path.startswith("/admin/invitations/")
    assert "replaced: silent" in staff.get("/admin/annotators").text
    page = staff.post("/admin/change/replace", person=name, reason="silent", sure="yes")
    assert page.status_code == 422
    assert "was replaced before" in page.text


def test_staff_erase_by_a_button(app: Flask, served: Served, staff: Visitor) -> None:
    someone = new_visitor(app, served)
    someone.begin()
    served.clock.now += 3
    someone.post(consistent="yes", single="no")
    name = public_id(served, 1)
    staff.get("/admin/annotators")
    assert "deleted for good" in staff.post("/admin/change/erase", person=name, reason="asked").text
    with served.store.read() as db:
        assert db.scalars(select(Judgment)).first() is not None
    staff.post("/admin/change/erase", person=name, reason="asked", sure="yes")
    assert staff.last.request.path == "/admin/annotators"
    with served.store.read() as db:
        assert db.scalars(select(Judgment)).first() is None
    assert (
        staff.post("/admin/change/erase", person=name, reason="asked", sure="yes").status_code
        == 422
    )


def test_staff_ask_for_more_ratings(app: Flask, served: Served, staff: Visitor) -> None:
    path = served.bundle.folder / "study.toml"
    before = path.read_bytes()
    staff.get("/admin/")
    page = staff.post("/admin/change/raise", ratings="5", reason="wider than planned")
    assert "Ask for 5 ratings of each item?" in page.text
    assert path.read_bytes() == before
    page = staff.post("/admin/change/raise", ratings="5", reason="wider than planned", sure="yes")
    assert page.request.path == "/admin/"
    assert "study.toml asks for 5 ratings of each item by now; this site was started with 3" in (
        page.text
    )
    assert "# raised from 3 on 2027-01-15: wider than planned" in path.read_text("utf-8")
    for form, fault in (
        ({"ratings": "4", "reason": "x", "sure": "yes"}, "no more than the 5 of the plan"),
        ({"ratings": "six", "reason": "x"}, "give a whole number of ratings"),
        ({"ratings": "6", "reason": " "}, "give a reason"),
    ):
        page = staff.post("/admin/change/raise", **form)
        assert page.status_code == 422
        assert fault in page.text


def test_changes_are_for_the_staff_alone(app: Flask, served: Served, visitor: Visitor) -> None:
    path = served.bundle.folder / "study.toml"
    before = path.read_bytes()
    for kind, what in (("raise", "ratings"), ("replace", "person"), ("erase", "person")):
        form = {what: "9", "reason": "x", "sure": "yes"}
        assert visitor.client.post(f"/admin/change/{kind}", data=form).status_code == 400
        visitor.get("/consent")
        page = visitor.post(f"/admin/change/{kind}", **form)
        assert page.request.path == "/admin/sign-in"
        visitor.get("/consent")
    assert path.read_bytes() == before
