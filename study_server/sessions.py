"""Sessions in signed cookies, kept where the clock was set back since they began."""

from copy import deepcopy
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from study_server.steady_clock import now

MANY = 4096  # cookies that are remembered; with more, all are read anew


class _Signer(TimestampSigner):
    """Signs with the site's clock."""

    def get_timestamp(self) -> int:
        return int(now())


class Sessions(SecureCookieSessionInterface):
    """Flask's own sessions with the signer above. A browser sends one cookie again and again, and
    to check its signature is expensive: it is done once."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[dict[str, Any], float]] = {}  # contents, when they were signed

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = _Signer
        return serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request; an empty one without a cookie of ours that is still good."""
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        try:
            contents, signed_at = self._read.get(cookie) or self._check(app, cookie)
        except BadSignature:
            return self.session_class()
        # A moment still to come is one of a clock since set back: the cookie is new, and to refuse
        # it would shut people out until that moment.
        if now() - signed_at > app.permanent_session_lifetime.total_seconds():
            return self.session_class()
        return self.session_class(
            {name: v if isinstance(v, str) else deepcopy(v) for name, v in contents.items()}
        )

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the session where it changed; Flask would look at all that a cookie could say also
        where it did not, which is nearly always."""
        if session.modified or "Vary" in response.headers:
            super().save_session(app, session, response)
        elif session.accessed:
            response.headers["Vary"] = "Cookie"

    def _check(self, app: Flask, cookie: str) -> tuple[dict[str, Any], float]:
        """Raises BadSignature for a cookie that is not ours."""
        serializer = self.get_signing_serializer(app)
        if serializer is None or not cookie:
            raise BadSignature("no key or no cookie")
        contents, signed = serializer.loads(cookie, return_timestamp=True)
        if len(self._read) >= MANY:
            self._read.clear()
        read = contents, signed.timestamp()
        self._read[cookie] = read  # another thread may forget it at once
        return read
