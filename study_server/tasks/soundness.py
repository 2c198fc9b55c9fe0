"""Whether a task can be put to people: what is wrong with its questions, or with its score."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from benchmark.core.errors import one_line
from study_server.tasks.question import KINDS, NAME, Answer, Question

RESERVED = {  # columns of an export, and keys of the page
    *("generator", "method", "direction", "generator_2", "method_2", "direction_2", "annotator"),
    *("repeat", "revision", "seconds", "check", "simulated", "language", "created_at", "study"),
    *("excluded", "excluded_at"),
    *("ticket", "csrf_token"),
}
SCORES = {"mos", "score"}  # columns that hold what an answer is worth
TAKEN_KEYS = {"p"}  # plays the pictures
CATEGORY = "category"  # names the kind of change, of those that study.toml has


def faults(
    shows: int,
    questions: Sequence[Question],
    answers: Iterable[Answer],
    score: Callable[[Answer], float | None],
    score_name: str,
) -> Iterator[str]:
    """What is wrong, a sentence each. answers: all that can be given, asked for last."""
    taken = RESERVED | SCORES | {score_name}
    if shows not in (1, 2):
        yield f"it shows {shows} directions; a page has room for 1 or 2"
    if not questions:
        yield "it asks nothing"
    earlier: dict[str, Question] = {}
    for q in questions:
        if not NAME.fullmatch(q.name) or q.name in taken or q.name in earlier:
            yield f"'{q.name}' cannot be the name of a question: taken, or no small letters"
        if q.name == CATEGORY and not q.of_settings:
            yield f"a question called '{CATEGORY}' offers those of study.toml: of_settings=True"
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
        if q.own and not (q.other and q.own in {e.name for e in questions if e.kind == "text"}):
            yield f"the question {q.name} has its own words from '{q.own}', which is no text"
        earlier[q.name] = q
    if not NAME.fullmatch(score_name) or score_name in RESERVED:
        yield f"'{score_name}' cannot be the name of the score: taken, or no small letters"
    yield from _unscored(answers, score, shows)


def _unscored(
    answers: Iterable[Answer], score: Callable[[Answer], float | None], shows: int
) -> Iterator[str]:
    """Answers that `score` cannot take, or whose score no analysis takes."""
    for answer in answers:
        try:
            worth = score(answer)
        except Exception as error:  # noqa: BLE001 - it is anyone's code
            yield (
                f"score() fails for the answer {answer}: {one_line(error)}; it holds what was "
                "asked and given, nothing else"
            )
            continue
        if shows == 1 and worth not in (0, 1, None):
            yield f"score() is {worth!r} for {answer}; of one direction it is 0, 1 or None"
            return
