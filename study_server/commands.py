"""What the command line does with a study; each function returns what is to be printed."""

import random
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmark.core.errors import BenchError
from study_server import annotators, counting, erasure, invitations, raising, replacing
from study_server.backup import back_up
from study_server.backup import restore as put_back
from study_server.blanks import unready
from study_server.bundle import load_bundle
from study_server.codes import write_codes
from study_server.export import write_export
from study_server.front import read_front
from study_server.logs import log_to_stderr
from study_server.opened import looked_at, opened, url_of
from study_server.served import last_base, note, set_state
from study_server.server import make_server, running
from study_server.status import status_of
from study_server.stopping import Stop
from study_server.store import PATIENCE as PAGE_PATIENCE
from study_server.translations import untranslated

USUAL_BASE = "http://127.0.0.1:8000"  # of a study that was never served


def serve(
    folder: Path,
    stop: Stop,
    host: str = "127.0.0.1",
    port: int = 8000,
    database: str | None = None,
    task: str | None = None,
    base: str | None = None,
    client_address: str | None = None,
) -> None:
    """Serve the study until `stop` is asked. Prints its addresses; logs requests to stderr.

    base: the site's address as annotators see it, where that is not host and port.
    client_address: the header in which the proxy before the site says whose request it is.
    """
    front = read_front(base, client_address)
    log_to_stderr()
    with opened(folder, database, task, PAGE_PATIENCE) as study:
        if study.bundle.settings.platform.framed and front.scheme == "http":
            raise BenchError("in MTurk's frame browsers keep a cookie of HTTPS alone: see --base")
        if amiss := untranslated(study.bundle.settings):
            print(f"study.toml: {amiss}")
        known = front.base or (f"http://{host}:{port}" if port else "")
        study.store.write(lambda db: note(db, "served", known, study.clock()))
        server = make_server(study, host, port, front)
        here = f"http://{host}:{server.effective_port}"
        base = front.base or here
        if front.base:
            print(f"listening:      {here}")
        print(f"administration: {base}/admin/ (its password: as the build printed it)")
        if study.bundle.settings.open_link:
            print(f"open link:      {base}/open/{study.links.open()}")
        if why := unready(study.bundle.settings):
            print(why)
        print("stop with Ctrl+C; answers are on disk as soon as the site has confirmed them")
        sys.stdout.flush()
        server.run(stop)


def invite(
    folder: Path,
    count: int,
    base: str | None = None,
    database: str | None = None,
    task: str | None = None,
    names: Sequence[str] = (),
    deadline: str = "",
    csv: Path | None = None,
) -> list[str]:
    """Personal links for new annotators, one for each name and `count` in all where those are more,
    below the site's address `base`; below the one that the study was last served at where there is
    none.

    deadline: the last day (ISO, UTC) on which they let in, "" for none. csv: a file to which all
    personal links are written, those of before among them.
    """
    base = read_front(base).base
    with opened(folder, database, task) as study:
        with study.store.read() as db:
            base = base or last_base(db) or USUAL_BASE
        end = invitations.end_of(deadline, study.clock())
        called = invitations.given_names(names)
        if len(called) < len(names):
            raise BenchError("a name is empty; for a link without one leave it out")
        if csv is not None:  # before any link is made
            with study.store.read() as db:
                before = invitations.invitations(db, study.links, study.clock())
            invitations.write_invitations(before, base, csv)
        tokens = annotators.invite(
            study.store, study.links, count, study.clock(), names=called, deadline=end
        )
        if csv is not None:
            with study.store.read() as db:
                every = invitations.invitations(db, study.links, study.clock())
            invitations.write_invitations(every, base, csv)
    return [f"{base}/join/{token}" for token in tokens]


def unready_consent(folder: Path, task: str | None = None) -> str:
    """That the consent of a study is not ready for people, and why; "" where it is."""
    return unready(load_bundle(folder, task).settings)


def replace(
    folder: Path,
    person: str,
    reason: str,
    base: str | None = None,
    database: str | None = None,
    task: str | None = None,
) -> str:
    """The personal link that takes over the places of somebody who dropped out; see
    `replacing.replace_person`."""
    base = read_front(base).base
    with opened(folder, database, task) as study:
        with study.store.read() as db:
            base = base or last_base(db) or USUAL_BASE
        heir = replacing.replace_person(study, person, reason)
        return f"{base}/join/{study.links.personal(heir)}"


def status(
    folder: Path,
    simulated: bool = False,
    database: str | None = None,
    task: str | None = None,
) -> dict[str, str]:
    """The study's state as names and values: of people, or of simulated annotators."""
    with looked_at(folder, database, task) as study:
        return status_of(study, simulated)


def export(
    folder: Path,
    path: Path,
    format: str | None = None,
    database: str | None = None,
    task: str | None = None,
) -> int:
    """Write all answers to `path` as csv, parquet or jsonl, by its name unless `format` says;
    returns the number of rows."""
    with looked_at(folder, database, task) as study:
        return write_export(study, path, format)


def withdrawn(
    folder: Path, database: str | None = None, task: str | None = None
) -> erasure.Withdrawals:
    """How many people withdrew, whose answers no export holds."""
    with looked_at(folder, database, task) as study, study.store.read() as db:
        return erasure.withdrawals(db)


def backup(folder: Path, path: Path, database: str | None = None, task: str | None = None) -> int:
    """Copy the database to the new file `path`, whether the site runs or not; returns how many
    judgments it holds."""
    bundle = load_bundle(folder, task)
    return back_up(bundle, url_of(bundle, database), path)


def restore(
    folder: Path, path: Path, database: str | None = None, task: str | None = None
) -> tuple[int, Path | None]:
    """Put a backup in the database's place; returns how many judgments it holds, and where the
    former database is kept now."""
    bundle = load_bundle(folder, task)
    done = put_back(bundle, url_of(bundle, database), path)
    with opened(folder, database, task) as study:
        study.store.write(lambda db: note(db, "restored", path.name, study.clock()))
    return done


def codes(
    folder: Path, path: Path, database: str | None = None, task: str | None = None
) -> Counter[str]:
    """Write each person's outside number, code and pseudonym to `path`, a CSV; returns how many
    there are by ending."""
    with looked_at(folder, database, task) as study:
        return write_codes(study, path)


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


def raise_ratings(
    folder: Path,
    ratings: int,
    reason: str,
    database: str | None = None,
    task: str | None = None,
) -> int:
    """Ask for more ratings of each item than the plan did; returns how many it asked for."""
    with opened(folder, database, task) as study:
        return raising.raise_ratings(study, ratings, reason)


def erase(
    folder: Path,
    person: str,
    reason: str,
    database: str | None = None,
    task: str | None = None,
) -> int:
    """Erase an annotator's answers and outside number for good; returns how many judgments."""
    with opened(folder, database, task) as study:
        return erasure.erase_person(study, person, reason)


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
