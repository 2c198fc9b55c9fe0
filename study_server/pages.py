"""The annotator's way to the items: link, consent, instructions, quiz; and its ends."""

from flask import Blueprint, abort, g, redirect, request, session, url_for
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response

from study_server import annotators, settling
from study_server.annotators import OUTSIDE
from study_server.assignment import personal_plan
from study_server.caps import Refused, admit
from study_server.judging import minutes_left, next_address
from study_server.leases import places
from study_server.security import a_minute, limiter, log
from study_server.tasks.question import Fault
from study_server.visit import Page, address, at, page, served

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home() -> Page:
    """The start page; a visitor with a session is led on to the study."""
    return redirect(url_for(".study"), 303) if g.annotator else page("home.html")


@blueprint.get("/join/<token>")
def join(token: str) -> Page:
    """A personal link, which signs this browser in as its annotator."""
    public_id = served().links.read(token)
    if not public_id:
        return page("error.html", 403, code=403)
    _remember(public_id)
    return redirect(url_for(".study"), 303)


@blueprint.get("/open/<token>")
def welcome(token: str) -> Page:
    """The open link. Parameters of a recruiting service travel on in the form."""
    if served().links.read(token) != "" or not served().bundle.settings.open_link:
        return page("error.html", 403, code=403)
    if g.state != "open":
        return page("stopped.html")
    preview = request.args.get("assignmentId") == "ASSIGNMENT_ID_NOT_AVAILABLE"
    outside = {name: request.args[name][:200] for name in OUTSIDE if name in request.args}
    minutes = minutes_left([], len(personal_plan(0, served().bundle)))
    return page("welcome.html", outside=outside, preview=preview, minutes=max(1, minutes))


@blueprint.post("/open/<token>")
@limiter.limit(a_minute(60), key_func=get_remote_address)
def register(token: str) -> Page:
    """Self-registration through the open link; a known outside number comes back as itself."""
    if served().links.read(token) != "" or not served().bundle.settings.open_link:
        return page("error.html", 403, code=403)
    if g.state != "open":
        return page("stopped.html", 409)
    outside = {name: request.form[name][:200] for name in OUTSIDE if name in request.form}
    if g.annotator is None or outside:
        bundle, now, origin = served().bundle, served().clock(), get_remote_address()
        try:
            public_id = served().store.write(
                lambda db: annotators.register(
                    db, "open", now, outside, admit=lambda db: admit(db, bundle, origin, now)
                )
            )
        except Refused as refused:
            log.warning("refused a new annotator: the cap of the %s is reached", refused.reason)
            return page("refused.html", 403, reason=refused.reason)
        _remember(public_id)
    return redirect(url_for(".study"), 303)


def _remember(public_id: str) -> None:
    session["annotator"] = public_id
    session.permanent = True


@blueprint.post("/language")
def language() -> Response:
    """Switch to another language, and show the same page."""
    chosen = request.form.get("language", "")
    if chosen not in served().bundle.settings.languages:
        abort(400)
    session["language"] = chosen
    if g.annotator:
        annotator_id = g.annotator.id
        served().store.write(lambda db: annotators.choose_language(db, annotator_id, chosen))
    back = request.form.get("back", "/")
    inside = back.startswith("/") and not back.startswith(("//", "/\\"))
    return redirect(back if inside else "/", 303)


STAGES = {
    "invited": "pages.consent",
    "consented": "pages.instructions",
    "instructed": "pages.quiz",
    "judging": "judging.current",
    "finished": "pages.done",
    "declined": "pages.declined",
    "failed": "pages.failed",
}


@blueprint.get("/study")
def study() -> Page:
    """Lead an annotator to the page where they stand."""
    if g.annotator is None:
        return page("error.html", 403, code=403)
    return redirect(address(STAGES[g.annotator.stage]), 303)


@blueprint.get("/consent")
@at("invited", "declined")
def consent() -> Page:
    """The page that says what taking part means and asks for consent."""
    settings = served().bundle.settings
    text = settings.text(settings.consent, g.language)
    return page("consent.html", paragraphs=text.strip().split("\n\n"))


@blueprint.post("/consent")
@at("invited", "declined")
def decide() -> Page:
    """Store that the annotator agrees or declines."""
    choice = request.form.get("choice")
    if choice not in ("agree", "decline"):
        abort(400)
    bundle, annotator_id, now, code = served().bundle, g.annotator.id, served().clock(), g.language
    served().store.write(
        lambda db: annotators.consent(
            db, annotator_id, choice == "agree", bundle.settings, code, now
        )
    )
    return redirect(address("pages.instructions" if choice == "agree" else "pages.declined"), 303)


@blueprint.get("/declined")
@at("declined")
def declined() -> Page:
    """The page for annotators who chose not to take part."""
    return page("declined.html")


@blueprint.get("/instructions")
@at("consented", "instructed", "judging")
def instructions() -> Page:
    """The task with its examples; open to be read again at any time."""
    examples = [lesson for lesson in served().bundle.lessons if lesson.role == "example"]
    link = url_for(".join", token=served().links.personal(g.annotator.public_id), _external=True)
    return page("instructions.html", examples=examples, link=link)


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
    """A few examples; their hints show once a try was wrong."""
    with served().store.read() as db:
        tries = annotators.quiz_tries(db, g.annotator.id)
    lessons = served().bundle.quiz
    return page("quiz.html", lessons=lessons, right=None, form={}, missing=False, again=tries > 0)


@blueprint.post("/quiz")
@at("instructed")
def check_quiz() -> Page:
    """Record a try: on to the items, once more with hints, or the end."""
    bundle, annotator_id, now = served().bundle, g.annotator.id, served().clock()
    lessons, form = bundle.quiz, request.form
    try:
        answers = [
            {
                q.name: value
                for q in bundle.task.quiz
                if (value := q.parse(form, f"-{n}")) is not None
            }
            for n in range(len(lessons))
        ]
    except Fault:
        again = {"right": None, "again": False, "missing": True}
        return page("quiz.html", 422, lessons=lessons, form=form, **again)
    right, stage = served().store.write(
        lambda db: annotators.take_quiz(db, annotator_id, answers, bundle, now)
    )
    if stage != "instructed":
        return _on_to(stage)
    return page("quiz.html", lessons=lessons, right=right, form=form, missing=False, again=True)


def _on_to(stage: str) -> Response:
    """To the page of a stage; who comes to the items is given the first of them."""
    if stage == "judging":
        step = settling.proceed(served(), g.annotator.id, bool(g.annotator.simulated))
        return redirect(next_address(step.position), 303)
    return redirect(address(STAGES[stage]), 303)


@blueprint.get("/failed")
@at("failed")
def failed() -> Page:
    """The page for annotators whom the quiz ended."""
    return page("failed.html")


@blueprint.get("/done")
@at("finished")
def done() -> Page:
    """The last page, with the completion code; every answer is on disk by now."""
    with served().store.look() as db:
        judged = any(place.judged for place in places(db, g.annotator.id))
    return page("done.html", code=g.annotator.completion_code, judged=judged)
