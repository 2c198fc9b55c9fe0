"""Answers: parsed strictly, added as revisions, and delivered twice without harm."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from study_server.links import Ticket
from study_server.models import Annotator, Assignment, Judgment
from study_server.recording import record
from study_server.served import Served, set_state
from study_server.study_settings import Settings
from study_server.tasks import Rating
from study_server.tasks.question import MAX_TEXT
from study_server.tasks.task import FormError

from .conftest import Clock, said
from .test_assignment import YES, judge, judge_all, newcomer

CATEGORIES = ("geometry", "colour", "texture")
SETTINGS = Settings({}, {}, "1", categories=CATEGORIES)
RATING = Rating(SETTINGS)


def revisions(served: Served, annotator_id: int) -> list[tuple[int, bool, str]]:
    with served.store.read() as db:
        rows = db.execute(
            select(Judgment.revision, Judgment.answer)
            .where(Judgment.annotator_id == annotator_id)
            .order_by(Judgment.id)
        )
        answers = [(revision, json.loads(answer)) for revision, answer in rows]
        return [(n, answer["consistent"], answer.get("label", "")) for n, answer in answers]


def test_an_edit_adds_a_revision_and_keeps_the_first(served: Served) -> None:
    someone = newcomer(served)
    judge(served, someone, 0, YES, "a")
    judge(served, someone, 0, said(True, True, "geometry", "zoom"), "b")
    judge(served, someone, 0, said(False, False), "c")
    assert revisions(served, someone) == [(0, True, ""), (1, True, "zoom"), (2, False, "")]


def test_a_retry_changes_nothing_even_with_another_answer(served: Served) -> None:
    someone = newcomer(served)
    first = judge(served, someone, 0, YES, "a")
    again = judge(served, someone, 0, said(False, False), "a")
    assert (first.status, again.status) == ("stored", "repeated")
    assert first.position == again.position == 1
    assert revisions(served, someone) == [(0, True, "")]


def test_the_same_answer_from_another_tab_adds_nothing(served: Served) -> None:
    someone = newcomer(served)
    judge(served, someone, 0, YES, "a")
    assert judge(served, someone, 0, YES, "b").status == "stored"
    assert revisions(served, someone) == [(0, True, "")]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"consistent": True}, "'single' has no answer"),
        ({**YES, "mood": "good"}, "'mood' is no question of the task rating"),
        ({"consistent": False, "single": False, "label": "zoom"}, "'label' is not asked after"),
        ({**YES, "consistent": "yes"}, "'yes' is no answer to 'consistent'"),
    ],
)
def test_an_answer_that_does_not_fit_the_task_is_never_written(
    served: Served, answer: dict[str, bool | str], message: str
) -> None:
    someone = newcomer(served)
    with pytest.raises(ValueError, match=message):
        judge(served, someone, 0, answer, "a")
    assert revisions(served, someone) == []


def test_the_end_gives_a_code_and_takes_no_more(served: Served) -> None:
    someone = newcomer(served)
    count = judge_all(served, someone)
    with served.store.read() as db:
        annotator = db.get_one(Annotator, someone)
    assert annotator.stage == "finished"
    assert len(annotator.completion_code) == 9
    assert judge(served, someone, 0, said(False, False), "late").status == "finished"
    assert judge(served, someone, count - 1).status == "repeated"
    assert len(revisions(served, someone)) == count


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_stopped_study_takes_nothing_but_knows_what_it_has(served: Served, state: str) -> None:
    someone = newcomer(served)
    judge(served, someone, 0, YES, "a")
    served.store.write(lambda db: set_state(db, state, served.clock()))
    assert judge(served, someone, 1, YES, "b").status == state
    assert judge(served, someone, 0, YES, "a").status == "repeated"
    assert len(revisions(served, someone)) == 1
    served.store.write(lambda db: set_state(db, "open", served.clock()))
    assert judge(served, someone, 1, YES, "b").status == "stored"


def test_an_answer_before_anyone_can_have_looked_is_not_stored(served: Served) -> None:
    settings = replace(served.bundle.settings, least_seconds=3.1)  # tickets are three seconds old
    patient = replace(served, bundle=replace(served.bundle, settings=settings))
    someone = newcomer(served)
    hasty = judge(patient, someone, 0, YES, "a")
    assert (hasty.status, hasty.position) == ("hasty", 0)
    assert revisions(served, someone) == []
    assert judge(served, someone, 0, YES, "a").status == "stored"  # the same form, a little later
    assert judge(patient, someone, 0, YES, "a").status == "repeated"
    assert judge(patient, someone, 0, said(False, False), "b").status == "hasty"  # a change as well
    assert revisions(served, someone) == [(0, True, "")]
    bot = newcomer(served, simulated="careful")
    assert judge(patient, bot, 0).status == "stored"


def test_a_clock_that_was_set_back_makes_nobody_hasty(served: Served, clock: Clock) -> None:
    settings = replace(served.bundle.settings, least_seconds=3.1)
    patient = replace(served, bundle=replace(served.bundle, settings=settings))
    someone = newcomer(served)
    with served.store.read() as db:
        item_id = db.scalars(select(Assignment.item_id)).one()
    ticket = Ticket(someone, 0, item_id, clock.now + 3600, "a")
    bundle, now = patient.bundle, clock.now
    outcome = served.store.change(lambda db: record(db, ticket, YES, bundle, now))
    assert outcome.status == "stored"


def test_a_failing_write_leaves_its_neighbours_alone(served: Served) -> None:
    someone = newcomer(served)

    def fail(db) -> None:
        db.get_one(Annotator, someone).stage = "failed"
        db.flush()
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        served.store.write(fail)
    with served.store.read() as db:
        assert db.get_one(Annotator, someone).stage == "judging"
    assert judge(served, someone, 0).status == "stored"


def test_answers_are_read_as_given() -> None:
    form = {
        "consistent": "yes",
        "single": "yes",
        "category": "other",
        "category-other": " Haar\u00e9 ",
        "label": "x\ny",
    }
    assert RATING.parse(form) == said(True, True, "Haar\u00e9", "x y")
    no = form | {"single": "no"}
    assert RATING.parse(no) == said(True, False)  # nothing to name: not kept
    script = form | {"label": "<script>'; DROP TABLE judgment; --"}
    assert RATING.parse(script)["label"] == "<script>'; DROP TABLE judgment; --"


def test_other_asks_for_words_once() -> None:
    """The name is the kind's own word, unless there is another one; both are shown as given."""
    form = {"consistent": "yes", "single": "yes", "category": "other", "label": "sparkle"}
    assert RATING.parse(form) == said(True, True, "sparkle", "sparkle")
    assert RATING.fields(RATING.parse(form)) == form
    both = form | {"category-other": "light"}
    assert RATING.parse(both) == said(True, True, "light", "sparkle")
    assert RATING.fields(RATING.parse(both)) == both
    edited = RATING.fields(RATING.parse(form)) | {"label": "glitter"}
    assert RATING.parse(edited) == said(True, True, "glitter", "glitter")
    listed = {**form, "category": "colour", "label": "colour"}
    assert RATING.fields(RATING.parse(listed)) == listed


@pytest.mark.parametrize("name", ["required", "optional", "off"])
def test_a_study_says_whether_names_are_asked_for(name: str) -> None:
    task = Rating(replace(SETTINGS, name=name))
    form = {"consistent": "yes", "single": "yes", "category": "colour"}
    if name == "required":
        with pytest.raises(FormError, match="'label': 'missing'"):
            task.parse(form)
    else:
        assert task.parse(form) == said(True, True, "colour")
    named = task.parse(form | {"label": "tint"})
    assert named == said(True, True, "colour", "" if name == "off" else "tint")
    assert task.parse({"consistent": "no", "single": "yes"}) == said(False, True)
    for earlier in (said(True, True, "colour"), said(True, True, "colour", "tint")):
        task.check(earlier)  # was given when study.toml said otherwise, and is still an answer
    assert task.describe() == RATING.describe()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"consistent": ""}, "consistent"),
        ({"single": "maybe"}, "single"),
        ({"category": ""}, "category"),
        ({"category": "nonsense"}, "category"),
        ({"category": "other", "category-other": "  "}, "category"),
        ({"category": "other", "category-other": "x" * (MAX_TEXT + 1)}, "category"),
        ({"label": "x" * (MAX_TEXT + 1)}, "label"),
    ],
)
def test_faults_name_their_field(change: dict[str, str], field: str) -> None:
    form = {"consistent": "yes", "single": "yes", "category": "colour"} | change
    with pytest.raises(FormError) as caught:
        RATING.parse(form)
    assert list(caught.value.faults) == [field]


FIELDS = st.sampled_from(
    ["consistent", "single", "category", "category-other", "label", "ticket", "x"]
)
VALUES = st.one_of(st.sampled_from(["yes", "no", "other", *CATEGORIES]), st.text(max_size=100))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(st.dictionaries(FIELDS, VALUES))
def test_any_form_gives_a_sound_answer_or_names_its_faults(form: dict[str, str]) -> None:
    try:
        answer = RATING.parse(form)
    except FormError:
        return  # the faults themselves are checked above
    RATING.check(answer)
    assert form["consistent"] == ("yes" if answer["consistent"] else "no")
    assert form["single"] == ("yes" if answer["single"] else "no")
    both = answer["consistent"] and answer["single"]
    assert ("category" in answer) == both
    assert both or "label" not in answer
    for text in (answer.get("category", "x"), answer.get("label", "x")):
        assert 0 < len(text) <= MAX_TEXT
        assert text == text.strip()
        text.encode("utf-8")  # can be stored
        assert not any(ord(c) < 32 for c in text)
