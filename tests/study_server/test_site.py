"""The annotator's way, page by page, without scripts; and what bad input gets."""

import json
import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from study_server.annotators import register
from study_server.app import create_app
from study_server.bundle import Bundle
from study_server.models import Annotator, Judgment, QuizTry
from study_server.served import Served, open_study, set_state

from .conftest import QUIZ, Clock, Visitor, new_visitor

YES = {"consistent": "yes", "single": "yes", "category": "colour"}
NO = {"consistent": "no", "single": "no"}


def stored(served: Served) -> int:
    with served.store.read() as db:
        return db.execute(select(func.count(Judgment.id))).scalar_one()


def me(served: Served) -> Annotator:
    with served.store.read() as db:
        return db.scalars(select(Annotator).order_by(Annotator.id)).first()


def test_the_whole_way(visitor: Visitor, served: Served) -> None:
    assert visitor.last.request.path == "/consent"
    assert "Version 3" in visitor.last.text
    assert visitor.post(choice="agree").request.path == "/instructions"
    assert visitor.post().request.path == "/quiz"
    assert visitor.post(**QUIZ).request.path == "/items/0"
    for number in range(9):
        assert f"{number + 1} of 9" in visitor.last.text
        assert "completion code" not in visitor.last.text
        assert stored(served) == number
        visitor.post(**YES)
    assert visitor.last.request.path == "/done"
    code = re.search(r"<output>(.+?)</output>", visitor.last.text).group(1)
    annotator = me(served)
    assert annotator.completion_code == code
    assert annotator.consent_version == "3"
    assert annotator.settings_sha256 == served.bundle.settings.sha256


def test_pages_before_their_turn_lead_back(visitor: Visitor) -> None:
    for path in ("/quiz", "/items", "/items/0", "/done", "/instructions", "/failed"):
        assert visitor.get(path).request.path == "/consent"


def test_declining_stores_nothing_and_can_be_taken_back(visitor: Visitor, served: Served) -> None:
    assert visitor.post(choice="decline").request.path == "/declined"
    assert me(served).consented_at is None
    visitor.get("/consent")
    assert visitor.post(choice="agree").request.path == "/instructions"


def test_two_wrong_tries_end_the_quiz(visitor: Visitor, served: Served) -> None:
    visitor.post(choice="agree")
    assert "You have 2 tries." in visitor.post().text
    wrong = QUIZ | {"consistent-1": "yes"}
    again = visitor.post("/quiz", **wrong)
    assert "last try" in again.text
    assert "Not right yet" in again.text
    assert "last try" in visitor.get("/quiz").text
    assert visitor.post("/quiz", **wrong).request.path == "/failed"
    assert visitor.get("/items/0").request.path == "/failed"
    assert me(served).stage == "failed"


@pytest.mark.parametrize(
    ("tries", "said"),
    [
        (1, ["You have 1 try."]),
        (3, ["You have 3 tries.", "You have 2 more tries.", "this is the last try"]),
    ],
)
def test_the_quiz_says_how_many_tries_are_left(bundle: Bundle, tries: int, said: list[str]) -> None:
    study = open_study(replace(bundle, settings=replace(bundle.settings, quiz_tries=tries)))
    visitor = new_visitor(create_app(study), study)
    visitor.post(choice="agree")
    visitor.post()
    for words in said:
        assert visitor.last.request.path == "/quiz"
        assert words in visitor.last.text
        assert words in visitor.get("/quiz").text
        visitor.post("/quiz", **QUIZ | {"consistent-1": "yes"})
    assert visitor.last.request.path == "/failed"
    study.store.close()


def test_one_example_a_page_and_the_wrong_one_again(visitor: Visitor, served: Served) -> None:
    visitor.post(choice="agree")
    visitor.post()
    for n in range(3):
        assert f"Example {n + 1} of 3" in visitor.last.text
        assert f"Example {n + 1} of 3" in visitor.get("/quiz").text  # also after a reload
        assert 'name="tries" value="0"' in visitor.last.text
        visitor.post("/quiz", **{f"consistent-{n}": "yes", f"single-{n}": "yes", "tries": "0"})
    assert "Example 2 of 3" in visitor.last.text  # of three, the first was right
    assert "Each row changes in another way" in visitor.last.text
    visitor.post("/quiz", **{"consistent-1": "no", "single-1": "no", "tries": "1"})
    assert "Example 3 of 3" in visitor.last.text
    visitor.post("/quiz", **{"consistent-2": "yes", "single-2": "no", "tries": "1"})
    assert visitor.last.request.path == "/items/0"
    with served.store.read() as db:
        rows = db.execute(select(QuizTry.answers, QuizTry.passed).order_by(QuizTry.number)).all()
    first, second = (json.loads(answers) for answers, _ in rows)
    assert [passed for _, passed in rows] == [False, True]
    assert first == [{"consistent": True, "single": True}] * 3
    assert [list(answer.values()) for answer in second] == [
        [True, True],
        [False, False],
        [True, False],
    ]


def test_the_practice_is_one_s_own(app: Flask, visitor: Visitor, served: Served) -> None:
    """Who comes in by a browser in which somebody else practised begins with the first example."""
    visitor.post(choice="agree")
    visitor.post()
    visitor.post("/quiz", **{"consistent-0": "yes", "single-0": "yes"})
    assert "Example 2 of 3" in visitor.last.text
    other = served.store.write(lambda db: register(db, "invite", served.clock()))
    visitor.get(f"/join/{served.links.personal(other)}")
    visitor.post(choice="agree")
    visitor.post()
    assert "Example 1 of 3" in visitor.last.text
    visitor.get(f"/join/{served.links.personal(me(served).public_id)}")
    visitor.get("/withdraw")
    visitor.post("/withdraw")
    with visitor.client.session_transaction() as session:
        assert "practice" not in session


def test_two_clicks_are_one_try(visitor: Visitor, served: Served) -> None:
    """The second form comes with the cookie that the first one came with."""
    visitor.post(choice="agree")
    visitor.post()
    wrong = QUIZ | {"consistent-1": "yes", "tries": "0"}
    visitor.post("/quiz", **wrong)
    assert visitor.post("/quiz", **wrong).request.path == "/quiz"
    assert "last try" in visitor.last.text
    assert me(served).stage == "instructed"


def test_only_a_recorded_try_tells_what_was_right(visitor: Visitor, served: Served) -> None:
    visitor.post(choice="agree")
    visitor.post()
    fresh = visitor.last
    wrong = QUIZ | {"consistent-1": "yes"}
    for number in ("99", "1", "-1"):
        visitor.last = fresh
        assert visitor.post("/quiz", **wrong, tries=number).status_code == 400
        assert "Example 1 of 3" in visitor.get("/quiz").text  # not the wrong one
    visitor.post("/quiz", **wrong, tries="0")
    assert "Example 2 of 3" in visitor.last.text
    # a form of the recorded try, with another guess: the second example is wrong by now
    guess = {"consistent-1": "no", "single-1": "no", "consistent-2": "no"}
    visitor.post("/quiz", **QUIZ | guess, tries="0")
    assert "Example 2 of 3" in visitor.last.text
    assert "last try" in visitor.last.text
    with served.store.read() as db:
        assert db.execute(select(func.count(QuizTry.id))).scalar_one() == 1


def test_an_unfinished_quiz_costs_no_try(visitor: Visitor) -> None:
    visitor.post(choice="agree")
    visitor.post()
    for _ in range(3):
        assert visitor.post("/quiz", **{"consistent-0": "yes"}).status_code == 422
    assert visitor.post("/quiz", **QUIZ).request.path == "/items/0"


@pytest.mark.parametrize("site", ["", "/admin/preview"])
def test_a_page_of_the_practice_sent_twice_is_no_fault(
    staff: Visitor, visitor: Visitor, site: str
) -> None:
    """The second form comes with the first one's cookie: the next example is not missing yet."""
    someone = staff if site else visitor
    someone.get(f"{site}/" if site else "/consent")
    someone.post(choice="agree")
    someone.post()
    assert 'name="example" value="0"' in someone.last.text
    first = {"consistent-0": "yes", "single-0": "yes", "example": "0"}
    for _ in range(2):
        page = someone.post(f"{site}/quiz", **first)
        assert page.status_code == 200
        assert "Example 2 of 3" in page.text
        assert "Something is missing" not in page.text
    page = someone.post(f"{site}/quiz", example="1")  # nothing is chosen
    assert page.status_code == 422
    assert "Something is missing" in page.text


def test_going_back_shows_the_answer_and_an_edit_is_a_revision(
    visitor: Visitor, served: Served
) -> None:
    visitor.begin()
    visitor.post(**YES, label="<b>tint</b>")
    page = visitor.get("/items/0")
    assert 'value="&lt;b&gt;tint&lt;/b&gt;"' in page.text
    assert "<b>tint" not in page.text
    assert re.search(r'name="category" value="colour"[^>]*checked', page.text)
    assert visitor.post(**NO).request.path == "/items/1"
    with served.store.read() as db:
        rows = db.execute(select(Judgment.revision, Judgment.answer)).all()
    labels = [(revision, json.loads(answer).get("label")) for revision, answer in rows]
    assert labels == [(0, "<b>tint</b>"), (1, None)]


def test_a_missing_answer_is_asked_for_and_nothing_is_lost(
    visitor: Visitor, served: Served
) -> None:
    visitor.begin()
    page = visitor.post(consistent="yes", single="yes", label="spin")
    assert page.status_code == 422
    assert "kind of change" in page.text
    assert 'value="spin"' in page.text
    assert stored(served) == 0
    assert visitor.post(**YES).status_code == 200
    assert stored(served) == 1


def test_who_answers_too_soon_is_asked_to_look(served: Served, clock: Clock) -> None:
    settings = replace(served.bundle.settings, least_seconds=0.7)
    study = replace(served, bundle=replace(served.bundle, settings=settings))
    someone = new_visitor(create_app(study), study)
    shown = someone.begin()
    assert 'data-least="0.7"' in shown.text
    clock.now += 0.6
    page = someone.post(**YES, label="spin")
    assert page.status_code == 422
    assert "look at the pictures a little longer" in page.text
    assert 'value="spin"' in page.text
    assert re.search(r'name="category" value="colour"[^>]*checked', page.text)
    assert 'data-least="0"' in page.text
    assert stored(served) == 0
    clock.now += 0.2  # since the first showing
    assert someone.post(**YES, label="spin").request.path == "/items/1"
    with served.store.read() as db:
        assert db.execute(select(Judgment.seconds)).scalar_one() == pytest.approx(0.8)
    someone.get("/items/0")
    assert someone.post(**NO).status_code == 422


def test_a_label_that_is_too_long_is_told(visitor: Visitor, served: Served) -> None:
    visitor.begin()
    for label, category in (("x" * 81, "colour"), ("", "other")):
        fields = YES | {"category": category, "category-other": "y" * 81}
        page = visitor.post(**fields, label=label)
        assert page.status_code == 422
        assert page.text.count("80 characters at most") == 2  # above, and at the field
        assert "Something is missing" not in page.text
    page = visitor.post(consistent="yes", single="yes", label="x" * 81)
    assert "Something is missing" in page.text
    assert "80 characters at most" in page.text
    assert visitor.post(**YES, label="x" * 80).request.path == "/items/1"
    assert stored(served) == 1


def test_a_double_click_is_one_answer(visitor: Visitor, served: Served) -> None:
    first = visitor.begin()
    for _ in range(2):
        visitor.last = first
        assert visitor.post(**YES).request.path == "/items/1"
    assert stored(served) == 1


def test_the_same_link_resumes_on_another_device(
    app: Flask, served: Served, visitor: Visitor
) -> None:
    visitor.begin()
    visitor.post(**YES)
    with app.test_request_context():
        link = f"/join/{served.links.personal(me(served).public_id)}"
    other = Visitor(app.test_client())
    assert other.get(link).request.path == "/items/1"


def test_a_lost_place_is_explained(
    app: Flask, served: Served, clock: Clock, visitor: Visitor
) -> None:
    old = visitor.begin()
    clock.now += 31 * 60
    assert "Welcome back" in visitor.get("/items").text
    for _ in range(9):
        other = new_visitor(app, served)
        other.begin()
        while other.last.request.path.startswith("/items"):
            clock.now += 3  # whoever is faster fills no place
            other.post(**YES)
    clock.now += 60
    visitor.last = old
    page = visitor.post(**YES)
    assert "given to someone else" in page.text or page.request.path == "/done"


@pytest.mark.parametrize(("state", "words"), [("paused", "is paused"), ("closed", "is closed")])
def test_answers_after_the_end_are_refused_clearly(
    visitor: Visitor, served: Served, state: str, words: str
) -> None:
    visitor.begin()
    served.store.write(lambda db: set_state(db, state, 0))
    page = visitor.post(**YES)
    assert page.status_code == 409
    assert words in page.text
    assert stored(served) == 0
    assert words in visitor.get("/items/0").text


def test_work_done_before_the_end_has_a_code(visitor: Visitor, served: Served) -> None:
    visitor.begin()
    page = visitor.post(**YES)
    served.store.write(lambda db: set_state(db, "paused", 0))
    assert "<output>" not in visitor.get("/items/1").text
    served.store.write(lambda db: set_state(db, "closed", 0))
    codes = set()
    for path in ("/study", "/items/1", f"/open/{served.links.open()}"):
        assert "Your work so far counts" in visitor.get(path).text
        codes |= set(re.findall(r"<output>(.+?)</output>", visitor.last.text))
    visitor.last = page
    late = visitor.post(**YES)
    assert late.status_code == 409
    codes |= set(re.findall(r"<output>(.+?)</output>", late.text))
    assert len(codes) == 1
    served.store.write(lambda db: set_state(db, "open", 0))
    visitor.get("/items/1")
    while visitor.last.request.path.startswith("/items"):
        visitor.post(**YES)
    assert codes == {me(served).completion_code}  # the same to the end


def test_who_has_not_begun_to_judge_has_no_code(visitor: Visitor, served: Served) -> None:
    served.store.write(lambda db: set_state(db, "closed", 0))
    page = visitor.get("/study")
    assert "is closed" in page.text
    assert "<output>" not in page.text


def test_the_language_can_be_chosen(visitor: Visitor, served: Served) -> None:
    visitor.begin()
    page = visitor.post("/language", language="zh", back="/items/0")
    assert page.request.path == "/items/0"
    assert 'lang="zh"' in page.text
    assert "所有行" in page.text
    visitor.post("/items/0", **YES)
    with served.store.read() as db:
        assert db.execute(select(Judgment.language)).scalar_one() == "zh"
    assert visitor.post("/language", language="xx").status_code == 400
