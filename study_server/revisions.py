"""The study's answers as tidy rows: one for each revision, and what its item is.

They come a part at a time, each column for itself: what only passes them on needs no frame, and no
more memory for a hundred thousand answers than for a few thousand.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmark.core.judgments import DIRECTION, SECOND
from study_server.bundle import Bundle
from study_server.decisions import decisions, left_out
from study_server.models import Annotator, Judgment
from study_server.tasks.question import Answer
from study_server.tasks.task import Task

PART = 5_000  # rows at once
SHOWN = (DIRECTION, SECOND)  # of the directions on a page, by place
OWN = ["repeat", "revision", "seconds", "simulated", "language", "created_at"]
LAST = ["repeat", "revision", "seconds", "check", "simulated", "language", "created_at", "study"]
DECIDED = ["excluded", "excluded_at"]  # which exports of earlier versions lack

Columns = dict[str, list[Any]]


def columns(task: Task) -> list[str]:
    """The columns: what was shown, who answered, the questions that everybody is asked, the score,
    the questions that only some are asked, and all that every task has; at the end why and when
    the staff left the annotator out."""
    always = [q.name for q in task.questions if not q.asked_if]
    waiting = [q for q in task.questions if q.asked_if]
    sometimes = [q.name for q in sorted(waiting, key=lambda q: q.kind == "text")]
    shown = [name for names in SHOWN[: task.shows] for name in names]
    return [*shown, "annotator", *always, task.score_name, *sometimes, *LAST, *DECIDED]


def parts_in(db: Session, bundle: Bundle, simulated: bool | None = None) -> Iterator[Columns]:
    """All revisions of all answers, in the order in which they came; columns as in `columns`.

    Of two directions on a page the second is generator_2, method_2, direction_2. The score is what
    the task makes of the answer. A question that was not asked or answered holds None. repeat: 0
    for the first showing, 1 for the hidden second. revision: 0 for the first answer. check: None,
    "good" or "still". simulated: whether a bot gave the answer. created_at: seconds since the
    epoch. study: its id. excluded: the reason why the staff left the annotator out, None where they
    did not; excluded_at: when, as created_at.

    simulated: the answers of bots alone, or of people alone.
    """
    connection, task = db.connection(), bundle.task
    people = dict(connection.execute(PEOPLE).all())
    out = left_out(decisions(db))
    reasons = {n: out[name].reason if name in out else None for n, name in people.items()}
    moments = {n: out[name].at if name in out else None for n, name in people.items()}
    of_item = {
        name: {item: getattr(sources[place], field) for item, sources in bundle.sources.items()}
        for place, names in enumerate(SHOWN[: task.shows])
        for name, field in zip(names, DIRECTION, strict=True)
    }
    checks = {item: check or None for item, check in bundle.checks.items()}
    of_answer: dict[str, Callable[[Answer], Any]] = {
        **{q.name: partial(_given, name=q.name) for q in task.questions},
        task.score_name: task.score,
    }
    query = ROWS if simulated is None else ROWS.where(Judgment.simulated == simulated)
    found = connection.execute(query, execution_options={"yield_per": PART})
    names = columns(task)
    for rows in found.partitions():
        items, numbers, answers, *own = zip(*rows, strict=True)
        said: dict[str, dict[str, Any]] = {name: {} for name in of_answer}  # by answer as stored
        for text in set(answers):  # many are alike: each is read once
            answer: Answer = json.loads(text)
            for name, read in of_answer.items():
                said[name][text] = read(answer)
        part = dict(zip(OWN, map(list, own), strict=True))
        part |= {name: _each(items, known) for name, known in of_item.items()}
        part |= {name: _each(answers, known) for name, known in said.items()}
        part["check"] = _each(items, checks)
        part["annotator"] = _each(numbers, people)
        part["excluded"] = _each(numbers, reasons)
        part["excluded_at"] = _each(numbers, moments)
        part["study"] = [bundle.study] * len(rows)
        yield {name: part[name] for name in names}


PEOPLE = select(Annotator.id, Annotator.public_id)
ROWS = select(
    Judgment.item_id,
    Judgment.annotator_id,
    Judgment.answer,
    *(getattr(Judgment, name) for name in OWN),
).order_by(Judgment.id)


def _given(answer: Answer, name: str) -> Any:
    """What an answer says to a question; an empty text is none."""
    value = answer.get(name)
    return None if value == "" else value


def _each(keys: Iterable[Any], values: dict[Any, Any]) -> list[Any]:
    return list(map(values.__getitem__, keys))
