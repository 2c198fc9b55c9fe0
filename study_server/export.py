"""The study's answers as one tidy frame: a row a revision, with what each item really was."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from sqlalchemy import select

from benchmark.core.errors import unknown
from benchmark.core.guarding import guarded
from benchmark.core.storage import write_atomically
from study_server.models import Annotator, Judgment
from study_server.served import Served

COLUMNS = (
    "generator",
    "method",
    "direction",
    "annotator",
    "consistent",
    "single",
    "mos",
    "category",
    "label",
    "repeat",
    "revision",
    "seconds",
    "check",
    "simulated",
    "language",
    "created_at",
    "study",
)
FORMATS = ("csv", "parquet", "jsonl")


def judgments(study: Served) -> pd.DataFrame:
    """All revisions of all answers, in the order in which they came; columns as in COLUMNS.

    mos: 1 where both answers are yes, else 0. category, label: None where not given. repeat: 0
    for the first showing, 1 for the hidden second. revision: 0 for the first answer. check: None,
    "good" or "still". simulated: whether a bot gave the answer. created_at: UTC. study: its id.
    """
    with study.store.read() as db:
        rows = db.execute(
            select(
                Judgment.item_id,
                Annotator.public_id.label("annotator"),
                Judgment.consistent,
                Judgment.single,
                Judgment.category,
                Judgment.label,
                Judgment.repeat,
                Judgment.revision,
                Judgment.seconds,
                Judgment.simulated,
                Judgment.language,
                Judgment.created_at,
            )
            .join(Annotator, Annotator.id == Judgment.annotator_id)
            .order_by(Judgment.id)
        ).mappings()
        frame = pd.DataFrame([dict(row) for row in rows])
    if frame.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    sources = frame["item_id"].map(study.bundle.sources)
    for name in ("generator", "method", "direction", "check"):
        frame[name] = [getattr(source, name) for source in sources]
    for name in ("category", "label", "check"):
        frame[name] = frame[name].replace({"": None})
    frame["mos"] = (frame["consistent"] & frame["single"]).astype(int)
    frame["created_at"] = pd.to_datetime(frame["created_at"], unit="s", utc=True)
    frame["study"] = study.bundle.study
    return frame[list(COLUMNS)]


def counting(frame: pd.DataFrame, simulated: bool = False) -> pd.DataFrame:
    """The answers that count: the latest revision of each showing, of people alone.

    simulated: those of bots instead; the two never mix.
    """
    frame = frame[frame["simulated"] == simulated]
    showing = ["generator", "method", "direction", "annotator", "repeat"]
    return frame.drop_duplicates(showing, keep="last")


def write_export(study: Served, path: Path, format: str) -> int:
    """Write the frame to `path` as csv, parquet or jsonl; returns the number of rows."""
    if format not in FORMATS:
        raise unknown("export format", format, FORMATS)
    frame = judgments(study)

    def write_lines(part: Path) -> None:
        frame.to_json(part, orient="records", lines=True, date_format="iso", force_ascii=False)

    write: dict[str, Callable[[Path], object]] = {
        "parquet": lambda part: frame.to_parquet(part, index=False),
        "csv": lambda part: _guarded(frame).to_csv(part, index=False),
        "jsonl": write_lines,
    }
    write_atomically(path, write[format])
    return len(frame)


def _guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """Words of people that a spreadsheet would run as a formula get an apostrophe in front."""
    words = ["category", "label"]
    return frame.assign(**{name: frame[name].map(guarded, na_action="ignore") for name in words})
