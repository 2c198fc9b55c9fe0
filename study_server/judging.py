"""The item pages: pictures, the task's questions, and going back and forth between them."""

import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence

from flask import Blueprint, Response, abort, flash, g, jsonify, redirect, request, url_for
from sqlalchemy import and_, bindparam, select

from study_server import leases, next_step
from study_server.assignment import personal_plan
from study_server.leases import places, soonest_end
from study_server.models import Assignment, Judgment
from study_server.recording import Outcome
from study_server.security import limited
from study_server.statements import Statement
from study_server.tasks.task import FormError, Task
from study_server.visit import Page, address, at, page, reading, served, stop_reading, stopped

blueprint = Blueprint("judging", __name__)

PAGE = "task.html"  # the task's own template, by the name that the site gives it
USUAL_SECONDS = 15.0  # for a judgment, until the annotator's own pace is known
SOONEST, LATEST = 5.0, 60.0  # seconds after which a page that waits for a place asks again

_SHOWN = Statement(
    select(Assignment.item_id, Assignment.judged).where(
        Assignment.annotator_id == bindparam("annotator_id"),
        Assignment.position == bindparam("position"),
    )
)
_PACES = Statement(
    select(Judgment.seconds)
    .where(Judgment.annotator_id == bindparam("annotator_id"), Judgment.revision == 0)
    .order_by(Judgment.id)
)
_LATEST = Statement(
    select(Judgment.answer)
    .join(
        Assignment,
        and_(
            Assignment.annotator_id == Judgment.annotator_id,
            Assignment.item_id == Judgment.item_id,
            Assignment.repeat == Judgment.repeat,
        ),
    )
    .where(
        Assignment.annotator_id == bindparam("annotator_id"),
        Assignment.position == bindparam("position"),
    )
    .order_by(Judgment.revision.desc())
)


def minutes_left(seconds: Sequence[float], count: int) -> int:
    """Minutes for `count` more judgments at the median pace of the last ones; 0: less than one."""
    pace = statistics.median(seconds[-20:]) if len(seconds) >= 3 else USUAL_SECONDS
    minutes = min(pace, 120.0) * count / 60
    return math.ceil(minutes) if minutes >= 1 else 0


@blueprint.get("/items")
@at("judging")
def current() -> Page:
    """The item to go on with. Where its lease has ended, a button takes a new one; where all
    places are leased to others, it is the page to wait at."""
    bundle, now = served().bundle, served().clock()
    with served().store.look() as db:
        mine = places(db, g.annotator.id)
        leased = [place for place in mine if not place.judged and place.lease_until > now]
        if leased:
            return redirect(next_address(leased[0].position), 303)
        if g.annotator.waiting_since is None:
            return page("continue.html")
        until = soonest_end(db, g.annotator, mine, bundle, now)
    seconds = max(SOONEST, until - now)
    minutes = math.ceil(seconds / 60)
    link = url_for(
        "entrance.join", token=served().links.personal(g.annotator.public_id), _external=True
    )
    retry = math.ceil(min(LATEST, seconds))
    return page("waiting.html", minutes=minutes, retry=retry, link=link)


@blueprint.post("/items")
@at("judging")
def proceed() -> Page:
    """Take the next item, or renew the lease of the present one."""
    step = next_step.proceed(served(), g.annotator.id, bool(g.annotator.simulated))
    return redirect(next_address(step.position), 303)


@blueprint.post("/items/sign")
@limited(a_minute=30)
@at("judging")
def sign() -> Page:
    """A sign of life from an item page: the item stays reserved."""
    annotator_id, settings, now = g.annotator.id, served().bundle.settings, served().clock()
    served().store.change(lambda db: leases.sign(db, annotator_id, settings, now))
    return Response(status=204)


@blueprint.get("/items/<int(max=9999):position>")
@at("judging")
def item(position: int) -> Page:
    """One item, filled in with its latest answer where it has one."""
    return _item_page(position, None, {}, 200)


@blueprint.post("/items/<int(max=9999):position>")
@at("judging", "finished")
def answer(position: int) -> Page:
    """Store an answer. Scripts that ask for JSON get the next address instead of a redirect."""
    ticket = served().links.read_ticket(request.form.get("ticket", ""))
    if ticket is None:
        abort(400)
    if (ticket.annotator_id, ticket.position) != (g.annotator.id, position):
        abort(403)
    try:
        given = served().bundle.task.parse(request.form)
    except FormError as error:
        return _item_page(position, request.form, error.faults, 422)
    outcome = next_step.take(served(), ticket, given, bool(g.annotator.simulated))
    if outcome.status == "hasty":  # the same ticket, so that the time runs on
        return _item_page(position, request.form, {}, 422, request.form["ticket"])
    return _after(outcome)


def _after(outcome: Outcome) -> Page:
    if outcome.status == "unknown":
        abort(404)
    if outcome.status in ("paused", "closed"):
        g.state = outcome.status
        return stopped(409)
    if outcome.status in ("full", "gone"):
        flash(f"item.{outcome.status}")
    step = next_address(outcome.position)
    if request.accept_mimetypes.best == "application/json":
        response: Response = jsonify(next=step)
        return response
    return redirect(step, 303)


def next_address(position: int | None) -> str:
    """Of the item at a position; of the page where the annotator stands where there is none."""
    return address("pages.study") if position is None else address("judging.item", position)


def _item_page(
    position: int,
    form: Mapping[str, str] | None,
    faults: dict[str, str],
    status: int,
    hasty: str = "",
) -> Page:
    """hasty: the ticket of a form that came too soon, to be sent once more."""
    bundle, now, annotator_id = served().bundle, served().clock(), g.annotator.id
    db = reading()
    shown = _SHOWN.run(db, annotator_id=annotator_id, position=position)
    if not shown:
        abort(404)
    ((item_id, judged),) = shown
    seconds = [row[0] for row in _PACES.run(db, annotator_id=annotator_id)]
    said = _LATEST.run(db, annotator_id=annotator_id, position=position) if judged else []
    stop_reading()
    if form is None:
        form = bundle.task.fields(json.loads(said[0][0])) if said else {}  # the latest comes first
    total = len(personal_plan(g.annotator.seed, bundle))
    return page(
        PAGE,
        status,
        item=bundle.items[item_id],
        form=form,
        faults=faults,
        judged=bool(judged),
        position=position,
        total=total,
        minutes=minutes_left(seconds, total - len(seconds)),
        rest=len(seconds) if _time_to_rest(len(seconds), judged) else 0,
        first=not seconds,
        hasty=bool(hasty),
        ticket=hasty or served().links.ticket(annotator_id, position, item_id, now),
    )


def _time_to_rest(count: int, judged: bool) -> bool:
    return count > 0 and not judged and count % served().bundle.settings.pause_every == 0


@blueprint.get("/images/<name>")
def image(name: str) -> Response:
    """One image, to be cached for ever. It hides the file's time, which would tell the order."""
    bundle = served().bundle
    if name not in bundle.images:
        abort(404)
    response = Response(mimetype="image/webp")
    response.set_etag(bundle.images[name][:16])
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.make_conditional(request)
    if response.status_code == 200:
        response.set_data(bundle.image(name).read_bytes())
    return response


@blueprint.get("/task.css")
def style() -> Response:
    """The style sheet that hides questions not asked yet, also in browsers without scripts."""
    rules = "\n".join(_hidden(served().bundle.task))
    text = f"@supports selector(:has(*)) {{\n{rules}\n}}\n"
    return Response(text, mimetype="text/css", headers={"Cache-Control": "private, max-age=3600"})


def _hidden(task: Task) -> Iterator[str]:
    earlier: set[str] = set()
    for question in task.questions:
        for name, value in question.conditions.items():
            answered = f'[name="{name}"][value={json.dumps(value, ensure_ascii=False)}]:checked'
            yield f".answer:not(:has({answered})) .asked-{question.name} {{ display: none; }}"
        if question.own in earlier:  # the words are said already, and need not be said twice
            said = f'[name="{question.own}"]:not(:placeholder-shown)'
            yield f".answer:has({said}) .asked-{question.name} .word {{ display: none; }}"
        earlier.add(question.name)
