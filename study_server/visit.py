"""One request: the study it belongs to, who asks, in which language, and pages in that language."""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache, partial, wraps
from typing import ParamSpec
from urllib.parse import urlencode

from flask import current_app, g, redirect, render_template, request, session, url_for
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response

from study_server.annotators import outside_of
from study_server.codes import code_given, ending_of
from study_server.looking import Look
from study_server.security import NO_DATABASE, STAFF, csrf_token
from study_server.sentences import direction_of, name_of
from study_server.served import Served
from study_server.standing import find_standing, state_for_all
from study_server.texts import say, with_task

P = ParamSpec("P")
Page = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]
READ_ON = ("judging.item",)  # pages that read on in the state in which the visitor was found
LEAVE = 15  # seconds after which the last page leads back to the recruiting service


def served() -> Served:
    """The study that this site serves."""
    found: Served = current_app.extensions["served"]
    return found


def know_visitor() -> None:
    """Set `g.annotator` (None for a stranger), `g.language`, and `g.state` of the study: as it is
    for the annotator, but on the staff's pages, which one reads in a browser that is also theirs.
    """
    if request.endpoint in NO_DATABASE:
        return
    public_id, study, known = session.get("annotator"), served(), g._get_current_object()
    db = reading()
    known.annotator = me = find_standing(db, public_id) if public_id else None
    if me is None or request.blueprint in STAFF:
        known.state = state_for_all(db)
    else:
        known.state = me.state_at(study.clock())
        known.language = offered(me.language) if me.language else known.language
    if request.endpoint not in READ_ON or request.method != "GET":
        stop_reading()


def reading() -> Look:
    """What the request reads on, in one state of the database, until it stops or ends."""
    if "look" not in g:
        g.look = served().store.look()
    found: Look = g.look
    return found


def stop_reading(error: BaseException | None = None) -> None:
    """Give the connection back, where the request has one."""
    if (db := g.pop("look", None)) is not None:
        db.close()


def know_browser() -> None:
    """Set what is known without the database: the language that the browser asks for."""
    g.annotator, g.state = None, "open"
    wanted = _wanted(request.headers.get("Accept-Language", ""), served().bundle.settings.languages)
    staff = request.blueprint in STAFF  # whose pages are English
    g.language = "en" if staff else offered(session.get("language") or wanted)


@lru_cache(maxsize=1024)
def _wanted(header: str, languages: tuple[str, ...]) -> str | None:
    """Which of the languages a browser asks for; browsers of one kind ask alike."""
    return parse_accept_header(header, LanguageAccept).best_match(languages)


def offered(language: str | None) -> str:
    """The language where the study speaks it, else the study's first."""
    languages = served().bundle.settings.languages
    return language if language in languages else languages[0]


def words() -> dict[str, object]:
    """The variables of every template: t(key, ...), the language and its direction, the task."""
    known = g._get_current_object()  # to ask the proxy for each of them is expensive
    language = known.get("language", "en")
    kept: dict[str, dict[str, object]] = current_app.extensions["words"]
    if language not in kept:
        kept[language] = _words_in(language)
    return {
        **kept[language],
        "for_staff": request.blueprint in STAFF,
        "annotator": known.get("annotator"),
    }


def _words_in(language: str) -> dict[str, object]:
    """Those variables that are the same for all who read a language."""
    bundle = served().bundle
    settings = bundle.settings
    return {
        "t": partial(say, strings(language)),
        "task": bundle.task,
        "language": language,
        "direction": direction_of(language),
        "languages": {code: name_of(code) for code in settings.languages},
        "study": bundle.study,
        "title": settings.text(settings.title, language),
        "settings": settings,
        "address": address,
        "csrf_token": csrf_token,
        "once": once,
    }


def strings(language: str) -> Mapping[str, str]:
    """All strings in a language, put together once for each."""
    kept: dict[str, Mapping[str, str]] = current_app.extensions["strings"]
    if language not in kept:
        kept[language] = with_task(language, served().bundle.task.words)
    return kept[language]


def address(endpoint: str, position: int | None = None) -> str:
    """The path of a page; to build it anew for every answer is expensive."""
    kept: dict[tuple[str, int | None], str] = current_app.extensions["addresses"]
    name = (endpoint, position)
    if name not in kept:
        kept[name] = url_for(endpoint) if position is None else url_for(endpoint, position=position)
    return kept[name]


def once(template: str, key: Hashable = "", **values: object) -> Markup:
    """A part of a page that is the same for all who read it in one language: rendered for the
    first of them, and kept. key: what tells it from others of its template."""
    kept: dict[tuple[Hashable, ...], Markup] = current_app.extensions["parts"]
    name = (template, key, g.language)
    if name not in kept:
        kept[name] = Markup(render_template(template, **values))
    return kept[name]


def page(template: str, status: int = 200, **values: object) -> tuple[str, int]:
    """A page and its status code."""
    return render_template(template, **values), status


def lost(key: str = "lost") -> Page:
    """The page for a browser that the site does not know, which says how to go on."""
    return page("error.html", 403, key=key)


def end(
    template: str,
    ending: str,
    status: int = 200,
    outside: Mapping[str, str] | None = None,
    leads: bool = True,
    **values: object,
) -> Page:
    """A page at which somebody's way ends, with the code and the way back to the service.

    outside: the parameters with which a stranger came. leads: the page goes there by itself, in a
    while, also without scripts; not for who asked to stay.
    """
    platform, me = served().bundle.settings.platform, g.annotator
    code, stay = platform.codes.get(ending, ""), {**request.args, **(outside or {}), "stay": "yes"}
    if me:
        given = code_given(served().bundle, me.stage, g.state, me.public_id, me.completion_code)
        code = given or code
        with served().store.read() as db:
            outside = outside_of(db, me.id)
    way = platform.way_back(ending, code, outside or {})
    turk = session.get("turk") if platform.framed and code else None
    leave = LEAVE if way and leads and "stay" not in request.args else 0
    shown = {"ending": ending, "code": code, "way": way, "turk": turk, "leave": leave}
    text = render_template(template, stay=urlencode(stay), **shown, **values)
    return (text, status, {"Refresh": f"{leave};url={way}"}) if leave else (text, status)


def stopped(status: int = 200, outside: Mapping[str, str] | None = None) -> Page:
    """The page of a study that is paused or closed, or of a link that has ended while the study
    goes on, with a code for what was done so far."""
    me = g.annotator
    ending = ending_of(me.stage if me else "", g.state)
    over = bool(me) and me.state != "closed" and me.is_over(served().clock())
    return end("stopped.html", ending, status, outside, over=over)


def at(*stages: str) -> Callable[[Callable[P, Page]], Callable[P, Page]]:
    """Show the page to annotators at one of `stages`; others are led to where they stand."""

    def decorate(view: Callable[P, Page]) -> Callable[P, Page]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Page:
            if g.annotator is None:
                return lost()
            if g.annotator.stage not in stages:
                return redirect(url_for("pages.study"), 303)
            if g.state != "open" and g.annotator.stage not in ("finished", "failed", "withdrawn"):
                return stopped(409 if request.method == "POST" else 200)
            return view(*args, **kwargs)

        return guarded

    return decorate
