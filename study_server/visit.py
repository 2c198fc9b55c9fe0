"""One request: the study it belongs to, who asks, in which language, and pages in that language."""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache, partial, wraps
from typing import ParamSpec

from flask import current_app, g, redirect, render_template, request, session, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from study_server.security import csrf_token
from study_server.served import Served, state_of
from study_server.standing import find_standing
from study_server.texts import NAMES, say, with_task

NO_DATABASE = ("judging.image", "judging.style", "static")  # pages that wait for no database

P = ParamSpec("P")
Page = str | Response | tuple[str, int]


def served() -> Served:
    """The study that this site serves."""
    found: Served = current_app.extensions["served"]
    return found


def know_visitor() -> None:
    """Set `g.annotator` (None for a stranger), `g.state` of the study and `g.language`."""
    if request.endpoint in NO_DATABASE:
        return
    public_id = session.get("annotator")
    with served().store.look() as db:
        g.annotator = find_standing(db, public_id) if public_id else None
        g.state = g.annotator.state if g.annotator else state_of(db)
    if g.annotator and g.annotator.language:
        g.language = offered(g.annotator.language)


def know_browser() -> None:
    """Set what is known without the database: the language that the browser asks for."""
    g.annotator, g.state = None, "open"
    wanted = request.accept_languages.best_match(served().bundle.settings.languages)
    g.language = offered(session.get("language") or wanted)


def offered(language: str | None) -> str:
    """The language where the study speaks it, else the study's first."""
    languages = served().bundle.settings.languages
    return language if language in languages else languages[0]


def words() -> dict[str, object]:
    """The variables of every template: t(key, ...), names of languages, the task, settings."""
    language = g.get("language", "en")
    settings, task = served().bundle.settings, served().bundle.task
    return {
        "t": partial(say, _strings(language)),
        "task": task,
        "language": language,
        "languages": [(code, NAMES[code]) for code in settings.languages],
        "title": settings.text(settings.title, language),
        "settings": settings,
        "annotator": g.get("annotator"),
        "address": address,
        "csrf_token": csrf_token,
        "once": once,
    }


def _strings(language: str) -> Mapping[str, str]:
    """All strings in a language, put together once for each."""
    kept: dict[str, Mapping[str, str]] = current_app.extensions["strings"]
    if language not in kept:
        kept[language] = with_task(language, served().bundle.task.words)
    return kept[language]


@lru_cache(maxsize=4096)
def address(endpoint: str, position: int | None = None) -> str:
    """The path of a page; to build it anew for every answer is expensive."""
    return url_for(endpoint) if position is None else url_for(endpoint, position=position)


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


def at(*stages: str) -> Callable[[Callable[P, Page]], Callable[P, Page]]:
    """Show the page to annotators at one of `stages`; others are led to where they stand."""

    def decorate(view: Callable[P, Page]) -> Callable[P, Page]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Page:
            if g.annotator is None:
                return page("error.html", 403, code=403)
            if g.annotator.stage not in stages:
                return redirect(url_for("pages.study"), 303)
            if g.state != "open" and g.annotator.stage not in ("finished", "failed"):
                return page("stopped.html", 409 if request.method == "POST" else 200)
            return view(*args, **kwargs)

        return guarded

    return decorate
