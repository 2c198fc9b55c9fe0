"""A study as it is after months: 100,000 answers that went straight into its database.

By hand: python -m tests.perf.large_study FOLDER [DATABASE]
"""

import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from study_server import commands
from study_server.models import Annotator, Assignment, Exclusion, Judgment, QuizTry
from study_server.served import Served
from study_server.simulate import PROFILES, Bot
from study_server.tasks.task import as_json
from tests.study_server.blobs import blob_bundle

PER_METHOD = 50  # directions of each of three methods on two generators
ITEMS, REPEATS, CHECKS = 120, 24, 3  # of a person: at first, again, and of each kind of check
PAGES = ITEMS + REPEATS + 2 * CHECKS
BEGAN, BETWEEN = 1_790_000_000.0, 1800.0  # when the first came, and how soon the next
SHARES = {"careful": 0.9, "careless": 0.06, "straight": 0.04}  # of people
CHANGED = 0.02  # share of answers that somebody went back to
LEFT_OUT = 3  # people, by the staff
UNDER_WAY = 40  # one in so many has not finished, and holds an item

COUNTED = """UPDATE item SET ratings = (SELECT count(*) FROM assignment
WHERE item_id = item.id AND repeat = 0 AND judged) WHERE kind = 'direction'"""

Rows = dict[type, list[dict[str, Any]]]  # by table


def large_study(folder: Path, answers: int = 100_000, database: str | None = None) -> int:
    """Write a study with about so many answers to `folder`; returns of how many people."""
    people = -(-answers // PAGES)
    blob_bundle(
        folder,
        per_method=PER_METHOD,
        ratings=people * ITEMS // (6 * PER_METHOD) + 1,
        items=ITEMS,
        repeats=REPEATS / ITEMS,
        checks=CHECKS,
    )
    with commands.opened(folder, database) as study:
        rng = random.Random(0)
        rows: Rows = defaultdict(list)
        for number in range(1, people + 1):
            take_part(study, number, rng, rows)

        def add(db: Session) -> None:
            for table in (Annotator, QuizTry, Assignment, Judgment, Exclusion):
                db.execute(insert(table), rows[table])
            db.execute(text(COUNTED))

        study.store.write(add)
    return people


def take_part(study: Served, number: int, rng: random.Random, rows: Rows) -> None:
    """Add the rows of one person, who says what a bot would."""
    profile = rng.choices(list(SHARES), list(SHARES.values()))[0]
    bot = Bot(profile, rng, study.bundle.sources, study.bundle.task)
    under_way = number % UNDER_WAY == 0
    came = at = BEGAN + BETWEEN * number
    shown = order(study, number, rng)
    for position, (item, repeat) in enumerate(shown):
        at += rng.uniform(4, 20)
        judged = not (under_way and position == len(shown) - 1)
        place = {"annotator_id": number, "item_id": item, "repeat": repeat, "simulated": False}
        lease = {"leased_at": at - 5, "lease_until": at + (BETWEEN if judged else 1e9)}
        rows[Assignment].append(place | lease | {"position": position, "judged": judged})
        for revision in range(judged + (judged and rng.random() < CHANGED)):
            answer = {
                "revision": revision,
                "key": f"{number}-{position}-{revision}",
                "answer": as_json(bot.task.asked(PROFILES[profile](bot, item))),
                "seconds": round(rng.uniform(3, 15), 3),
                "language": "en",
                "created_at": at + revision,
            }
            rows[Judgment].append(place | answer)
    person = {
        "id": number,
        "public_id": f"P{number:05}",
        "source": "open",
        "outside_id": f'{{"PROLIFIC_PID": "{number:024}"}}',
        "seed": number,
        "language": "en",
        "stage": "judging" if under_way else "finished",
        "consent_version": "3",
        "settings_sha256": study.bundle.settings.sha256,
        "created_at": came,
        "consented_at": came,
        "seen_at": at,
        "finished_at": None if under_way else at,
    }
    rows[Annotator].append(person)
    own = {"annotator_id": number, "created_at": came}
    rows[QuizTry].append(own | {"number": 0, "answers": "[]", "passed": True})
    if number <= LEFT_OUT:
        rows[Exclusion].append(own | {"excluded": True, "reason": "asked twice"})


def order(study: Served, number: int, rng: random.Random) -> list[tuple[str, int]]:
    """The items that a person is shown, each with its repeat; all items are shown equally often."""
    checks = study.bundle.checks
    directions = [item for item, check in checks.items() if not check]
    first = [directions[(number * ITEMS + n) % len(directions)] for n in range(ITEMS)]
    rng.shuffle(first)
    tests = [
        [item for item, check in checks.items() if check == kind][:CHECKS]
        for kind in ("good", "still")
    ]
    shown = [(item, 0) for item in (*first, *tests[0], *tests[1])]
    return shown + [(item, 1) for item in first[:REPEATS]]


if __name__ == "__main__":
    where = sys.argv[2] if len(sys.argv) > 2 else None
    print(large_study(Path(sys.argv[1]), database=where), "people")
