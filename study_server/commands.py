"""What the command line does with a study; each function returns what is to be printed."""

import logging
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from study_server import annotators, counting, quality
from study_server.bundle import load_bundle
from study_server.served import Served, note, open_study, set_state, state_of
from study_server.server import make_server, running


@contextmanager
def opened(folder: Path, database: str | None = None, task: str | None = None) -> Iterator[Served]:
    """The study in `folder`, its database open. Raises BenchError where either is at fault.

    database: a URL in place of the study's own file. task: `file.py:Class` of a task that is
    neither built in nor installed.
    """
    study = open_study(load_bundle(folder, task), database)
    try:
        counting.catch_up(study)
        yield study
    finally:
        study.store.close()


def serve(
    folder: Path,
    host: str = "127.0.0.1",
    port: int = 8000,
    database: str | None = None,
    behind_proxy: bool = False,
    task: str | None = None,
) -> None:
    """Serve the study until interrupted. Prints its addresses; logs requests to stderr."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    with opened(folder, database, task) as study:
        server = make_server(study, host, port, behind_proxy)
        base = f"http://{host}:{server.effective_port}"
        print(f"administration: {base}/admin/")
        if study.bundle.settings.open_link:
            print(f"open link:      {base}/open/{study.links.open()}")
        print("stop with Ctrl+C; answers are on disk as soon as the site has confirmed them")
        sys.stdout.flush()
        try:
            server.run()
        finally:
            server.close()


def invite(
    folder: Path,
    count: int,
    base: str = "http://127.0.0.1:8000",
    database: str | None = None,
    task: str | None = None,
) -> list[str]:
    """Personal links for `count` new annotators, below the site's address `base`."""
    with opened(folder, database, task) as study:
        tokens = annotators.invite(study.store, study.links, count, study.clock())
    return [f"{base.rstrip('/')}/join/{token}" for token in tokens]


def status(
    folder: Path,
    simulated: bool = False,
    database: str | None = None,
    task: str | None = None,
) -> dict[str, str]:
    """The study's state as names and values: of people, or of simulated annotators."""
    with opened(folder, database, task) as study:
        counted = quality.answers(study, simulated)
        people = quality.persons(study, counted, simulated)
        full = quality.filling(study, quality.coverage(study, simulated, people), people)
        with study.store.read() as db:
            state = state_of(db)
        agreement = quality.agreement(counted)
        stages = quality.funnel(study, simulated)
    alpha = f"undefined: {agreement.reason}"
    if agreement.alpha is not None:
        alpha = f"{agreement.alpha:.2f} [{agreement.low:.2f}, {agreement.high:.2f}]"
    return {
        "annotators": "simulated" if simulated else "people",
        "state": state,
        "ratings": f"{full.ratings} of {full.wanted}",
        "ratings not counted": full.not_counted,
        "places open again": str(full.reopened),
        "directions complete": f"{full.complete} of {full.directions}",
        "contributors": str(full.contributors),
        "annotators by stage": ", ".join(f"{n} {stage}" for stage, n in sorted(stages.items()) if n)
        or "none",
        "flagged annotators": str(sum(bool(person.flags) for person in people)),
        "excluded by the staff": str(sum(person.decision is not None for person in people)),
        "Krippendorff's alpha": alpha,
    }


def export(
    folder: Path,
    path: Path,
    format: str | None = None,
    database: str | None = None,
    task: str | None = None,
) -> int:
    """Write all answers to `path` as csv, parquet or jsonl, by its name unless `format` says;
    returns the number of rows."""
    from study_server.export import write_export  # pandas is slow to import

    with opened(folder, database, task) as study:
        count = write_export(study, path, format)
        study.store.write(lambda db: note(db, "file", path.name, study.clock()))
    return count


def import_answers(
    folder: Path, path: Path, database: str | None = None, task: str | None = None
) -> int:
    """Add the answers of an export to the study's empty database; returns their number."""
    from study_server.importing import import_answers  # pandas is slow to import

    with opened(folder, database, task) as study:
        return import_answers(study, path)


def exclude(
    folder: Path,
    person: str,
    reason: str,
    excluded: bool = True,
    database: str | None = None,
    task: str | None = None,
) -> None:
    """Leave an annotator out of the study; or take them back (excluded=False)."""
    with opened(folder, database, task) as study:
        counting.exclude(study, person, reason, excluded)


def close(
    folder: Path,
    state: str = "closed",
    database: str | None = None,
    task: str | None = None,
) -> None:
    """Close the study; or set it to open or paused."""
    with opened(folder, database, task) as study:
        study.store.write(lambda db: set_state(db, state, study.clock()))


def simulate(
    folder: Path,
    count: int,
    profile: str = "careful",
    seed: int = 0,
    database: str | None = None,
    task: str | None = None,
) -> int:
    """Let `count` bots of one profile take part through the real site; returns their judgments."""
    from study_server.simulate import Bot, check_profile, run_bots, take_part

    check_profile(profile)
    with opened(folder, database, task) as study, running(study) as base:
        bundle = study.bundle
        tokens = annotators.invite(study.store, study.links, count, study.clock(), profile)

        def participation(number: int, token: str) -> int:
            rng = random.Random(f"{seed}/{profile}/{number}")
            bot = Bot(profile, rng, bundle.sources, bundle.task)
            return take_part(base, token, bot, list(bundle.lessons), study.links)

        work = [partial(participation, number, token) for number, token in enumerate(tokens)]
        return sum(run_bots(work))
