"""An answer, and where its annotator goes on: the steps around the write transaction.

Before anybody waits or is finished for want of a place, the ratings that fill the places are
screened, outside the transaction, so that other answers need not wait for it. Who has judged all
that they were to judge does not wait for that themselves.
"""

from dataclasses import replace

from study_server import annotators
from study_server.assignment import Step
from study_server.counting import screen_later, screen_now
from study_server.links import Ticket
from study_server.recording import Outcome, record
from study_server.served import Served
from study_server.tasks.question import Answer


def take(study: Served, ticket: Ticket, answer: Answer, simulated: bool) -> Outcome:
    """Store an answer, and find out where the annotator goes on. Raises ValueError where it does
    not fit the study's task."""
    bundle, now = study.bundle, study.clock()
    outcome = study.store.change(lambda db: record(db, ticket, answer, bundle, now))
    step = _settled(study, ticket.annotator_id, simulated, outcome.step)
    return replace(outcome, step=step)


def proceed(study: Served, annotator_id: int, simulated: bool) -> Step:
    """Lease the annotator's next item, or find out why there is none."""
    bundle, now = study.bundle, study.clock()
    step = study.store.write(lambda db: annotators.resume(db, annotator_id, bundle, now))
    return _settled(study, annotator_id, simulated, step)


def _settled(study: Served, annotator_id: int, simulated: bool, step: Step) -> Step:
    if step.status == "finished":
        screen_later(study, simulated)
    if step.status not in ("wait", "full"):
        return step
    screened = screen_now(study, simulated, wait=False)
    bundle, now = study.bundle, study.clock()
    return study.store.write(lambda db: annotators.resume(db, annotator_id, bundle, now, screened))
