"""Whatever is killed while people answer, nothing confirmed is lost, doubled or over the quota.

Members of the site, its parent and the database server are killed at random moments, until the
study is full. Who answers tries again, with the same form, until it is confirmed.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from study_server import commands
from study_server.links import Links

from .blobs import EVERYBODY_COUNTS, blob_bundle
from .conftest import QUIZ
from .forking_server import ForkingServer
from .quick_client import QuickClient

CLIENTS = 8
DIRECTIONS = 18
HANGS = 60.0  # seconds after which nobody tries again
WAIT = 2.0  # seconds for which an answer may be put off while a process of the site lives


@dataclass
class Seen:
    """What all clients saw. confirmed: (annotator, key) -> word. waits: begin and end of every
    answer, from the first try. failures: the status of each page that said to try again."""

    confirmed: dict[tuple[int, str], str] = field(default_factory=dict)
    waits: list[tuple[float, float]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)


class Client(threading.Thread):
    """Takes part in the study with one link after another; repeats answers not confirmed."""

    def __init__(self, base: str, links: list[str], signs: Links, number: int, seen: Seen):
        super().__init__(daemon=True)  # where the test fails they never end
        self.base, self.links, self.signs, self.seen = base, links, signs, seen
        self.rng = random.Random(number)

    def run(self) -> None:
        while self.links:
            with suppress(IndexError):  # another took the last
                self.take_part(self.links.pop())

    def take_part(self, link: str) -> None:
        self.visitor = QuickClient(self.base, timeout=20)
        self.insist(lambda: self.visitor.get(link))
        for fields in ({"choice": "agree"}, {}, QUIZ):
            if self.visitor.path == "/consent" and "read" not in self.visitor.hidden:
                break  # all places are filled, so that nobody is asked to agree any more
            self.insist(lambda fields=fields: self.visitor.post(fields))
        last = ""
        while self.visitor.path.startswith("/items"):
            if self.visitor.path == "/items":  # all places are leased just now
                time.sleep(0.05)
                self.insist(lambda: self.visitor.post({}))
                continue
            if last and self.rng.random() < 0.1:  # back, to change the last answer
                self.insist(lambda back=last: self.visitor.get(back))
                self.answer()
            last = self.visitor.path
            self.answer()
        assert self.visitor.path in ("/done", "/consent")
        self.visitor.close()

    def answer(self) -> None:
        """Every answer has a word of its own, so that each must be found again."""
        shown = self.signs.read_ticket(self.visitor.hidden["ticket"])
        word = str(self.rng.random())
        own = {"category": "other", "category-other": word}
        begin = time.monotonic()
        self.insist(lambda: self.visitor.post({"consistent": "yes", "single": "yes"} | own))
        self.seen.waits.append((begin, time.monotonic()))
        self.seen.confirmed[shown.annotator_id, shown.key] = word

    def insist(self, send: Callable[[], int]) -> None:
        """Try until it is confirmed; a retry sends the same form."""
        give_up = time.monotonic() + HANGS
        while time.monotonic() < give_up:
            with suppress(OSError):
                status = send()
                if status == 200:
                    return
                self.seen.failures.append(status)
                assert status == 503
            time.sleep(0.05)  # more often than `security.A_SECOND` would be a flood
        raise AssertionError("nobody answers any more")


class Killer:
    """Kills, and notes from when to when nobody could answer because of it."""

    def __init__(self, server: ForkingServer, postgres, seed: int):
        self.server, self.postgres, self.rng = server, postgres, random.Random(seed)
        self.outages: list[tuple[str, float, float]] = []
        self.members = 0

    def member(self) -> None:
        with suppress(ProcessLookupError, IndexError):  # it was just replaced
            self.server.kill(member=self.rng.choice(self.server.members))
            self.members += 1

    def parent(self) -> None:
        with self.outage("parent"):
            self.server.kill()
            self.server.start()

    def database(self) -> None:
        with self.outage("database"):
            self.postgres.kill()
            self.postgres.start()

    @contextmanager
    def outage(self, of: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        while not self.server.answers():
            time.sleep(0.01)
        self.outages.append((of, begin, time.monotonic()))

    def apart(self, begin: float, end: float) -> bool:
        """Whether an outage lies within, or ended so shortly before that people still wait."""
        return any(begin < last + WAIT and end > first for _, first, last in self.outages)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("answers", "kills", "limit"),
    [
        (2_000, {"member": 8, "parent": 2, "database": 2}, HANGS),
        pytest.param(
            10_000, {"member": 60, "parent": 10, "database": 6}, WAIT, marks=pytest.mark.slow
        ),
    ],
)
def test_nothing_confirmed_is_lost_doubled_or_too_much(
    kind: str,
    answers: int,
    kills: dict[str, int],
    limit: float,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    folder, quota = tmp_path / "study", answers // 25
    postgres = request.getfixturevalue("postgres") if kind == "postgresql" else None
    database = postgres.new_database() if postgres else None
    blob_bundle(
        folder,
        per_method=6,
        generators=("blobs-grey",),
        ratings=quota,
        items=DIRECTIONS,
        rules=EVERYBODY_COUNTS,
    )  # a person gives 24 answers, repeats and checks among them, and changes two
    base = "http://127.0.0.1:8000"
    people = quota + CLIENTS  # more than there is room for
    urls = commands.invite(folder, people, base, database)
    links, seen = [url.removeprefix(base) for url in urls], Seen()
    with commands.opened(folder, database) as study:
        signs = study.links
    server = ForkingServer(folder, database or "")
    try:
        server.start()
        killer = Killer(server, postgres, seed=0)
        plan = [
            what for what, n in kills.items() for _ in range(n) if what != "database" or postgres
        ]
        killer.rng.shuffle(plan)
        began = time.monotonic()
        crowd = [Client(server.base, links, signs, n, seen) for n in range(CLIENTS)]
        for client in crowd:
            client.start()
        for number, what in enumerate(plan, 1):
            while len(seen.confirmed) < number * 0.95 * answers / len(plan):
                time.sleep(0.01)
                assert any(client.is_alive() for client in crowd)
            getattr(killer, what)()
        for client in crowd:
            client.join()
        seconds = time.monotonic() - began
    finally:
        server.end()

    with commands.opened(folder, database) as study, study.store.read() as db:
        if kind == "sqlite":
            assert db.execute(text("PRAGMA integrity_check")).all() == [("ok",)]
            assert db.execute(text("PRAGMA foreign_key_check")).all() == []
        stored = db.execute(
            text("SELECT annotator_id, item_id, repeat, revision, key, answer FROM judgment")
        ).all()
        counted = dict(
            db.execute(text("SELECT id, ratings FROM item WHERE kind = 'direction'")).all()
        )
    words = {(row.annotator_id, row.key): json.loads(row.answer)["category"] for row in stored}
    places = Counter((row.annotator_id, row.item_id, row.repeat) for row in stored)
    revisions = {(r.annotator_id, r.item_id, r.repeat, r.revision) for r in stored}
    ratings = Counter(item for _, item, repeat in places if not repeat and item in counted)
    lost = [key for key in seen.confirmed if words.get(key) != seen.confirmed[key]]
    assert len(seen.confirmed) >= answers
    assert lost == []
    assert len(words) == len(stored)  # no form was stored twice
    assert revisions == {(*place, n) for place, count in places.items() for n in range(count)}
    assert ratings == counted == dict.fromkeys(counted, quota)

    calm = [end - begin for begin, end in seen.waits if not killer.apart(begin, end)]
    print(
        f"{kind}: {len(seen.confirmed)} answers in {seconds:.0f} s, {killer.members} members "
        f"killed, {len(lost)} lost; {len(seen.failures)} told to come back; longest wait "
        f"{max(calm):.2f} s, in outages "
        f"{max((e - b for b, e in seen.waits if killer.apart(b, e)), default=0):.2f} s; outages: "
        + ", ".join(f"{of} {last - first:.2f} s" for of, first, last in killer.outages)
    )
    assert max(calm) <= limit


def test_the_wait_of_an_answer_counts_unless_an_outage_lies_in_it() -> None:
    killer = Killer(None, None, 0)
    killer.outages = [("parent", 10.0, 12.0)]
    spans = [(1, 2), (9, 10.5), (11, 11.5), (9, 13), (13, 15), (14.5, 15)]
    assert [killer.apart(*span) for span in spans] == [False, True, True, True, True, False]
