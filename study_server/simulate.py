"""Simulated annotators that take part through the real site; their rows stay marked for ever.

They know nothing of methods. Every direction has a quality drawn from its number alone, so that
careful annotators agree with each other and no method is better than another.
"""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmark.core.errors import BenchError, unknown
from study_server.bundle import Lesson, Source
from study_server.links import Links
from study_server.visitor import Visitor

CLEAR_SHARE = 0.5  # of directions are of the clear kind
CAREFUL_ERROR = 0.05  # share of careful answers that differ from the truth


@dataclass(frozen=True)
class Bot:
    """One simulated annotator: how it answers, its stream, and what the items are."""

    profile: str
    rng: random.Random
    sources: Mapping[str, Source]
    categories: tuple[str, ...]

    def answers(self, item_id: str) -> dict[str, str]:
        """Form fields for one item."""
        consistent, single, category = PROFILES[self.profile](self, item_id)
        fields = {
            name: "yes" if yes else "no"
            for name, yes in (("consistent", consistent), ("single", single))
        }
        return fields | ({"category": category} if consistent and single else {})

    def truth(self, item_id: str) -> tuple[bool, bool, str]:
        """What a perfect observer would say."""
        source = self.sources[item_id]
        rng = random.Random(f"{source.generator}/{source.method}/{source.direction}/{source.check}")
        category = rng.choice(self.categories)
        if source.check:
            return source.check == "good", source.check == "good", category
        return rng.random() < CLEAR_SHARE, rng.random() < 0.7, category


def careful(bot: Bot, item_id: str) -> tuple[bool, bool, str]:
    """The truth, with a few slips."""
    consistent, single, category = bot.truth(item_id)
    slips = [bot.rng.random() < CAREFUL_ERROR for _ in range(2)]
    return consistent != slips[0], single != slips[1], category


def careless(bot: Bot, item_id: str) -> tuple[bool, bool, str]:
    """A coin."""
    return bot.rng.random() < 0.5, bot.rng.random() < 0.5, bot.rng.choice(bot.categories)


def biased(bot: Bot, item_id: str) -> tuple[bool, bool, str]:
    """The truth, but a no becomes a yes more often than not."""
    consistent, single, category = careful(bot, item_id)
    return consistent or bot.rng.random() < 0.7, single or bot.rng.random() < 0.7, category


def straight(bot: Bot, item_id: str) -> tuple[bool, bool, str]:
    """Yes, yes and the first category, always."""
    return True, True, bot.categories[0]


PROFILES: dict[str, Callable[[Bot, str], tuple[bool, bool, str]]] = {
    "careful": careful,
    "careless": careless,
    "biased": biased,
    "straight-lining": straight,
}


def take_part(base: str, token: str, bot: Bot, lessons: list[Lesson], links: Links) -> int:
    """One bot's whole participation over HTTP; returns how many items it judged.

    links: reads from a form's ticket which item it shows. Raises BenchError where the site answers
    otherwise than expected.
    """
    visitor = Visitor(base)
    try:
        _expect(visitor.get(f"/join/{token}").status)
        if visitor.last.path == "/consent":
            _expect(visitor.post({"choice": "agree"}).status)
        if visitor.last.path == "/instructions":
            _expect(visitor.post({}).status)
        if visitor.last.path == "/quiz":
            _expect(visitor.post(_quiz(lessons)).status)
        if visitor.last.path == "/items":
            _expect(visitor.post({}).status)
        count = 0
        while visitor.last.path.startswith("/items/"):
            ticket = links.read_ticket(visitor.last.hidden["ticket"])
            assert ticket is not None  # the bots' links are of this study
            _expect(visitor.post(bot.answers(ticket.item_id)).status)
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
            except (BenchError, OSError) as error:
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
        raise BenchError(f"the simulation stopped: {errors[0]}")
    return counts


def check_profile(profile: str) -> None:
    """Raises BenchError for a profile that does not exist."""
    if profile not in PROFILES:
        raise unknown("profile", profile, PROFILES)


def _quiz(lessons: list[Lesson]) -> dict[str, str]:
    quiz = [lesson for lesson in lessons if lesson.role == "quiz"]
    fields = {}
    for n, lesson in enumerate(quiz):
        fields[f"consistent-{n}"] = "yes" if lesson.consistent else "no"
        fields[f"single-{n}"] = "yes" if lesson.single else "no"
    return fields


def _expect(status: int) -> None:
    if status != 200:
        raise BenchError(f"the site answered {status}; is the study open?")
