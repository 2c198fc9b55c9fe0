"""Withdrawing from the study: at any time, from any page, without a reason."""

from flask import Blueprint, g, redirect, request
from sqlalchemy import select

from study_server import erasure
from study_server.codes import ending_before
from study_server.models import Erasure
from study_server.practice import Practice
from study_server.visit import Page, address, at, end, lost, page, served

blueprint = Blueprint("rights", __name__)


@blueprint.route("/withdraw", methods=["GET", "POST"])
def withdraw() -> Page:
    """Ask whether that is meant, and what it does; then do it, whatever the study's state."""
    if g.annotator is None:
        return lost()
    if g.annotator.stage != erasure.WITHDRAWN:
        if request.method == "GET":
            return page("withdraw.html")
        erasure.withdraw(served(), g.annotator.id)
        Practice(served().bundle, g.annotator.public_id).end()  # it is in this browser alone
    return redirect(address("rights.withdrawn"), 303)


@blueprint.get("/withdrawn")
@at(erasure.WITHDRAWN)
def withdrawn() -> Page:
    """What was erased and what is left; and the code, for who had come to an end before."""
    with served().store.read() as db:
        row = db.execute(select(Erasure).where(Erasure.annotator_id == g.annotator.id)).scalar_one()
    ending = ending_before(served().bundle, row.stage, g.annotator.completion_code)
    return end("withdrawn.html", ending, leads=False, answers=row.answers)
