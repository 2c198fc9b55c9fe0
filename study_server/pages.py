"""The annotator's way to the items: consent, instructions, quiz; and its ends."""

from flask import Blueprint, abort, g, redirect, request, url_for

from study_server import annotators, counting, next_step
from study_server.judging import next_address
from study_server.leases import places
from study_server.models import Annotator
from study_server.practice import Practice
from study_server.security import has_cookie
from study_server.terms import stored_of, terms_of
from study_server.visit import Page, address, at, end, lost, page, served, strings

blueprint = Blueprint("pages", __name__)

STAGES = {
    "invited": "pages.consent",
    "consented": "pages.instructions",
    "instructed": "pages.quiz",
    "judging": "judging.current",
    "finished": "pages.done",
    "declined": "pages.declined",
    "failed": "pages.failed",
    "withdrawn": "rights.withdrawn",
}


@blueprint.get("/study")
def study() -> Page:
    """Lead an annotator to the page where they stand."""
    if g.annotator is None:
        if "by" not in request.args:
            return lost()
        return lost("unknown" if has_cookie() else "cookies")
    return redirect(address(STAGES[g.annotator.stage]), 303)


@blueprint.get("/consent")
@at("invited", "declined")
def consent() -> Page:
    """The page that says what taking part means and asks for consent; who would find nothing left
    to do is told instead."""
    if counting.is_full(served(), bool(g.annotator.simulated)):
        return end("full.html", "full")
    return _consent_page()


def _consent_page(changed: bool = False, status: int = 200) -> Page:
    terms = terms_of(served().bundle, g.language, strings(g.language))
    return page("consent.html", status, terms=terms, changed=changed, link=_personal_link())


@blueprint.post("/consent")
@at("invited", "declined")
def decide() -> Page:
    """Store that the annotator agrees or declines."""
    choice = request.form.get("choice")
    if choice not in ("agree", "decline"):
        abort(400)
    if choice == "agree" and counting.is_full(served(), bool(g.annotator.simulated), ask=True):
        return end("full.html", "full")
    bundle, annotator_id, now, code = served().bundle, g.annotator.id, served().clock(), g.language
    terms = terms_of(bundle, code, strings(code))
    if choice == "agree" and request.form.get("read", terms.sha256) != terms.sha256:
        return _consent_page(changed=True, status=409)  # it was another text that they read
    served().store.write(
        lambda db: annotators.consent(
            db, annotator_id, choice == "agree", bundle.settings, code, now, terms.text
        )
    )
    return redirect(address("pages.instructions" if choice == "agree" else "pages.declined"), 303)


@blueprint.get("/declined")
@at("declined")
def declined() -> Page:
    """The page for annotators who chose not to take part, which lists what is stored of them."""
    with served().store.read() as db:
        me = db.get_one(Annotator, g.annotator.id)
        kept = stored_of(me, strings(g.language), served().bundle.settings.retention)
    return end("declined.html", "no_consent", leads=False, stored=kept)


@blueprint.get("/instructions")
@at("consented", "instructed", "judging")
def instructions() -> Page:
    """The task with its examples; open to be read again at any time."""
    examples = [lesson for lesson in served().bundle.lessons if lesson.role == "example"]
    return page("instructions.html", examples=examples, link=_personal_link())


def _personal_link() -> str:
    token = served().links.personal(g.annotator.public_id)
    return url_for("entrance.join", token=token, _external=True)


@blueprint.post("/instructions")
@at("consented", "instructed", "judging")
def understood() -> Page:
    """Lead on to the quiz, or to the items."""
    bundle, annotator_id, now = served().bundle, g.annotator.id, served().clock()
    stage = served().store.write(
        lambda db: annotators.finish_instructions(db, annotator_id, bundle, now)
    )
    return _on_to(stage)


@blueprint.get("/quiz")
@at("instructed")
def quiz() -> Page:
    """The next example; with its hint once a try was wrong."""
    with served().store.read() as db:
        tries = annotators.quiz_tries(db, g.annotator.id)
    return _quiz_page(Practice(served().bundle, g.annotator.public_id), tries)


@blueprint.post("/quiz")
@at("instructed")
def check_quiz() -> Page:
    """Take in what was said of an example. Once all are answered, record the try: on to the items,
    once more with hints, or the end."""
    bundle, annotator_id, now = served().bundle, g.annotator.id, served().clock()
    practice = Practice(bundle, g.annotator.public_id)
    practice.hear(request.form)
    said = [answer for answer in practice.answers if answer is not None]
    if len(said) < len(bundle.quiz):
        if not practice.is_next(request.form):
            return redirect(address("pages.quiz"), 303)
        with served().store.read() as db:
            tries = annotators.quiz_tries(db, annotator_id)
        return _quiz_page(practice, tries, 422)
    number = request.form.get("tries", type=int)
    try:
        right, stage, _ = served().store.write(
            lambda db: annotators.take_quiz(db, annotator_id, said, bundle, now, number)
        )
    except ValueError:
        abort(400)
    if stage != "instructed":
        practice.end()
        return _on_to(stage)
    practice.again(right)
    return redirect(address("pages.quiz"), 303)


def _quiz_page(practice: Practice, tries: int, status: int = 200) -> Page:
    """The first example that is left. tries: how many were made."""
    bundle = served().bundle
    number = practice.next or 0
    left = bundle.settings.quiz_tries - tries
    shown = {"number": number, "lesson": bundle.quiz[number], "total": len(bundle.quiz)}
    shown["last"] = practice.answers.count(None) <= 1
    return page("quiz.html", status, tries=tries, left=left, fault=status == 422, **shown)


def _on_to(stage: str) -> Page:
    """To the page of a stage; who comes to the items is given the first of them."""
    if stage == "judging":
        step = next_step.proceed(served(), g.annotator.id, bool(g.annotator.simulated))
        return redirect(next_address(step.position), 303)
    return redirect(address(STAGES[stage]), 303)


@blueprint.get("/failed")
@at("failed")
def failed() -> Page:
    """The page for annotators whom the quiz ended."""
    return end("failed.html", "screened_out")


@blueprint.get("/done")
@at("finished")
def done() -> Page:
    """The last page, with the completion code; every answer is on disk by now."""
    with served().store.look() as db:
        judged = any(place.judged for place in places(db, g.annotator.id))
    return end("done.html", "completed", judged=judged)
