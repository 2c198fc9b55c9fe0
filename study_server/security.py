"""What protects the site: headers, limits, cross-site checks, and a log that tells no secrets."""

import logging
import time
from collections.abc import Callable
from functools import lru_cache, wraps
from hmac import compare_digest
from typing import Any, TypeVar, cast

from flask import Flask, Response, abort, current_app, g, request, session
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer
from werkzeug.exceptions import Forbidden

from study_server.front import Front
from study_server.network import network
from study_server.platforms import FRAMES
from study_server.windows import Windows

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

NO_DATABASE = ("judging.image", "judging.style", "static")  # pages that wait for no database
A_SECOND = 50  # requests for one page by one person

STAFF = ("admin", "staff", "invitations", "changing")  # whose pages no other site may show
_POLICY = HEADERS["Content-Security-Policy"]
FRAMED = {name: value for name, value in HEADERS.items() if name != "X-Frame-Options"} | {
    "Content-Security-Policy": _POLICY.replace(
        "form-action 'self'", f"form-action 'self' {' '.join(FRAMES)}"
    ).replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(FRAMES)}")
}

View = TypeVar("View", bound=Callable[..., Any])

log = logging.getLogger("study")


class _Forms(CSRFProtect):  # type: ignore[misc]  # it says nothing of types
    """Flask-WTF's protection. The token that this process signed for the session, which nearly all
    forms bring, needs no look at its signature; nor at a Referer, which WTF_CSRF_SSL_STRICT would
    ask of it and which is off."""

    def protect(self, *args: Any, **options: Any) -> None:
        """Refuse a form whose token is not the session's."""
        if request.method not in current_app.config["WTF_CSRF_METHODS"]:
            return
        known, sent = session.get("csrf_token"), request.form.get("csrf_token", "")
        if known and compare_digest(sent.encode(), _own_token(known).encode()):
            g.csrf_valid = True
        else:
            super().protect(*args, **options)


csrf = _Forms()


windows = Windows()  # each process of the site counts by itself


def origin() -> str:
    """Whom a limit of what strangers may do counts: the network of the address."""
    return network(request.remote_addr or "")


def person() -> str:
    """Whom a limit counts: the person, or where a stranger comes from."""
    return str(session.get("annotator") or origin())


def limited(a_minute: int, who: Callable[[], str] = person) -> Callable[[View], View]:
    """Answer no more than so many requests a minute for a page by one of `who`. The whole site
    keeps the limit: each of its processes grants an equal part."""

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(*args: Any, **values: Any) -> Any:
            share = max(1, a_minute // current_app.config["PROCESSES"])
            if windows.count((request.endpoint, "minute", who()), 60) > share:
                abort(429)
            return view(*args, **values)

        return cast(View, counted)

    return decorate


def _stop_floods() -> None:
    """A person sends one answer in a second at most, and several dozen may share one address, so
    that it does no harm that each process counts by itself."""
    endpoint = request.endpoint
    if endpoint is None or endpoint in NO_DATABASE:  # many of these make one page
        return
    if windows.count((endpoint, person()), 1) > A_SECOND:
        abort(429)


class ForeignForm(Forbidden):
    """A form that a page of another site sent."""


def protect(app: Flask, study: str, front: Front, processes: int, framed: bool = False) -> None:
    """Register all protections on `app`. study: its id; a browser that takes part in two studies
    on one host keeps a cookie of each. processes: how many serve the site. framed: pages of MTurk
    may show it in a frame, to which browsers send no cookie but one like this."""
    app.config.update(
        PROCESSES=processes,
        SESSION_COOKIE_NAME=f"study-{study}",
        SESSION_COOKIE_PATH=front.prefix or "/",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="None" if framed else "Lax",
        SESSION_COOKIE_SECURE=framed or front.scheme == "https",
        SESSION_COOKIE_PARTITIONED=framed,
        FRAMED=framed,
        PERMANENT_SESSION_LIFETIME=60 * 24 * 3600,
        SESSION_REFRESH_EACH_REQUEST=False,  # to sign a cookie again for every page is expensive
        MAX_CONTENT_LENGTH=16 * 1024,
        MAX_FORM_MEMORY_SIZE=16 * 1024,
        MAX_FORM_PARTS=64,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: people pause for hours
        WTF_CSRF_SSL_STRICT=False,  # no Referer is no fault: see `_check_sender`
    )
    app.before_request(_check_content_type)
    app.before_request(_check_sender)
    csrf.init_app(app)
    app.before_request(_stop_floods)
    app.after_request(_finish)


def csrf_token() -> str:
    """The token of this visitor's forms. It stays good for as long as the session, so that it is
    signed once, not for every page."""
    if "csrf_token" not in g:
        known = session.get("csrf_token")
        g.csrf_token = _own_token(known) if known else generate_csrf()
    token: str = g.csrf_token
    return token


def _own_token(unsigned: str) -> str:
    return _signed(str(current_app.secret_key), unsigned)


@lru_cache(maxsize=4096)
def _signed(secret: str, unsigned: str) -> str:
    """What a session's token is in a form; signed as Flask-WTF does it, which checks the tokens of
    other processes."""
    return str(URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(unsigned))


def start_clock() -> None:
    """Note when the request began."""
    g.started = time.perf_counter()


def _check_content_type() -> None:
    if request.method == "POST" and request.mimetype not in FORM_TYPES:
        abort(415)


def _check_sender() -> None:
    """Refuse forms that a page of another site sent. Where the browser does not say whose page it
    was (no Origin, or "null", as some privacy settings make it), the form's token decides alone."""
    if request.method != "POST":
        return
    sender = request.headers.get("Origin", "null")
    own = sender in ("null", request.host_url.rstrip("/"))
    fetched = request.headers.get("Sec-Fetch-Site", "same-origin")
    if not (own and fetched in ("same-origin", "none")):
        log.warning("refused a form that another site sent, or --base is not the site's address")
        raise ForeignForm


def has_cookie() -> bool:
    """Whether the browser sent the site's cookie along."""
    return current_app.config["SESSION_COOKIE_NAME"] in request.cookies


def _finish(response: Response) -> Response:
    """Headers and the log line. The route is logged, never the path: it may hold a token."""
    framed = current_app.config["FRAMED"] and request.blueprint not in STAFF
    response.headers.extend(FRAMED if framed else HEADERS)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    route = request.url_rule.rule if request.url_rule else "-"
    milliseconds = 1000 * (time.perf_counter() - g.get("started", time.perf_counter()))
    level = logging.INFO if response.status_code < 500 else logging.WARNING
    log.log(level, "%s %s %d %.1f ms", request.method, route, response.status_code, milliseconds)
    return response
