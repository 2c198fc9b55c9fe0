"""A study as it is after months: 100,000 answers that went straight into its database.

By hand: python -m tests.perf.large_study FOLDER [DATABASE]
"""

import random
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from study_server import commands
from study_server.models import Annotator, Assignment, Exclusion, Judgment, QuizTry
from study_server.served import Served
from study_server.simulate import PROFILES, Bot
from study_server.tasks.task import as_json
from tests.study_server.blobs import blob_bundle

PER_METHOD = 50  # directions of each of three methods on two generators
ITEMS, REPEATS, CHECKS = 120, 24, 3  # of each annotator: at first, again, and of each kind of check
BEGAN = 1_790_000_000.0
SHARES = {"careful": 0.9, "careless": 0.06, "straight": 0.04}  # of annotators
CHANGED = 0.02  # share of answers that somebody went back to


def large_study(folder: Path, answers: int = 100_000, database: str | None = None) -> int:
    """Write a study of `answers` judgments, or a few more, to `folder`; returns how many people.

    Of all people one in forty is in the midst of it, with a lease, and the staff left out three.
    """
    rounds = ITEMS + REPEATS + 2 * CHECKS
    people = -(-answers // rounds)
    blob_bundle(
        folder,
        per_method=PER_METHOD,
        ratings=people * ITEMS // (6 * PER_METHOD) + 1,
        items=ITEMS,
        repeats=REPEATS / ITEMS,
        checks=CHECKS,
    )
    with commands.opened(folder, database) as study:
        fill(study, people, random.Random(0))
    return people


def fill(study: Served, people: int, rng: random.Random) -> None:
    """Let `people` have answered; what they said is what bots would say."""
    checks = study.bundle.checks
    under_study = [item for item, check in checks.items() if not check]
    tests = {
        kind: [i for i, check in checks.items() if check == kind] for kind in ("good", "still")
    }
    rows: dict[Any, list[dict[str, Any]]] = {
        Annotator: [],
        QuizTry: [],
        Assignment: [],
        Judgment: [],
        Exclusion: [],
    }
    turn = 0
    for number in range(1, people + 1):
        profile = rng.choices(list(SHARES), list(SHARES.values()))[0]
        bot = Bot(profile, rng, study.bundle.sources, study.bundle.task)
        at = BEGAN + 1800 * number
        own = [under_study[(turn + n) % len(under_study)] for n in range(ITEMS)]
        turn += ITEMS
        rng.shuffle(own)
        shown = [(item, 0) for item in own]
        shown += [(item, 0) for kind in tests.values() for item in islice(kind, CHECKS)]
        shown += [(item, 1) for item in own[:REPEATS]]
        under_way = number % 40 == 0
        before = len(rows[Judgment])
        for position, (item, repeat) in enumerate(shown):
            at += rng.uniform(4, 20)
            judged = not (under_way and position == len(shown) - 1)
            rows[Assignment].append(
                {
                    "annotator_id": number,
                    "item_id": item,
                    "repeat": repeat,
                    "position": position,
                    "simulated": False,
                    "judged": judged,
                    "leased_at": at - 5,
                    "lease_until": at + (1800 if judged else 10**9),
                }
            )
            for revision in range(judged + judged * (rng.random() < CHANGED)):
                rows[Judgment].append(
                    {
                        "annotator_id": number,
                        "item_id": item,
                        "repeat": repeat,
                        "revision": revision,
                        "key": f"{number}-{position}-{revision}",
                        "answer": as_json(bot.task.asked(PROFILES[profile](bot, item))),
                        "seconds": round(rng.uniform(3, 15), 3),
                        "language": "en",
                        "simulated": False,
                        "created_at": at + revision,
                    }
                )
        rows[Annotator].append(
            {
                "id": number,
                "public_id": f"P{number:05}",
                "source": "open",
                "outside_id": f'{{"PROLIFIC_PID": "{number:024}"}}',
                "seed": number,
                "language": "en",
                "stage": "judging" if under_way else "finished",
                "consent_version": "3",
                "settings_sha256": study.bundle.settings.sha256,
                "created_at": BEGAN + 1800 * number,
                "consented_at": BEGAN + 1800 * number,
                "seen_at": at,
                "finished_at": None if under_way else at,
            }
        )
        rows[QuizTry].append(
            {
                "annotator_id": number,
                "number": 0,
                "answers": "[]",
                "passed": True,
                "created_at": BEGAN + 1800 * number,
            }
        )
        if number <= 3:
            rows[Exclusion].append(
                {
                    "annotator_id": number,
                    "excluded": True,
                    "reason": "asked twice",
                    "created_at": at,
                }
            )
        assert len(rows[Judgment]) > before

    def add(db: Any) -> None:
        for table, own in rows.items():
            db.execute(insert(table), own)
        db.execute(
            text(
                "UPDATE item SET ratings = (SELECT count(*) FROM assignment WHERE item_id = item.id"
                " AND repeat = 0 AND judged) WHERE kind = 'direction'"
            )
        )

    study.store.write(add)


if __name__ == "__main__":
    print(large_study(Path(sys.argv[1]), database=(sys.argv[2:] or [None])[0]), "people")
