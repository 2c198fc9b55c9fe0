"""The application factory: `create_app(served)` gives the WSGI application of one study."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import Flask, g, request, url_for
from flask_wtf.csrf import CSRFError
from jinja2 import ChoiceLoader, DictLoader, PackageLoader
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from benchmark.core.failures import in_one_line
from study_server import (
    admin,
    changing,
    entrance,
    invitation_pages,
    judging,
    pages,
    preview,
    rights,
    staff,
)
from study_server.faults import place_of
from study_server.front import DIRECT, Door, Front
from study_server.gate import OF_STAFF, Gate
from study_server.security import (
    NO_DATABASE,
    STAFF,
    ForeignForm,
    has_cookie,
    log,
    protect,
    start_clock,
)
from study_server.sentences import texts
from study_server.served import Served
from study_server.sessions import Sessions
from study_server.trouble import advice, is_trouble
from study_server.turns import Turns
from study_server.visit import know_browser, know_visitor, page, served, stop_reading, words

P = ParamSpec("P")
T = TypeVar("T")
RETRY_SECONDS = 10  # after which a page asks again where the database is in trouble


def create_app(study: Served, front: Front = DIRECT, processes: int = 1) -> Flask:
    """The site of one study. front: its address as annotators see it; processes: how many, this
    one among them, serve the site."""
    app = _Site(__name__)
    app.config["SECRET_KEY"] = study.bundle.secrets["secret_key"]
    app.session_interface = Sessions()
    app.extensions["served"] = study
    app.extensions["addresses"] = {}  # kept by `visit.address`
    app.extensions["parts"] = {}  # of pages, kept by `visit.once`
    app.extensions["strings"] = {}  # by language, kept by `visit.strings`
    app.extensions["words"] = {}  # likewise, by `visit.words`
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    task = study.bundle.task
    own_page = in_one_line(f"the task {task.name} failed in page()", task.page)
    task_page = DictLoader({judging.PAGE: own_page})
    app.jinja_loader = ChoiceLoader([task_page, PackageLoader("study_server")])
    app.before_request(start_clock)
    app.before_request(know_browser)
    turns = study.store.turns
    _guard_database(app, turns)
    app.before_request(know_visitor)
    app.teardown_request(stop_reading)
    framed = study.bundle.settings.platform.framed
    protect(app, study.bundle.study, front, processes, framed)
    app.context_processor(words)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _failed)
    for part in (
        *(entrance, pages, judging, rights),
        *(staff, admin, invitation_pages, changing, preview),
    ):
        app.register_blueprint(part.blueprint)
    paths = {rule.rule for rule in app.url_map.iter_rules()}
    app.wsgi_app = Door(turns.each(app.wsgi_app), front, paths)  # type: ignore[method-assign]
    return app


class _Site(Flask):
    def ensure_sync(self, func: Callable[P, T]) -> Callable[P, T]:
        """The function itself: none of the site's is a coroutine, and to ask that of each, a dozen
        times in a request, takes longer than to run some of them."""
        return func


def _refused(error: HTTPException) -> Response | tuple[str, int]:
    """A page in the visitor's language for everything that is answered with an error code."""
    code: int = error.code or 500
    if error.response is not None or code < 400:
        return error.get_response()
    g.setdefault("language", "en")
    g.setdefault("annotator", None)
    return page("error.html", code, key=_key(error, code))


def _key(error: HTTPException, code: int) -> str:
    """Which text tells what was wrong, and what to do."""
    if isinstance(error, CSRFError) and not has_cookie():
        return "cookies"
    if isinstance(error, CSRFError) and g.annotator is None:
        return "lost"
    if isinstance(error, ForeignForm):
        return "foreign"
    return str(code) if f"error.{code}" in texts("en") else "400"


def _guard_database(app: Flask, turns: Turns) -> None:
    """Let only so many requests at once ask the database; see `gate`."""
    gate, of_staff = Gate(), Gate(OF_STAFF)

    def enter() -> None:
        g.entered = []
        staff = request.blueprint in STAFF
        if request.endpoint not in NO_DATABASE:
            with turns.away():
                for one in (of_staff, gate) if staff else (gate,):
                    g.entered.append((one, one.enter()))
        if staff:  # an overview or an export may take seconds
            turns.give()

    def leave(error: BaseException | None) -> None:
        for one, since in g.pop("entered", ()):
            one.leave(since, g.get("in_trouble", False))

    app.before_request(enter)
    app.teardown_request(leave)


def _failed(error: Exception) -> tuple[str, int] | tuple[str, int, dict[str, str]]:
    """A fault of ours: the log names the route and the place."""
    if is_trouble(error):
        return _in_trouble(error)
    route = request.url_rule.rule if request.url_rule else "-"
    log.error("%s %s failed: %s", request.method, route, place_of(error))
    return page("error.html", 500, key="500")


def _in_trouble(error: Exception) -> tuple[str, int, dict[str, str]]:
    """The database is in trouble: a page that tries again by itself. An answer to an item is not
    acknowledged, and stays in the page to be sent again: its ticket makes that harmless, whether it
    was stored or not."""
    g.in_trouble = True
    log.error("%s", advice(error, served().store.name))
    key, again = "503", {"method": "get", "action": request.script_root + request.path}
    fields: list[tuple[str, str]] = []
    if request.method == "POST" and request.endpoint == "judging.answer":
        key, again["method"] = "503.answer", "post"
        fields = list(request.form.items(multi=True))
    elif request.method == "GET":
        fields = list(request.args.items(multi=True))
    else:
        start = "admin.overview" if request.blueprint in STAFF else "pages.study"
        again["action"] = url_for(start)
    text, status = page(
        "error.html", 503, key=key, again=again, fields=fields, seconds=RETRY_SECONDS
    )
    return text, status, {"Retry-After": str(RETRY_SECONDS)}
