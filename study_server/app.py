"""The application factory: `create_app(served)` gives the WSGI application of one study."""

import traceback

from flask import Flask, g, request
from jinja2 import ChoiceLoader, DictLoader, PackageLoader
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from benchmark.core.failures import in_one_line
from study_server import admin, judging, pages
from study_server.security import log, protect, start_clock
from study_server.served import Served
from study_server.texts import texts
from study_server.visit import know_visitor, page, words


def create_app(study: Served, behind_proxy: bool = False, processes: int = 1) -> Flask:
    """The site of one study. behind_proxy: trust one proxy's forwarded headers, HTTPS cookies;
    processes: how many, this one among them, serve the site."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = study.bundle.secrets["secret_key"]
    app.extensions["served"] = study
    app.extensions["parts"] = {}  # of pages, kept by `visit.once`
    app.extensions["strings"] = {}  # by language, kept by `visit.words`
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    task = study.bundle.task
    own_page = in_one_line(f"the task {task.name} failed in page()", task.page)
    task_page = DictLoader({judging.PAGE: own_page})
    app.jinja_loader = ChoiceLoader([task_page, PackageLoader("study_server")])
    if behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1)  # type: ignore[method-assign]
    app.before_request(start_clock)
    app.before_request(know_visitor)
    protect(app, behind_proxy, processes)
    app.context_processor(words)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _failed)
    for part in (pages, judging, admin):
        app.register_blueprint(part.blueprint)
    return app


def _refused(error: HTTPException) -> Response | tuple[str, int]:
    """A page in the visitor's language for everything that is answered with an error code."""
    code = error.code or 500
    if error.response is not None or code < 400:
        return error.get_response()
    g.setdefault("language", "en")
    g.setdefault("annotator", None)
    return page("error.html", code, code=code if f"error.{code}" in texts("en") else 400)


def _failed(error: Exception) -> tuple[str, int]:
    """A fault of ours: the log names the route and the place, never what was sent."""
    route = request.url_rule.rule if request.url_rule else "-"
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s %s failed: %s\n%s", request.method, route, type(error).__name__, where)
    return page("error.html", 500, code=500)
