"""How visitors come in: by a personal link or the open one; and in which language they read."""

import secrets
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, abort, current_app, g, redirect, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from study_server import annotators, counting
from study_server.caps import Refused, admit
from study_server.outside import NoNumber, is_preview, read_outside
from study_server.platforms import Platform, submit_address
from study_server.security import limited, log, origin
from study_server.served import state_of
from study_server.terms import minutes
from study_server.visit import Page, address, end, know_browser, page, served, stopped

blueprint = Blueprint("entrance", __name__)

Outside = dict[str, str]


@blueprint.get("/")
def home() -> Page:
    """The start page; a visitor with a session is led on to the study."""
    return redirect(address("pages.study"), 303) if g.annotator else page("home.html")


@blueprint.get("/join/<token>")
def join(token: str) -> Page:
    """A personal link, which signs this browser in as its annotator."""
    public_id = served().links.read(token)
    if not public_id:
        return page("error.html", 403, key="link")
    _remember(public_id)
    return redirect(url_for("pages.study", by="link"), 303)


@blueprint.get("/open/<token>")
def welcome(token: str) -> Page:
    """The open link. Parameters of a recruiting service travel on in the form."""
    return _through_the_open_link(token, request.args, _offer)


@blueprint.post("/open/<token>")
@limited(a_minute=60, who=origin)
def register(token: str) -> Page:
    """Self-registration through the open link, once for each browser and outside number."""
    return _through_the_open_link(token, request.form, _register)


def _through_the_open_link(
    token: str, fields: Mapping[str, str], newcomer: Callable[[Outside], Page]
) -> Page:
    """Lead on whom this browser is already; else do as `newcomer` says, for who is new while there
    is something to do, and for who began elsewhere at any time: their end has a code of theirs."""
    if served().links.read(token) != "" or not served().bundle.settings.open_link:
        return page("error.html", 403, key="link")
    if is_preview(fields, _platform()):
        return page("preview.html", minutes=minutes(served().bundle))
    session.setdefault("browser", secrets.token_hex(16))
    try:
        outside = read_outside(fields, _platform())
        _note_submit(fields, outside)
    except NoNumber:
        return page("error.html", 400, key="number")
    with served().store.read() as db:
        known, state = _recognise(db, outside), state_of(db)
    if known and known == _own():
        return redirect(address("pages.study"), 303)
    know_browser()  # nothing of whose browser it was is another's to see
    g.state = state
    if known is None:
        return page("error.html", 409, key="known")
    if not known and state != "open":
        return stopped(409 if request.method == "POST" else 200, outside)
    if not known and counting.is_full(served(), ask=request.method == "POST"):
        return end("full.html", "full", outside=outside)
    return newcomer(outside)


def _offer(outside: Outside) -> Page:
    return page("welcome.html", outside=outside, minutes=minutes(served().bundle))


def _register(outside: Outside) -> Page:
    now, own, bundle = served().clock(), _newcomer(outside), served().bundle
    came_from = request.remote_addr or ""

    def work(db: Session) -> str | None:
        known = _recognise(db, outside)
        if known == "":
            admit(db, bundle, came_from, now)
            number = _platform().outside_id(outside)
            return annotators.register(db, "open", now, outside, public_id=own, outside_id=number)
        return known

    try:
        public_id = served().store.write(work)
    except Refused as refused:
        log.warning("refused a new annotator: the cap of the %s is reached", refused.reason)
        if refused.reason == "study":
            return end("full.html", "full", 403, outside)
        return page("refused.html", 403, reason=refused.reason)
    if public_id is None:
        return page("error.html", 409, key="known")
    _remember(public_id)
    return redirect(address("pages.study"), 303)


def _recognise(db: Session, outside: Outside) -> str | None:
    opens = served().bundle.settings.number_opens
    number = _platform().outside_id(outside)
    return annotators.recognise(db, _own(), _newcomer(outside), number, opens)


def _own() -> str:
    """The public id of whom this browser is, "" for a stranger."""
    return g.annotator.public_id if g.annotator else ""


def _newcomer(outside: Outside) -> str:
    return served().links.newcomer(session["browser"], outside.get(_platform().person, ""))


def _platform() -> Platform:
    return served().bundle.settings.platform


def _note_submit(fields: Mapping[str, str], outside: Outside) -> None:
    """Keep in this browser where MTurk takes the assignment back: it is another one whenever a
    person accepts the task anew. Raises NoNumber where that is no page of MTurk."""
    if not _platform().framed or "turkSubmitTo" not in fields:
        return
    address = submit_address(fields["turkSubmitTo"])
    if address is None or "assignmentId" not in outside:
        raise NoNumber
    session["turk"] = [address, outside["assignmentId"]]


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
    endpoint, back = _page_of_this_site(request.form.get("back", ""))
    # Who reads at the open link is not whom the browser was before: they would have been led on.
    if g.annotator and endpoint != "entrance.welcome":
        annotator_id = g.annotator.id
        served().store.write(lambda db: annotators.choose_language(db, annotator_id, chosen))
    return redirect(back, 303)


def _page_of_this_site(back: str) -> tuple[str, str]:
    """The endpoint of the page that `back` names by its path, and its address, built anew; those
    of the start page where it names none. So that no spelling can lead to another site."""
    start = "entrance.home", url_for("entrance.home")
    try:
        parts = urlsplit(back)
        pages = current_app.url_map.bind("")
        endpoint, values = pages.match(parts.path, method="GET")
    except (ValueError, HTTPException):
        return start
    if parts.scheme or parts.netloc or endpoint == "static":
        return start
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True))
    return endpoint, url_for(endpoint, **values) + (f"?{query}" if query else "")
