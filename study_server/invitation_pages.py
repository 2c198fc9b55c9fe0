"""The staff's page of personal links: made, named, copied, shown as a code for a camera."""

import tempfile
from pathlib import Path

import segno
from flask import Blueprint, Response, abort, redirect, request, url_for
from markupsafe import Markup

from benchmark.core.errors import BenchError
from study_server import annotators
from study_server.front import opens_here_alone
from study_server.invitations import (
    MOST,
    Invitation,
    end_of,
    given_names,
    invitations,
    rename,
    write_invitations,
)
from study_server.staff import signed_in
from study_server.visit import Page, page, served

blueprint = Blueprint("invitations", __name__, url_prefix="/admin/invitations")


@blueprint.get("/")
@signed_in
def table() -> Page:
    """All personal links, and a form for more."""
    return _table("")


@blueprint.post("/")
@signed_in
def invite() -> Page:
    """Make personal links, one for each name, and more up to the number; without names and a
    number, one."""
    count = request.form.get("count", 0, type=int) if request.form.get("count") else 1
    study = served()
    try:
        names = given_names(request.form.get("names", "").splitlines())
        deadline = end_of(request.form.get("deadline", ""), study.clock())
        if not 1 <= max(count, len(names)) <= MOST:
            raise BenchError(f"make 1 to {MOST} links at once")
    except BenchError as error:
        return _table(str(error), 422)
    made = {"names": names, "deadline": deadline}
    annotators.invite(study.store, study.links, count, study.clock(), **made)  # type: ignore[arg-type]
    return redirect(url_for(".table"), 303)


@blueprint.post("/links.csv")
@signed_in
def links() -> Page:
    """The table as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "links.csv"
        write_invitations(_all(), url_for("entrance.home", _external=True).rstrip("/"), path)
        data = path.read_bytes()
    headers = {"Content-Disposition": 'attachment; filename="links.csv"'}
    return Response(data, mimetype="text/csv", headers=headers)


@blueprint.get("/<annotator>")
@signed_in
def one(annotator: str) -> Page:
    """One link, large enough for a camera to read it from the screen or from paper."""
    found = next((each for each in _all() if each.annotator == annotator), None)
    if found is None:
        abort(404)
    link = url_for("entrance.join", token=found.token, _external=True)
    code = segno.make(link, error="m", micro=False)
    drawn = Markup(code.svg_inline(scale=6, border=4, dark="black", light="white"))
    return page("admin/invitation.html", invitation=found, link=link, code=drawn)


@blueprint.post("/<annotator>")
@signed_in
def name(annotator: str) -> Page:
    """Give a link another name."""
    given = request.form.get("name", "")
    try:
        served().store.write(lambda db: rename(db, annotator, given))
    except BenchError as error:
        return _table(str(error), 422)
    return redirect(url_for(".one", annotator=annotator), 303)


def _table(fault: str, status: int = 200) -> Page:
    return page(
        "admin/invitations.html",
        status,
        fault=fault,
        invitations=_all(),
        most=MOST,
        here_alone=opens_here_alone(request.host_url),
    )


def _all() -> list[Invitation]:
    study = served()
    with study.store.read() as db:
        return invitations(db, study.links, study.clock())
