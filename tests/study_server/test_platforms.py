"""Every ending leads back to the service that sent a person, with the code that it knows it by."""

import csv
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from benchmark.core.errors import BenchError
from study_server import commands, counting
from study_server.app import create_app
from study_server.bundle import Bundle
from study_server.codes import write_codes
from study_server.models import Annotator, Item, Judgment
from study_server.platform_file import read_platform
from study_server.security import windows
from study_server.served import Served, open_study, set_state
from study_server.stopping import Stop

from .conftest import QUIZ, Clock, Visitor, new_visitor, signed_in
from .test_assignment import judge_all as judge_in_store
from .test_assignment import newcomer
from .test_entrance import enter, judge_all, open_link, people
from .test_site import YES

PERSON = {"PROLIFIC_PID": "5f3c1e2a9b7d4c6e8f0a1b2c", "STUDY_ID": "s", "SESSION_ID": "x"}
CODES = {
    "completed": "CDONE",
    "no_consent": "CNO",
    "screened_out": "COUT",
    "full": "CFULL",
    "closed": "CCLOSED",
}
BACK = "https://app.prolific.com/submissions/complete?cc="
MTURK = {
    "workerId": "A1B2C3D4E5F6G7",
    "assignmentId": "3TE22NPXPBIK7YQ7CZ8QWWDY8KQ449",
    "hitId": "H1",
    "turkSubmitTo": "https://workersandbox.mturk.com",
}

Site = tuple[Flask, Served]


@pytest.fixture
def serve(bundle: Bundle, clock: Clock) -> Iterator[Callable[..., Site]]:
    """A site whose study.toml has this [platform]."""
    opened: list[Served] = []

    def serve(**table: object) -> Site:
        platform = read_platform(table, Path("study.toml"))
        settings = replace(bundle.settings, platform=platform)
        opened.append(open_study(replace(bundle, settings=settings), clock=clock))
        app = create_app(opened[-1])
        windows.reset()
        return app, opened[-1]

    yield serve
    for study in opened:
        study.store.close()
    windows.reset()


def fill(study: Served) -> None:
    """Nine people, who took their time, judge all."""
    for _ in range(9):
        judge_in_store(study, newcomer(study))
    everything = update(Item).where(Item.kind == "direction").values(ratings=3)
    study.store.write(lambda db: db.execute(everything))


def led_back(visitor: Visitor, code: str, by_itself: bool = True) -> None:
    """The page shows the code, a button to the service, and goes there by itself unless told."""
    text = html.unescape(visitor.last.text)
    assert f"<output>{code}</output>" in text
    assert f'<a class="button primary" href="{BACK}{code}">' in text
    refresh = visitor.last.headers.get("Refresh")
    assert refresh == (f"15;url={BACK}{code}" if by_itself else None)
    assert ("15 seconds" in text) == by_itself


def test_each_ending_has_its_code_and_leads_back(
    serve: Callable[..., Site], tmp_path: Path
) -> None:
    app, study = serve(kind="prolific", codes=CODES)
    done, declined, failed, midway, begun = (
        enter(app, study, **PERSON | {"PROLIFIC_PID": f"{n:024x}"}) for n in range(5)
    )
    judge_all(done)
    led_back(done, "CDONE")
    assert "Please go back to the service" in done.last.text
    assert "close this page" not in done.last.text  # which would leave the service without a word
    declined.post(choice="decline")
    led_back(declined, "CNO", by_itself=False)  # who may still agree
    failed.post(choice="agree")
    failed.post()
    for _ in range(2):
        failed.post("/quiz", **QUIZ | {"consistent-1": "yes"})
    led_back(failed, "COUT")
    midway.begin()
    midway.post(**YES)
    begun.post(choice="agree")
    study.store.write(lambda db: set_state(db, "closed", 0))
    midway.get("/study")
    led_back(midway, "CCLOSED")
    begun.get("/study")
    led_back(begun, "CFULL")
    late = enter(app, study, **PERSON | {"PROLIFIC_PID": f"{9:024x}"})
    assert "is closed" in late.last.text
    led_back(late, "CFULL")
    assert len(people(study)) == 5  # of the late comer nothing is stored
    assert write_codes(study, tmp_path / "codes.csv") == dict.fromkeys(CODES, 1)
    with (tmp_path / "codes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["ending"], row["code"]) for row in rows] == list(CODES.items())
    actions = {row["ending"]: row["action"] for row in rows}
    assert [ending for ending, action in actions.items() if action == "approve"] == [
        "completed",
        "closed",
    ]
    assert {row["outside_number"] for row in rows} == {f"{n:024x}" for n in range(5)}
    shown = signed_in(app, study).get("/admin/annotators").text
    assert all(code in shown for code in CODES.values())


def test_who_withdraws_goes_back_by_the_end_that_they_had_come_to(
    serve: Callable[..., Site],
) -> None:
    ends = {name: f"https://panel.example/{name}" for name in CODES}
    app, study = serve(kind="own", person="pid", codes=CODES, ends=ends)
    early, late = enter(app, study), enter(app, study)
    for one in (early, late):
        one.begin()
        one.post(**YES)
    early.get("/withdraw")
    early.post("/withdraw")
    study.store.write(lambda db: set_state(db, "closed", 0))
    late.get("/withdraw")
    late.post("/withdraw")
    for one, ending in ((early, "no_consent"), (late, "closed")):
        text = one.get("/withdrawn").text
        assert f"<output>{CODES[ending]}</output>" in text
        assert f'href="{ends[ending]}"' in text


def test_who_comes_by_another_s_browser_sees_nothing_of_theirs(
    serve: Callable[..., Site],
) -> None:
    """As in a laboratory, where one after the other sits down at one computer."""
    app, study = serve(kind="prolific", codes=CODES)
    browser = enter(app, study, **PERSON)
    judge_all(browser)
    led_back(browser, "CDONE")
    counting.screen_now(study)
    other = PERSON | {"PROLIFIC_PID": f"{1:024x}"}
    study.store.write(lambda db: db.execute(update(Item).values(ratings=3)))
    assert "The study is full" in browser.get(open_link(study, **other)).text
    led_back(browser, "CFULL")
    study.store.write(lambda db: set_state(db, "closed", 0))
    assert "is closed" in browser.get(open_link(study, **other)).text
    led_back(browser, "CFULL")
    browser.get(open_link(study, **PERSON))  # whose browser it still is
    led_back(browser, "CDONE")


def test_a_link_that_has_ended_ends_for_nobody_else(serve: Callable[..., Site]) -> None:
    app, study = serve(kind="prolific", codes=CODES)
    browser = new_visitor(app, study)
    study.store.write(lambda db: db.execute(update(Annotator).values(deadline=0)))
    browser.get("/study")
    assert "has ended" in browser.last.text
    enter(app, study, browser, **PERSON)
    assert "has ended" not in browser.last.text
    assert [one.stage for one in people(study)] == ["invited", "invited"]


@pytest.mark.parametrize("ended", ["full", "closed"])
def test_who_goes_on_by_number_elsewhere_comes_to_their_own_end(
    serve: Callable[..., Site], ended: str
) -> None:
    app, study = serve(kind="prolific", codes=CODES)
    settings = replace(study.bundle.settings, number_opens=True)
    app = create_app(replace(study, bundle=replace(study.bundle, settings=settings)))
    first = enter(app, study, **PERSON)
    if ended == "full":
        judge_all(first)
        counting.screen_now(study)
        study.store.write(lambda db: db.execute(update(Item).values(ratings=3)))
    else:
        first.begin()
        study.store.write(lambda db: set_state(db, "closed", 0))
    elsewhere = enter(app, study, **PERSON)
    led_back(elsewhere, "CDONE" if ended == "full" else "CCLOSED")
    assert len(people(study)) == 1


def test_who_wants_to_stay_stays(serve: Callable[..., Site]) -> None:
    app, study = serve(kind="prolific", codes=CODES)
    done = enter(app, study, **PERSON)
    judge_all(done)
    (query,) = re.findall(r'href="(\?[^"]*stay=yes)"', done.last.text)
    done.get(f"/done{html.unescape(query)}")
    led_back(done, "CDONE", by_itself=False)


def test_who_changes_their_mind_loses_the_code_of_no_consent(serve: Callable[..., Site]) -> None:
    app, study = serve(kind="prolific", codes=CODES)
    someone = enter(app, study, **PERSON)
    someone.post(choice="decline")
    someone.get("/consent")
    someone.post(choice="agree")
    assert people(study)[0].completion_code == ""


def test_codes_stay_as_they_were_shown(serve: Callable[..., Site], tmp_path: Path) -> None:
    app, study = serve(kind="prolific", codes=CODES)
    enter(app, study, **PERSON).post(choice="decline")
    _, study = serve(kind="prolific", codes=CODES | {"no_consent": "COTHER"})
    write_codes(study, tmp_path / "codes.csv")
    assert "CNO,no_consent,return" in (tmp_path / "codes.csv").read_text()


def test_late_comers_to_a_full_study_are_told_before_the_consent(
    serve: Callable[..., Site], tmp_path: Path
) -> None:
    app, study = serve(kind="prolific", codes=CODES)
    invited = new_visitor(app, study)
    page = Visitor(app.test_client()).get(f"/open/{study.links.open()}?PROLIFIC_PID={1:024x}")
    assert "Take part" in page.text
    early = Visitor(app.test_client())
    early.last = early.client.get(page.request.full_path)
    came = enter(app, study, PROLIFIC_PID=f"{2:024x}")
    fill(study)
    counting.screen_now(study)
    full = update(Item).where(Item.kind == "direction").values(ratings=3)
    study.store.write(lambda db: db.execute(full))
    before = len(people(study))
    late = enter(app, study, **PERSON)
    assert "The study is full" in late.last.text
    led_back(late, "CFULL")
    early.post(PROLIFIC_PID=f"{1:024x}")  # who saw the start page while there were places
    led_back(early, "CFULL")
    assert len(people(study)) == before
    invited.get("/study")
    assert "The study is full" in invited.last.text
    invited.post("/consent", choice="agree")
    assert people(study)[0].stage == "invited"
    came.get("/study")
    led_back(came, "CFULL")
    write_codes(study, tmp_path / "codes.csv")  # also of who was here and had not begun
    assert f"{2:024x},CFULL,full,return,invited,0" in (tmp_path / "codes.csv").read_text()
    study.store.write(lambda db: db.execute(full.values(ratings=2)))  # a place is free again
    assert enter(app, study, late, **PERSON).last.request.path == "/consent"


def test_ratings_that_do_not_count_make_no_study_full(serve: Callable[..., Site]) -> None:
    app, study = serve(kind="prolific", codes=CODES)
    fill(study)
    study.store.write(lambda db: db.execute(update(Judgment).values(seconds=0.1)))
    late = enter(app, study, **PERSON)
    assert late.last.request.path == "/consent"


def test_a_panel_of_one_s_own(serve: Callable[..., Site]) -> None:
    app, study = serve(
        kind="own",
        person="pid",
        others=["wave-no"],
        number="[0-9]{3}",
        ends={"completed": "https://panel.example/end?p={number}&w={wave-no}&c={code}"},
    )
    link = f"/open/{study.links.open()}"
    assert Visitor(app.test_client()).get(f"{link}?pid=12").status_code == 400
    someone = Visitor(app.test_client())
    someone.get(f"{link}?pid=123&wave-no=w-2&evil=1")
    someone.post(**{"pid": "123", "wave-no": "w-2"})
    assert people(study)[0].outside_id == "pid:123"
    judge_all(someone)
    code = people(study)[0].completion_code
    way = f"https://panel.example/end?p=123&w=w-2&c={code}"
    assert someone.last.headers["Refresh"] == f"15;url={way}"
    assert way in html.unescape(someone.last.text)
    without = enter(app, study)  # nobody knows the panel's number: no way, but a code
    judge_all(without)
    assert "Refresh" not in without.last.headers
    assert "panel.example" not in without.last.text
    assert "<output>" in without.last.text


def test_mturk_in_its_frame(serve: Callable[..., Site]) -> None:
    app, study = serve(kind="mturk")
    query = "&".join(f"{name}={value}" for name, value in MTURK.items())
    link = f"/open/{study.links.open()}"
    worker = Visitor(app.test_client())
    page = worker.client.get(f"{link}?{query}", base_url="https://localhost")
    cookie = page.headers["Set-Cookie"]
    assert "SameSite=None" in cookie
    assert "Secure" in cookie
    assert "Partitioned" in cookie
    policy = page.headers["Content-Security-Policy"]
    for name in ("frame-ancestors", "form-action"):
        allowed = re.search(rf"{name} ([^;]*)", policy)[1].split()
        assert {"https://workersandbox.mturk.com", "https://www.mturk.com"} <= set(allowed)
        assert all(one == "'self'" or one.endswith(".mturk.com") for one in allowed)
    assert "X-Frame-Options" not in page.headers
    for path in ("/admin/sign-in", "/admin/"):  # no frame shows these
        headers = worker.client.get(path, base_url="https://localhost").headers
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


class SecureVisitor(Visitor):
    """One that comes by HTTPS, as cookies of frames want it."""

    def get(self, path: str):
        self.last = self.client.get(path, base_url="https://localhost", follow_redirects=True)
        return self.last

    def post(self, path: str | None = None, follow: bool = True, **fields: str):
        hidden = dict(re.findall(r'name="(csrf_token|ticket)" value="([^"]*)"', self.last.text))
        self.last = self.client.post(
            path or self.last.request.path,
            base_url="https://localhost",
            data=hidden | fields,
            follow_redirects=follow,
        )
        return self.last


def test_mturk_takes_the_assignment_back(serve: Callable[..., Site]) -> None:
    app, study = serve(kind="mturk")
    link = f"/open/{study.links.open()}?"
    worker = SecureVisitor(app.test_client())
    worker.get(link + "&".join(f"{name}={value}" for name, value in MTURK.items()))
    worker.post(**MTURK)
    assert people(study)[0].outside_id == f"workerId:{MTURK['workerId']}"
    again = MTURK | {"assignmentId": "3AGAIN"}  # returned, and accepted anew
    worker.get(link + "&".join(f"{name}={value}" for name, value in again.items()))
    judge_all(worker)
    form = re.search(
        r'<form method="post" action="(https://[^"]*)".*?</form>', worker.last.text, re.S
    )
    assert form[1] == "https://workersandbox.mturk.com/mturk/externalSubmit"
    assert 'name="assignmentId" value="3AGAIN"' in form[0]
    assert f'name="code" value="{people(study)[0].completion_code}"' in form[0]
    assert "csrf_token" not in form[0]


def test_mturk_s_preview_stores_nothing(serve: Callable[..., Site]) -> None:
    app, study = serve(kind="mturk")
    link = f"/open/{study.links.open()}?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=H"
    page = app.test_client().get(link, base_url="https://localhost")
    assert "accept the task first" in page.text
    assert "Take part</button>" not in page.text
    assert "What changes in these pictures?" in page.text
    assert people(study) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"turkSubmitTo": "https://evil.example"},
        {"turkSubmitTo": "https://www.mturk.com.evil.example"},
        {"assignmentId": ""},
        {"workerId": "x"},
    ],
)
def test_no_assignment_goes_anywhere_else(
    serve: Callable[..., Site], wrong: dict[str, str]
) -> None:
    app, study = serve(kind="mturk")
    query = "&".join(f"{name}={value}" for name, value in (MTURK | wrong).items())
    assert app.test_client().get(f"/open/{study.links.open()}?{query}").status_code == 400


def test_mturk_is_served_by_https_alone(bundle: Bundle) -> None:
    path = bundle.folder / "study.toml"
    path.write_text(
        path.read_text("utf-8").replace("[title]", "[platform]\nkind = 'mturk'\n[title]"), "utf-8"
    )
    with pytest.raises(BenchError, match="HTTPS"):
        commands.serve(bundle.folder, Stop(), port=0, base="http://host.example")


@pytest.mark.parametrize(
    ("kind", "more", "pasted"),
    [
        ("prolific", {"codes": CODES}, "?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID="),
        ("sona", {}, "?id=%SURVEY_CODE%"),
        ("own", {"person": "pid"}, "?pid="),
        ("cloudresearch", {}, "the service adds its parameters by itself, participantId"),
        ("mturk", {}, "the service adds its parameters by itself, workerId"),
    ],
)
def test_staff_see_what_to_paste(
    serve: Callable[..., Site], kind: str, more: dict[str, object], pasted: str
) -> None:
    app, study = serve(kind=kind, **more)
    staff = SecureVisitor(app.test_client())
    staff.get("/admin/")
    staff.post(password=(study.bundle.folder / "private" / "password.txt").read_text())
    assert pasted in html.unescape(staff.last.text)
