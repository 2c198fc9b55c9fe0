"""What the staff change for good, each asked once more before it is done: more ratings, somebody
replaced, somebody's answers erased."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, redirect, request, url_for

from benchmark.core.errors import BenchError
from study_server.decisions import given_reason
from study_server.erasure import erase_person
from study_server.raising import raise_ratings
from study_server.replacing import replace_person
from study_server.staff import signed_in
from study_server.visit import Page, page, served

blueprint = Blueprint("changing", __name__, url_prefix="/admin/change")


@dataclass(frozen=True)
class Change:
    """One kind of change. what: the form's field that names its object; asks: the question before
    it, with that in braces; warns: what comes of it; button: what the button that does it says."""

    what: str
    asks: str
    warns: str
    button: str


CHANGES = {
    "raise": Change(
        "ratings",
        "Ask for {} ratings of each item?",
        "This changes the plan that was fixed before the first answer: the analysis will say so, "
        "with this reason. It cannot be lowered again. The site asks for them from its next start "
        "on.",
        "Raise it",
    ),
    "replace": Change(
        "person",
        "Replace {}?",
        "Their answers are left out and their places open; nothing is deleted. Their own link lets "
        "nobody in any more. A new link takes over, in the same personal order.",
        "Replace them",
    ),
    "erase": Change(
        "person",
        "Erase all answers of {}?",
        "Their answers and their number at the service are deleted for good. What stays is a "
        "row with their random number, when they came, their consent, their code and the staff's "
        "decisions; that they were erased, when, why, and how many answers there were.",
        "Erase for good",
    ),
}


@blueprint.post("/<any('raise', 'replace', 'erase'):kind>")
@signed_in
def change(kind: str) -> Page:
    """Ask once more; then do it."""
    change, reason = CHANGES[kind], request.form.get("reason", "")
    what = request.form.get(change.what, "").strip()
    try:
        if request.form.get("sure") == "yes":
            return redirect(DONE[kind](what, reason), 303)
        given_reason(reason)
        if kind == "raise":
            _number(what)
    except BenchError as error:
        return _ask(kind, what, reason, str(error), 422)
    return _ask(kind, what, reason, "")


def _ask(kind: str, what: str, reason: str, fault: str, status: int = 200) -> Page:
    given = {"kind": kind, "change": CHANGES[kind], "what": what, "reason": reason}
    return page("admin/sure.html", status, fault=fault, **given)


def _raise(ratings: str, reason: str) -> str:
    raise_ratings(served(), _number(ratings), reason)
    return url_for("admin.overview")


def _replace(person: str, reason: str) -> str:
    return url_for("invitations.one", annotator=replace_person(served(), person, reason))


def _erase(person: str, reason: str) -> str:
    erase_person(served(), person, reason)
    return url_for("admin.people")


DONE: dict[str, Callable[[str, str], str]] = {
    "raise": _raise,
    "replace": _replace,
    "erase": _erase,
}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise BenchError(f"give a whole number of ratings, not '{text[:20]}'")
    return int(text)
