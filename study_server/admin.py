"""The staff's pages: how the study goes, and buttons to steer it."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from flask import Blueprint, Response, abort, g, redirect, request, url_for

from benchmark.core.errors import BenchError
from study_server import counting, quality, scores
from study_server.backup import back_up
from study_server.blanks import unready
from study_server.codes import write_codes
from study_server.decisions import decisions
from study_server.export import FORMATS, judgments, write_export
from study_server.platforms import NAMES
from study_server.raising import raised_later
from study_server.room import little_room
from study_server.screening import RULES, described
from study_server.served import note, set_state
from study_server.staff import sign_ins, signed_in
from study_server.trouble import told
from study_server.visit import Page, page, served
from study_server.watching import look

EVERY = 30  # seconds after which a watched page comes again

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


def _bots() -> bool:
    """Whether the page shows simulated annotators instead of people: never both."""
    return request.args.get("who") == "simulated"


@blueprint.after_request
def _watched(response: Response) -> Response:
    """A page that is watched comes again by itself, without a script."""
    if request.args.get("watch") and response.status_code == 200:
        response.headers["Refresh"] = str(EVERY)
    return response


@blueprint.get("/")
@signed_in
def overview() -> Page:
    """Totals, agreement, dropouts, and the study's state."""
    study, bots = served(), _bots()
    counted = quality.answers(study, bots)
    people = quality.persons(study, counted, bots)
    link = url_for("entrance.welcome", token=study.links.open(), _external=True)
    return page(
        "admin/overview.html",
        bots=bots,
        agreement=scores.agreement(counted, people),
        full=quality.filling(study, quality.coverage(study, bots, people), people),
        funnel=quality.funnel(people),
        aside=quality.funnel(quality.not_counted(people)),
        checks=scores.checks_passed(counted, people, study.bundle.task.expected),
        repeats=scores.repeats_alike(counted, people),
        looked=look(study.bundle, counted, {one.public_id for one in people if one.counts}),
        open_link=link if study.bundle.settings.open_link else "",
        platform=study.bundle.settings.platform,
        names=NAMES,
        sign_ins=sign_ins(),
        state=g.state,
        unready=unready(study.bundle.settings),
        later=raised_later(study),
        room=little_room(study.store.url),
    )


@blueprint.get("/items")
@signed_in
def items() -> Page:
    """Ratings of every item, what they say so far, and how sure that is."""
    study, bots = served(), _bots()
    counted = quality.answers(study, bots)
    people = quality.persons(study, counted, bots)
    return page(
        "admin/items.html",
        bots=bots,
        rows=quality.coverage(study, bots, people),
        scores=scores.scores(counted, people),
        widest=scores.widest(study.bundle.settings.ratings_per_item),
    )


@blueprint.get("/annotators")
@signed_in
def people() -> Page:
    """What the screening rules say of every annotator, and buttons to leave them out."""
    return _people_page("")


@blueprint.get("/annotators/<name>")
@signed_in
def person(name: str) -> Page:
    """One annotator's way: every answer in the order in which it came, earlier revisions too."""
    study = served()
    every = judgments(study)
    own = every[every["annotator"] == name]
    if own.empty:
        abort(404)
    bots = bool(own["simulated"].any())
    questions = [question.name for question in study.bundle.task.questions]
    rows = own.astype(object).where(own.notna(), "").to_dict("records")
    return page("admin/person.html", bots=bots, name=name, rows=rows, questions=questions)


@blueprint.post("/annotators")
@signed_in
def exclude() -> Page:
    """Leave an annotator out, or take them back."""
    excluded = request.form.get("excluded")
    if excluded not in ("yes", "no"):
        abort(400)
    person, reason = request.form.get("person", ""), request.form.get("reason", "")
    try:
        counting.exclude(served(), person, reason, excluded == "yes")
    except BenchError as error:
        return _people_page(str(error), 422)
    return redirect(url_for(".people", who=request.args.get("who")), 303)


def _people_page(fault: str, status: int = 200) -> Page:
    study, bots = served(), _bots()
    people = quality.persons(study, quality.answers(study, bots), bots)
    rules = described(study.bundle.settings.screening.of(bots))
    with study.store.read() as db:
        log = [one for one in decisions(db) if one.annotator in {p.public_id for p in people}]
    shown = {"people": people, "rules": RULES, "described": rules, "decisions": log}
    return page("admin/annotators.html", status, bots=bots, fault=fault, **shown)


@blueprint.post("/state")
@signed_in
def state() -> Page:
    """Open, pause or close the study."""
    chosen = request.form.get("state", "")
    if chosen not in ("open", "paused", "closed"):
        abort(400)
    now = served().clock()
    served().store.write(lambda db: set_state(db, chosen, now))
    return redirect(url_for(".overview"), 303)


@blueprint.post("/export")
@signed_in
def export() -> Page:
    """The answers as a file."""
    format = request.form.get("format", "")
    if format not in FORMATS:
        abort(400)
    return _file(f"judgments.{format}", lambda path: write_export(served(), path, format))


@blueprint.post("/codes")
@signed_in
def codes() -> Page:
    """The list of completion codes as a file."""
    return _file("codes.csv", lambda path: write_codes(served(), path))


@blueprint.post("/backup")
@signed_in
def backup() -> Page:
    """A copy of the database as a file."""
    study = served()
    return _file("study.sqlite", lambda path: back_up(study.bundle, study.store.url, path))


def _file(name: str, write: Callable[[Path], object]) -> Response:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        data = path.read_bytes()
    now = served().clock()
    with suppress(BenchError), told(name):  # a database that cannot be written can be saved
        served().store.write(lambda db: note(db, "file", name, now))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, mimetype="application/octet-stream", headers=headers)
