"""An exported study's answers, read back into a new database, so that no answer is lost.

Answers, their order, revisions and times come back, who gave them under which public number, and
whom the staff left out. Ratings count towards their items' quota as before, so that a full study
is full again. Who withdrew since the export does not come back, see `tombstones`. Neither do
consent, invitations and the order of what was still to be judged, so no annotator can continue. A
time without a zone is read as UTC, which exports are written in.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmark.core.errors import BenchError
from benchmark.core.guarding import unguarded
from benchmark.core.judgments import DIRECTION, SECOND
from benchmark.core.reading import moment, parse_json, read_exactly, read_text
from study_server.bundle import Bundle
from study_server.codes import completion_code
from study_server.counting import catch_up
from study_server.erasure import WITHDRAWN, erase
from study_server.export import format_of
from study_server.models import Annotator, Assignment, Exclusion, Item, Judgment
from study_server.people import IMPORTED
from study_server.revisions import DECIDED, columns
from study_server.served import Served, note
from study_server.tasks.question import FLAGS, Answer
from study_server.tasks.task import Task, as_json
from study_server.tombstones import listed


def import_answers(study: Served, path: Path) -> int:
    """Add the answers in an export to the study's empty database, but for those of who withdrew
    since; returns how many.

    path: a .csv, .parquet or .jsonl file of `write_export`. Raises BenchError where the database
    holds judgments, or the file is damaged or of another study; then nothing is added.
    """
    task = study.bundle.task
    rows = _rows(path, task)
    if not rows:
        raise BenchError(f"{path} holds no answers")
    foreign = {row["study"] for row in rows} - {study.bundle.study}
    if foreign:
        raise BenchError(
            f"{path} holds answers of study {foreign.pop()}, and this is study "
            f"{study.bundle.study}; give the folder of that study"
        )
    items = {
        (
            tuple((s.generator, s.method, s.direction) for s in sources),
            study.bundle.checks[item_id],
        ): item_id
        for item_id, sources in study.bundle.sources.items()
    }
    answers = []
    for number, row in enumerate(rows, start=1):
        try:
            answers.append(_judgment(row, items, task))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BenchError(f"{path}, answer {number} cannot be read: {error!r}") from error
    showings = ("annotator", "item_id", "repeat", "revision")
    if len({tuple(answer[name] for name in showings) for answer in answers}) < len(answers):
        raise BenchError(f"{path} holds an answer twice; export the study again")
    now, gone = study.clock(), listed(study.bundle)

    def work(db: Session) -> int:
        left = _left_here(db, {answer["annotator"] for answer in answers}, path)
        wanted = [answer for answer in answers if answer["annotator"] not in left]
        numbers = _add(db, wanted, study.bundle, path.name, now)
        erased = _erase_again(db, study.bundle, gone, numbers)  # before anybody can read them
        return len(wanted) - erased

    count = study.store.write(work)
    study.store.settle()  # so that no log holds what is gone
    catch_up(study)
    return count


def _left_here(session: Session, people: Collection[str], path: Path) -> set[str]:
    """Who of those in an export withdrew in this very database. Raises BenchError where that holds
    answers, or anybody else of them."""
    held = session.execute(select(func.count()).select_from(Judgment)).scalar_one()
    if held:
        raise BenchError(
            f"the database already holds {held} judgments; import into a new one, with --database"
        )
    stages = session.execute(select(Annotator.public_id, Annotator.stage)).all()
    here = {name: stage for name, stage in stages if name in people}
    withdrew = {name for name, stage in here.items() if stage == WITHDRAWN}
    if others := here.keys() - withdrew:
        raise BenchError(
            f"the database already knows {len(others)} of the people whose answers {path} holds; "
            "import into a new one, with --database"
        )
    return withdrew


def _erase_again(
    session: Session, bundle: Bundle, gone: Sequence[Mapping[str, Any]], numbers: dict[str, int]
) -> int:
    """Erase whom the list names of those just added; returns how many answers. numbers: of the
    annotators, by public number."""
    back = [one for one in gone if one["annotator"] in numbers]
    return sum(
        erase(session, bundle, numbers[one["annotator"]], one["who"], one["reason"], one["at"])[0]
        for one in back
    )


def _add(
    session: Session, answers: list[dict[str, Any]], bundle: Bundle, file: str, now: float
) -> dict[str, int]:
    """Add the answers and who gave them; returns their numbers, by public number."""
    annotators: dict[str, Annotator] = {}
    positions: dict[str, dict[tuple[str, int], None]] = {}
    ratings: Counter[tuple[str, bool]] = Counter()  # of an item, by people or by bots
    for number, told in enumerate(answers):
        answer = dict(told)
        name, reason, at = (answer.pop(key) for key in ("annotator", *DECIDED))
        if name not in annotators:
            annotators[name] = _annotator(name, answer, bundle)
            session.add(annotators[name])
            session.flush()
            if reason:
                session.add(
                    Exclusion(
                        annotator_id=annotators[name].id,
                        excluded=True,
                        reason=reason,
                        created_at=at,
                    )
                )
        annotator = annotators[name]
        annotator.seen_at = max(annotator.seen_at, answer["created_at"])
        annotator.language = answer["language"]
        place = answer["item_id"], answer["repeat"]
        own = positions.setdefault(name, {})
        if place not in own:
            own[place] = None
            ratings[place[0], answer["simulated"]] += not place[1]  # repeats fill no quota
            session.add(
                Assignment(
                    annotator_id=annotator.id,
                    item_id=place[0],
                    repeat=place[1],
                    position=len(own) - 1,
                    simulated=answer["simulated"],
                    judged=True,
                    leased_at=answer["created_at"],
                    lease_until=answer["created_at"],
                )
            )
        # Added in the file's order, which their ids keep.
        session.add(Judgment(annotator_id=annotator.id, key=f"{IMPORTED}-{number}", **answer))
    for (item_id, simulated), count in ratings.items():
        item = session.get_one(Item, item_id)
        if simulated:
            item.simulated_ratings += count
        else:
            item.ratings += count
    note(session, IMPORTED, file, now)
    session.flush()
    return {name: annotator.id for name, annotator in annotators.items()}


def _annotator(name: str, answer: Mapping[str, Any], bundle: Bundle) -> Annotator:
    """An annotator who cannot continue, since what they were still to judge is not known. Their
    code is the one by which they ask to be paid, whether they had seen it or see it now."""
    return Annotator(
        public_id=name,
        source=IMPORTED,
        simulated=IMPORTED if answer["simulated"] else "",
        seed=0,
        stage="finished",
        completion_code=completion_code(bundle, name),
        created_at=answer["created_at"],
        seen_at=answer["created_at"],
    )


def _rows(path: Path, task: Task) -> list[dict[str, Any]]:
    """The export's rows by column, in its own types."""
    kind = format_of(path)
    try:
        rows = {"parquet": _parquet, "csv": _csv, "jsonl": _lines}[kind](path)
    except (OSError, ValueError, BenchError, csv.Error) as error:
        reason = " ".join(str(error).split())
        raise BenchError(f"cannot read the export {path}: {reason}") from error
    needed = [name for name in columns(task) if name not in DECIDED]
    if rows and (missing := [name for name in needed if name not in rows[0]]):
        raise BenchError(
            f"{path} lacks the column {', '.join(missing)}; give a whole file of "
            "`bench study export`"
        )
    return rows


def _parquet(path: Path) -> list[dict[str, Any]]:
    frame = pd.read_parquet(path)
    names = [str(name) for name in frame]
    return [dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False)]


def _csv(path: Path) -> list[dict[str, Any]]:
    """Rows of text; a row that is cut short or too long is no row."""
    reader = csv.DictReader(io.StringIO(read_exactly(path), newline=""), strict=True)
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise ValueError(f"line {reader.line_num} has another number of cells than the first")
        rows.append({name: unguarded(cell) for name, cell in row.items()})
    return rows


def _lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            row = parse_json(line, f"line {number}")
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is no JSON object")
            rows.append(row)
    return rows


def _judgment(row: Mapping[str, Any], items: Mapping[Any, str], task: Task) -> dict[str, Any]:
    """One row in the columns of a judgment, with the `annotator`'s public number."""
    shown = tuple(
        (row[generator], row[method], int(row[direction]))
        for generator, method, direction in (DIRECTION, SECOND)[: task.shows]
    )
    read = {q.name: q.read(row[q.name]) for q in task.questions}
    answer: Answer = {name: value for name, value in read.items() if value is not None}
    task.check(answer)
    reason = _text(row.get("excluded"))  # exports of earlier versions know of nobody left out
    return {
        "annotator": str(row["annotator"]),
        "item_id": items[shown, _text(row["check"])],
        "repeat": int(row["repeat"]),
        "revision": int(row["revision"]),
        "answer": as_json(answer),
        "seconds": float(row["seconds"]),
        "language": _text(row["language"]),
        "simulated": _flag(row["simulated"]),
        "created_at": _seconds(row["created_at"]),
        "excluded": reason,
        "excluded_at": _seconds(row["excluded_at"]) if reason else None,
    }


def _flag(value: Any) -> bool:
    return FLAGS[str(value).lower()]


def _text(value: Any) -> str:
    """The text, "" where there is none."""
    return value if isinstance(value, str) else ""


def _seconds(value: Any) -> float:
    """Since the epoch."""
    return moment(value).timestamp()
