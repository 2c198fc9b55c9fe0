"""The study as a participant meets it, for the staff: the same pages, and nothing is stored.

Answers are checked as usual and then forgotten: no annotator, lease or judgment comes of them.
"""

from collections import defaultdict
from types import SimpleNamespace

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup

from study_server.annotators import right_of
from study_server.assignment import personal_plan
from study_server.bundle import Bundle
from study_server.judging import PAGE, minutes_left
from study_server.practice import Practice
from study_server.staff import signed_in
from study_server.tasks.task import FormError
from study_server.terms import terms_of
from study_server.visit import Page, page, served, strings

blueprint = Blueprint("preview", __name__, url_prefix="/admin/preview")

SEED = 0  # of the plan that a previewed participant has
NOBODY = SimpleNamespace(stage="consented", simulated="", language="")
PRACTICE = "previewed"  # where the session keeps its tries
LINK = "…"  # in place of a personal link


@blueprint.get("/")
@signed_in
def consent() -> Page:
    """The page that asks for consent."""
    terms = terms_of(served().bundle, g.language, strings(g.language))
    return _shown("consent.html", terms=terms, changed=False)


@blueprint.post("/")
@signed_in
def decided() -> Page:
    """On to the instructions; who does not agree is back at the overview."""
    agreed = request.form.get("choice") == "agree"
    return redirect(url_for(".instructions" if agreed else "admin.overview"), 303)


@blueprint.get("/instructions")
@signed_in
def instructions() -> Page:
    """The task with its examples."""
    examples = [lesson for lesson in served().bundle.lessons if lesson.role == "example"]
    return _shown("instructions.html", examples=examples)


@blueprint.post("/instructions")
@signed_in
def understood() -> Page:
    """On to the quiz, or to the items."""
    if served().bundle.task.quiz:
        return redirect(url_for(".quiz"), 303)
    return redirect(url_for(".item", position=0), 303)


@blueprint.get("/quiz")
@signed_in
def quiz() -> Page:
    """The examples to try, from the first."""
    practice = Practice(served().bundle, "", PRACTICE)
    practice.end()
    return _quiz_page(Practice(served().bundle, "", PRACTICE))


@blueprint.post("/quiz")
@signed_in
def check_quiz() -> Page:
    """On to the next example, to those that were wrong, with hints, or to the items; as often as
    one likes."""
    bundle = served().bundle
    practice = Practice(bundle, "", PRACTICE)
    practice.hear(request.form)
    if practice.next is not None:
        return _quiz_page(practice, status=422 if practice.is_next(request.form) else 200)
    said = [answer for answer in practice.answers if answer is not None]  # all, since none is next
    right = right_of(said, bundle)
    if all(right):
        practice.end()
        return redirect(url_for(".item", position=0), 303)
    practice.again(right)
    return _quiz_page(practice, tries=1)


@blueprint.get("/items/<int(max=9999):position>")
@signed_in
def item(position: int) -> Page:
    """One item."""
    return _item_page(position, {}, 200)


@blueprint.post("/items/<int(max=9999):position>")
@signed_in
def answer(position: int) -> Page:
    """On to the next item, after an answer that would be taken."""
    try:
        served().bundle.task.parse(request.form)
    except FormError as error:
        return _item_page(position, error.faults, 422)
    last = position + 1 == len(planned(served().bundle))
    step = url_for(".done") if last else url_for(".item", position=position + 1)
    if request.accept_mimetypes.best == "application/json":
        response: Response = jsonify(next=step)
        return response
    return redirect(step, 303)


@blueprint.post("/sign")
@signed_in
def sign() -> Page:
    """A sign of life that keeps nothing reserved."""
    return Response(status=204)


@blueprint.get("/done")
@signed_in
def done() -> Page:
    """The last page, without a code."""
    return _shown("done.html", code="", judged=True)


def planned(bundle: Bundle) -> list[str]:
    """The items that a previewed participant sees, in order; the same ones at every preview."""
    of_kind: defaultdict[str, list[str]] = defaultdict(list)
    for item_id in bundle.items:
        of_kind[bundle.checks[item_id] or "direction"].append(item_id)
    chosen: list[str] = []
    directions: list[str] = []
    for slot in personal_plan(SEED, bundle):
        if slot.kind == "repeat":
            chosen.append(directions[slot.of])
            continue
        chosen.append(of_kind[slot.kind].pop(0))
        if slot.kind == "direction":
            directions.append(chosen[-1])
    return chosen


def _quiz_page(practice: Practice, tries: int = 0, status: int = 200) -> Page:
    quiz = served().bundle.quiz
    tries = max(tries, request.form.get("tries", 0, type=int))  # how many were wrong so far
    left, number = served().bundle.settings.quiz_tries, practice.next or 0
    shown = {"number": number, "lesson": quiz[number], "total": len(quiz), "left": left}
    shown["last"] = practice.answers.count(None) <= 1
    return _shown("quiz.html", status, tries=tries, fault=status == 422, **shown)


def _item_page(position: int, faults: dict[str, str], status: int) -> Page:
    bundle = served().bundle
    items = planned(bundle)
    if position >= len(items):
        abort(404)
    return _shown(
        PAGE,
        status,
        item=bundle.items[items[position]],
        form=request.form,
        faults=faults,
        judged=False,
        position=position,
        total=len(items),
        minutes=minutes_left([], len(items) - position),
        rest=0,
        first=False,
        hasty=False,
        ticket="",
    )


def _shown(template: str, status: int = 200, **values: object) -> Page:
    """A participant's page whose links stay within the preview, and of which no part is kept for
    participants."""
    values |= {"annotator": NOBODY, "link": LINK, "address": _address, "preview": True}
    return page(template, status, once=_fresh, **values)


def _fresh(template: str, key: object = "", **values: object) -> Markup:
    return Markup(render_template(template, **{"address": _address, **values}))


def _address(endpoint: str, position: int | None = None) -> str:
    own = {"judging.answer": ".answer", "judging.item": ".item", "judging.sign": ".sign"}
    if endpoint in own:
        return url_for(own[endpoint], position=position)
    if endpoint == "rights.withdraw":  # nobody is there who could
        return "#main"
    return url_for(".instructions" if endpoint == "pages.instructions" else endpoint)
