"""Signing in and out of the staff's pages. A sign-in stands in the database, so that ending it ends
every copy of its cookie, in all processes that serve the site."""

import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import NamedTuple, ParamSpec

from flask import Blueprint, redirect, request, session, url_for
from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash

from study_server.models import StaffSession
from study_server.security import limited, log, origin
from study_server.visit import Page, page, served

blueprint = Blueprint("staff", __name__, url_prefix="/admin")

P = ParamSpec("P")
HOURS = 12  # that a sign-in lasts
HASH_VARIABLE = "STUDY_ADMIN_PASSWORD_HASH"  # replaces the bundle's hash where it is set


class SignIn(NamedTuple):
    """One sign-in that holds. began, until: UTC; here: of the browser that asks."""

    browser: str
    began: str
    until: str
    here: bool


def signed_in(view: Callable[P, Page]) -> Callable[P, Page]:
    """Show the page to the staff only; others are asked for the password."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Page:
        if not any(one.here for one in sign_ins()):
            return redirect(url_for("staff.sign_in"), 303)
        return view(*args, **kwargs)

    return guarded


def sign_ins() -> list[SignIn]:
    """All sign-ins that hold now, the newest first."""
    here = _sha256(session.get("staff", ""))
    with served().store.read() as db:
        rows = db.scalars(select(StaffSession).where(_holds()).order_by(StaffSession.until.desc()))
        return [
            SignIn(row.browser, _utc(row.created_at), _utc(row.until), row.token_sha256 == here)
            for row in rows
        ]


@blueprint.get("/sign-in")
def sign_in() -> Page:
    """The page that asks for the password."""
    return page("admin/sign_in.html", wrong=False)


@blueprint.post("/sign-in")
@limited(a_minute=10, who=origin)
def check_password() -> Page:
    """Compare the password with its hash, and begin a sign-in."""
    if not check_password_hash(_known_hash(), request.form.get("password", "")):
        log.warning("a wrong administration password was given")
        return page("admin/sign_in.html", 403, wrong=True)
    token, now = secrets.token_hex(16), served().clock()
    fresh = {
        "token_sha256": _sha256(token),
        "password_sha256": _sha256(_known_hash()),
        "browser": request.user_agent.string[:200],
        "created_at": now,
        "until": now + HOURS * 3600,
    }
    served().store.write(lambda db: db.add(StaffSession(**fresh)))
    session["staff"] = token
    return redirect(url_for("admin.overview"), 303)


@blueprint.post("/sign-out")
def sign_out() -> Page:
    """End this browser's sign-in."""
    if token := session.pop("staff", ""):
        _end(StaffSession.token_sha256 == _sha256(token))
    return redirect(url_for(".sign_in"), 303)


@blueprint.post("/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> Page:
    """End all sign-ins."""
    session.pop("staff")
    _end(_holds())
    return redirect(url_for(".sign_in"), 303)


def _end(which: ColumnElement[bool]) -> None:
    now = served().clock()
    ended = update(StaffSession).where(which, StaffSession.ended_at.is_(None)).values(ended_at=now)

    def end(db: Session) -> None:
        db.execute(ended)

    served().store.write(end)


def _holds() -> ColumnElement[bool]:
    """Whether a sign-in holds now, by the password of now."""
    return and_(
        StaffSession.ended_at.is_(None),
        StaffSession.until > served().clock(),
        StaffSession.password_sha256 == _sha256(_known_hash()),
    )


def _known_hash() -> str:
    return os.environ.get(HASH_VARIABLE) or served().bundle.secrets["admin_password_hash"]


def _utc(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
