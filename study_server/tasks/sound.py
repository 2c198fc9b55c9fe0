"""Whether a task can be put to people: what is wrong with its questions, or with its score."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmark.core.errors import BenchError, one_line
from study_server.tasks.question import KINDS, NAME, Question

if TYPE_CHECKING:
    from study_server.tasks.task import Task

RESERVED = {  # columns of an export, and keys of the page
    *("generator", "method", "direction", "generator_2", "method_2", "direction_2", "annotator"),
    *("repeat", "revision", "seconds", "check", "simulated", "language", "created_at", "study"),
    *("excluded", "excluded_at"),
    *("mos", "score", "ticket", "csrf_token"),
}
TAKEN_KEYS = {"p"}  # plays the pictures


def check_task(task: "Task") -> None:
    """Raises BenchError with the first fault of the task."""
    for fault in _faults(task):
        raise BenchError(f"the task {task.name}: {fault}")


def _faults(task: "Task") -> Iterator[str]:
    if task.shows not in (1, 2):
        yield f"it shows {task.shows} directions; a page has room for 1 or 2"
    if not task.questions:
        yield "it asks nothing"
    earlier: dict[str, Question] = {}
    for q in task.questions:
        if not NAME.fullmatch(q.name) or q.name in RESERVED or q.name in earlier:
            yield f"'{q.name}' cannot be the name of a question: taken, or no small letters"
        if q.kind not in KINDS:
            yield f"the question {q.name} is of kind '{q.kind}'; there are {', '.join(KINDS)}"
        if not q.say("en", "ask"):
            yield f"the question {q.name} has no words to ask it by: words={{'en': {{'ask': ...}}}}"
        if q.kind == "one_of" and len(q.options) < 2:
            yield f"the question {q.name} offers fewer than two choices"
        if TAKEN_KEYS & set(q.keys):
            yield f"the question {q.name}: the key {', '.join(TAKEN_KEYS)} plays the pictures"
        for name, value in q.asked_if.items():
            if name not in earlier or value not in earlier[name].offers:
                yield f"{q.name} waits for {name} = {value!r}, which no question before it offers"
        if q.own and not (
            q.other and q.own in {e.name for e in task.questions if e.kind == "text"}
        ):
            yield f"the question {q.name} has its own words from '{q.own}', which is no text"
        earlier[q.name] = q
    yield from _unscored(task)


def _unscored(task: "Task") -> Iterator[str]:
    """Answers that `score` cannot take."""
    for answer in task.possible():
        try:
            task.score(answer)
        except Exception as error:  # noqa: BLE001 - it is anyone's code
            yield (
                f"score() fails for the answer {answer}: {one_line(error)}; it holds what was "
                "asked and given, nothing else"
            )
