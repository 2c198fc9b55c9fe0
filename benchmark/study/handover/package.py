"""A whole study in one folder for other people: a Psych-DS data set with its codebook, plan,
pictures and tables, and scripts that compute the main tables from the data alone.

    dataset_description.json  the data set and each column, in schema.org's JSON-LD
    README.md                 what is where
    data/                     judgments, annotators, directions, and items: the key of the pictures
    documentation/            the paragraph on methods, codebook, plan and its changes, exclusions
    materials/strips/         the pictures under opaque ids, as people saw them
    analysis/                 reproduce.R and reproduce.py
    results/                  every table of the analysis
"""

import json
import shutil
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

import pandas as pd

from benchmark.core.storage import write_text
from benchmark.methods.method import Role
from benchmark.runs.roles import NO_ROLES
from benchmark.study.analyse import Analysis, analyse
from benchmark.study.answers import Material, material_of
from benchmark.study.exclusions import screened
from benchmark.study.handover.codebook import Variable, as_frame, codebook, variables_of
from benchmark.study.handover.description import description, file_name
from benchmark.study.handover.frames import as_csv, data_frames
from benchmark.study.handover.main_tables import (
    main_comparisons,
    main_contests,
    main_methods,
    main_wins,
)
from benchmark.study.handover.planned import plan_of
from benchmark.tables.writing import escape_markdown, write_table
from study_server.bundle import Bundle
from study_server.folders import new_folder
from study_server.opened import looked_at
from study_server.screening import described

TABLES: Mapping[str, Mapping[str, Callable[[Analysis], pd.DataFrame]]] = {
    # by a table that tells the task: what its scripts compute anew, which carry its name here
    "mos_methods": {"methods": main_methods, "comparisons": main_comparisons},
    "wins": {"wins": main_wins, "contests": main_contests},
}
SCRIPTS = {"mos_methods": "reproduce_mos", "wins": "reproduce_wins"}  # .R, .py; `reproduce` there
CONTENTS = """\
A study of directions in latent spaces, as a Psych-DS data set. `dataset_description.json` lacks
what only you know: add `author`, `license` and `funder` before you publish it.

| where | what |
|---|---|
| `data/` | the judgments; who gave them, under pseudonyms; the directions; `items`, the key |
| `documentation/METHODS.txt` | the paragraph on methods, with this study's numbers |
| `documentation/` | codebook, analysis plan with its hash and changes, exclusions |
| `materials/strips/` | the pictures, by page; only the key tells which method they are from |
| `results/` | every table of the analysis |

Text that a spreadsheet would run as a formula begins with an apostrophe. Names of changes and
reasons are in people's own words: read them before you publish, in case they say who somebody is.
"""
AGAIN = """
## The main tables again

`Rscript analysis/reproduce.R` (R alone) and `python3 analysis/reproduce.py` (numpy, pandas,
scipy) compute {what} from `data/` and compare them with
`results/main_{first}.csv` and `results/main_{second}.csv`. {agrees}
"""
MOS_AGREES = """What has a closed form agrees to
1e-9; the ends of bootstrap intervals and a p that is not exact agree within what 10,000 random
draws leave open."""
WINS_AGREES = "Strengths agree to 1e-6, all else to 1e-9."
MAIN_TABLES = {
    "mos_methods": AGAIN.format(
        what="MOS, intervals, differences and p",
        first="methods",
        second="comparisons",
        agrees=MOS_AGREES,
    ),
    "wins": AGAIN.format(
        what="shares of wins, strengths, intervals and p",
        first="wins",
        second="contests",
        agrees=WINS_AGREES,
    ),
}


def write_package(
    folder: Path,
    out: Path,
    database: str | None = None,
    task: str | None = None,
    roles: Mapping[str, Role] = NO_ROLES,
) -> int:
    """Write the answers of people in the study `folder` as a new folder `out`, whole or not at all;
    returns how many judgments it holds.

    task: `file.py:Class` of a task that is neither built in nor installed. roles: of methods, by
    name, for studies that do not store theirs. Raises BenchError where `out` holds something,
    nobody judged anything, or the rules leave out everyone.
    """
    with looked_at(folder, database, task) as study:
        bundle = study.bundle
        everyone = material_of(study, folder)
        with study.store.read() as db:
            plan = plan_of(bundle, db)
    analysis = analyse(everyone, roles=roles)
    _, outcome = screened(everyone)
    frames = data_frames(everyone, outcome, analysis.roles, bundle)
    book = codebook(frames, bundle.task)
    days = frames["judgments"]["created_at"].dt.date  # of people alone
    with new_folder(out) as part:
        for name, frame in frames.items():
            write_text(part / "data" / file_name(bundle.study, name), as_csv(frame))
        _write_json(
            part / "dataset_description.json",
            description(bundle, variables_of(book), (days.min(), days.max())),
        )
        _write_json(part / "documentation" / "plan.json", plan)
        write_text(part / "documentation" / "codebook.csv", as_csv(as_frame(book)))
        write_text(part / "documentation" / "codebook.md", _codebook_page(book))
        write_text(part / "documentation" / "exclusions.md", _exclusions_page(analysis, everyone))
        write_text(part / "documentation" / "METHODS.txt", analysis.methods)
        _write_results(analysis, part)
        _copy_strips(bundle, part / "materials" / "strips")
        write_text(part / "README.md", _readme(bundle, _kind(analysis)))
    return len(frames["judgments"])


def _write_results(analysis: Analysis, part: Path) -> None:
    """All tables of the analysis; and of a task whose main tables are known those, with what
    computes them anew."""
    for table in analysis.tables:
        write_table(table, part / "results")
    if kind := _kind(analysis):
        for name, table_of in TABLES[kind].items():
            write_text(part / "results" / f"main_{name}.csv", as_csv(table_of(analysis)))
        write_scripts(kind, part / "analysis")


def write_scripts(kind: str, folder: Path) -> None:
    """Write what computes the main tables anew. kind: a key of TABLES."""
    for suffix in ("R", "py"):
        name = f"{SCRIPTS[kind]}.{suffix}"
        script = resources.files("benchmark.study.handover").joinpath("analysis", name)
        write_text(folder / f"reproduce.{suffix}", script.read_text("utf-8"))


def _kind(analysis: Analysis) -> str:
    """Which main tables the analysis has, a key of TABLES; "" for none."""
    return next((table.name for table in analysis.tables if table.name in TABLES), "")


def _copy_strips(bundle: Bundle, folder: Path) -> None:
    """Each page's strips: PLACE-ROW.webp in a folder that has the page's opaque id."""
    for item in bundle.items.values():
        (folder / item.id).mkdir(parents=True)
        for place, shown in enumerate(item.shows, 1):
            for number, row in enumerate(shown.rows, 1):
                target = folder / item.id / f"{place}-{number}.webp"
                shutil.copyfile(bundle.image(row.strip), target)


def _codebook_page(book: Mapping[str, Mapping[str, Variable]]) -> str:
    parts = ["# Codebook"]
    for table, variables in book.items():
        parts.append(f"## {table}")
        lines = []
        for name, variable in variables.items():
            values = f"; {variable.takes}" if variable.takes else ""
            unit = f", in {variable.unit}" if variable.unit else ""
            kind = escape_markdown(f"{variable.type}{unit}{values}")
            lines.append(f"- `{name}` ({kind}): {escape_markdown(variable.words)}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _exclusions_page(analysis: Analysis, everyone: Material) -> str:
    rules = described(everyone.settings.screening)
    said = [f"The rules: {rules}.", analysis.screening, analysis.staff, analysis.plan]
    return "\n\n".join(["# Screening and exclusions", *map(escape_markdown, said)]) + "\n"


def _readme(bundle: Bundle, kind: str) -> str:
    settings = bundle.settings
    title = escape_markdown(settings.text(settings.title, settings.first_language))
    return f"# {title}\n\n{CONTENTS}{MAIN_TABLES.get(kind, '')}"


def _write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")
