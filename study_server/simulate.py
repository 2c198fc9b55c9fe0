"""Simulated annotators that take part through the real site; their rows stay marked for ever.

They know nothing of methods. What a perfect observer sees in an item is drawn from its directions'
names alone, so that careful annotators agree with each other and no method is better than another.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmark.core.errors import BenchError, one_line, unknown
from study_server.bundle import Lesson
from study_server.links import Links
from study_server.tasks.question import Answer, Value
from study_server.tasks.task import ANY_WORD, Source, Task
from study_server.visitor import Visitor

PATIENCE = 30.0  # seconds for which a bot waits for a place
CAREFUL_ERROR = 0.05  # share of careful answers that differ from the truth
BIAS = 0.7  # share of a biased annotator's no that become a yes


@dataclass(frozen=True)
class Bot:
    """One simulated annotator: how it answers, its stream, the items, and what is asked."""

    profile: str
    rng: random.Random
    sources: Mapping[str, tuple[Source, ...]]
    task: Task

    def answers(self, item_id: str) -> dict[str, str]:
        """Form fields for one item."""
        said = PROFILES[self.profile](self, item_id)
        return self.task.fields(self.task.asked(said))

    def truth(self, item_id: str) -> Answer:
        """What a perfect observer would say, to every question."""
        shown = self.sources[item_id]
        names = (f"{s.generator}/{s.method}/{s.direction}/{s.check}" for s in shown)
        return self.task.truth(shown, random.Random(" ".join(names)))


def careful(bot: Bot, item_id: str) -> Answer:
    """The truth, with a few slips in what everybody is asked."""
    said = bot.truth(item_id)
    slips = {q.name: bot.rng.random() < CAREFUL_ERROR for q in bot.task.always}
    for question in bot.task.always:
        if slips[question.name]:
            said[question.name] = _another(bot.rng, question.offers, said[question.name])
    return said


def careless(bot: Bot, item_id: str) -> Answer:
    """A random answer to every question."""
    yes_no = [q for q in bot.task.questions if q.kind == "yes_no"]
    return bot.task.guess(bot.rng) | {q.name: bot.rng.random() < 0.5 for q in yes_no}


def biased(bot: Bot, item_id: str) -> Answer:
    """The truth, but a no becomes a yes more often than not."""
    said = careful(bot, item_id)
    for question in bot.task.always:
        if question.kind == "yes_no":
            said[question.name] = said[question.name] or bot.rng.random() < BIAS
    return said


def straight(bot: Bot, item_id: str) -> Answer:
    """Yes, or the first choice, always; the first word that is offered, where one must be given."""
    first = {q.name: q.offers[0] for q in bot.task.questions if q.offers}
    texts = [q for q in bot.task.questions if q.kind == "text" and q.required]
    return first | {q.name: (*q.suggestions("en"), ANY_WORD)[0] for q in texts}


PROFILES: dict[str, Callable[[Bot, str], Answer]] = {
    "careful": careful,
    "careless": careless,
    "biased": biased,
    "straight": straight,
}


def _another(rng: random.Random, values: Sequence[Value], said: Value) -> Value:
    others = [value for value in values if value != said]
    return others[0] if len(others) == 1 else rng.choice(others)


def take_part(base: str, token: str, bot: Bot, lessons: list[Lesson], links: Links) -> int:
    """Let one bot take part over HTTP from start to end; returns how many items it judged, none
    where the study is full.

    links: reads from a form's ticket which item it shows. Raises BenchError where the site answers
    otherwise than expected.
    """
    visitor = Visitor(base)
    try:
        _expect(visitor.get(f"/join/{token}").status)
        if visitor.last.path == "/consent" and visitor.last.hidden:  # no form: the study is full
            _expect(visitor.post({"choice": "agree"}).status)
        if visitor.last.path == "/instructions":
            _expect(visitor.post({}).status)
        if visitor.last.path == "/quiz":
            _expect(visitor.post(_quiz(bot.task, lessons)).status)
        count = 0
        give_up = time.monotonic() + PATIENCE
        while visitor.last.path.startswith("/items") and time.monotonic() < give_up:
            if visitor.last.path == "/items":  # all that is left is leased to other bots
                time.sleep(0.2)
                _expect(visitor.post({}).status)
                continue
            ticket = links.read_ticket(visitor.last.hidden["ticket"])
            assert ticket is not None  # the bots' links are of this study
            _expect(visitor.post(bot.answers(ticket.item_id)).status)
            give_up = time.monotonic() + PATIENCE
            count += 1
        return count
    finally:
        visitor.close()


def run_bots(work: Sequence[Callable[[], int]], threads: int = 4) -> list[int]:
    """Run all participations, a few at a time; returns the counts. Raises the first error."""
    counts: list[int] = []
    errors: list[BaseException] = []
    queue, lock = list(reversed(work)), threading.Lock()

    def loop() -> None:
        while not errors:
            with lock:
                if not queue:
                    return
                job = queue.pop()
            try:
                count = job()
            except Exception as error:  # noqa: BLE001 - a task of anyone's may raise anything
                errors.append(error)
            else:
                with lock:
                    counts.append(count)

    crew = [threading.Thread(target=loop) for _ in range(threads)]
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    if errors:
        raise BenchError(f"the simulation stopped: {one_line(errors[0])}")
    return counts


def check_profile(profile: str) -> None:
    """Raises BenchError for a profile that does not exist."""
    if profile not in PROFILES:
        raise unknown("profile", profile, PROFILES)


def _quiz(task: Task, lessons: list[Lesson]) -> dict[str, str]:
    """The right answers; where any answer is right, no or the last choice."""
    quiz = [lesson for lesson in lessons if lesson.role == "quiz"]
    return {
        f"{name}-{n}": text
        for n, lesson in enumerate(quiz)
        for q in task.quiz
        for name, text in q.fields(lesson.right.get(q.name, q.offers[-1])).items()
    }


def _expect(status: int) -> None:
    if status != 200:
        raise BenchError(f"the site answered {status}; is the study open?")
