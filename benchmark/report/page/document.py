"""report.html: everything of a run on one page that opens from disk and needs no network."""

from base64 import b64encode
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.core.storage import write_text
from benchmark.metrics import HEADLINE
from benchmark.metrics.measures import Measures
from benchmark.report.captions import FIGURES
from benchmark.report.judged import Judged
from benchmark.report.page.directions import orders, said
from benchmark.report.page.glance import glances, small_figures
from benchmark.report.page.view import Drawing, address, brief, drawing, study_drawing, view
from benchmark.report.pictures.explorer import Chapter, share
from benchmark.report.pictures.painted import LATENTS, SHIFTS
from benchmark.report.tables.leaderboard import Board
from benchmark.report.tables.main_table import (
    metrics_table,
    rca_columns,
    rca_table,
    seed_columns,
    seed_table,
)
from benchmark.report.words import SETTINGS
from benchmark.runs.replicates import Replicates, left_out
from benchmark.runs.results import StoredCell
from benchmark.tables.table import Column, Table

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Contents:
    """What the page is made of.

    rows: of the main table. cells: all cells of the run, in any configuration. measures: what their
    columns mean. description: the content of run.json. comparison, agreement, ablations, judged:
    empty or None where the run has none. ahead: generator and method of the rows that the
    comparison finds ahead of all others.
    """

    rows: Sequence[Replicates]
    measures: Measures
    cells: Sequence[StoredCell]
    description: Mapping[str, Any]
    chapters: Sequence[Chapter]
    comparison: Table | None = None
    agreement: Table | None = None
    ablations: Sequence[Table] = ()
    judged: Judged | None = None
    unseen: Sequence[str] = field(default=())
    board: Board | None = None
    ahead: Collection[tuple[str, str]] = ()


def write_page(contents: Contents, run: Path) -> None:
    """Write report.html; the same contents give the same bytes."""
    write_text(run / "report.html", html(contents, run / "figures"))


def html(contents: Contents, figures: Path) -> str:
    """The page. figures: the folder of the run's figures; those that are missing are left out."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (TEMPLATES / "page.css").read_text("utf-8")
    script = "".join((TEMPLATES / name).read_text("utf-8") for name in ("tables.js", "explorer.js"))
    judged = contents.judged
    simulated = judged is not None and judged.simulated
    measures = contents.measures
    table = rca_table(contents.rows, measures)
    settings, seeds = settings_table(contents.rows), seed_frame(contents.rows, measures)
    ahead = [(r.generator, r.method) in contents.ahead for r in contents.rows]
    bold = [(row, HEADLINE) for row, first in enumerate(ahead) if first]
    meaning = {name: SETTINGS.get(name, Column("", "text")) for name in map(str, settings)}
    return templates.get_template("report.html").render(
        style=Markup(style),
        script=Markup(script),
        policy=policy(style, script),
        generators=list(dict.fromkeys(table["generator"])),
        methods=list(dict.fromkeys(table["method"])),
        glances=glances(table, measures, contents.comparison, judged),
        headline={"name": HEADLINE, "words": measures.cell[HEADLINE].words},
        prices=[measures.label(name) for name in measures.of_prices if name in table],
        small_figures=[
            (measures.label(name), measures.cell[name].words)
            for name in small_figures(measures)
            if name in table
        ],
        main_table=view(Table("rca", "The main table", table, rca_columns(measures), bold=bold)),
        more_metrics=(more := metrics_table(contents.rows, measures)) and view(more),
        agreement=contents.agreement and view(contents.agreement),
        comparison=view(brief(contents.comparison), simulated) if contents.comparison else None,
        boards=[view(contents.board.board), view(contents.board.matrix)] if contents.board else [],
        figures=run_figures(figures),
        undrawn=left_out(contents.rows),
        chapters=(chapters := first_of_rows(contents.chapters)),
        others=[one for one in contents.chapters if not any(one is first for first in chapters)],
        unseen=contents.unseen,
        picture=lambda sprite: address(".webp", sprite),
        orders=orders(contents.chapters, measures, judged),
        said=partial(said, measures=measures),
        shown={"best": share(len(chapters)), "steps": SHIFTS, "latents": LATENTS},
        ablations=[
            (view(ablation), own_figure(figures, ablation.name)) for ablation in contents.ablations
        ],
        study=judged
        and {
            "simulated": simulated,
            "remarks": (*judged.remarks, *judged.elsewhere),
            "tables": [view(t, simulated) for t in judged.tables],
            "figures": [study_drawing(*figure, simulated) for figure in judged.figures],
        },
        failures=failures(contents.cells),
        facts=facts(contents),
        settings=view(Table("settings", "Settings", settings, meaning)),
        seeds=view(Table("seeds", "Every run", seeds, seed_columns(seeds, measures))),
    )


def first_of_rows(chapters: Sequence[Chapter]) -> list[Chapter]:
    """Those of the lowest seed of each generator and method, which come first."""
    first: dict[tuple[str, str], Chapter] = {}
    for one in chapters:
        first.setdefault((one.generator, one.method), one)
    return list(first.values())


def policy(style: str, script: str) -> str:
    """A content security policy: nothing from outside, and no style or script but our own two."""
    hashes = [
        f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (style, script)
    ]
    return f"default-src 'none'; img-src data:; style-src {hashes[0]}; script-src {hashes[1]}"


def run_figures(folder: Path) -> list[Drawing]:
    """The figures of the run in the order of their words, without those of ablations."""
    names = [name for name in FIGURES if not name.startswith("ablation")]
    return [drawing(path) for name in names if (path := folder / f"{name}.svg").exists()]


def own_figure(folder: Path, name: str) -> Drawing | None:
    path = folder / f"{name}.svg"
    return drawing(path) if path.exists() else None


def failures(cells: Sequence[StoredCell]) -> list[dict[str, Any]]:
    """Each failed cell of any configuration, with its reason."""
    return [
        {"cell": stored.result.cell, "reason": stored.result.reason}
        for stored in cells
        if stored.result.status == "failed"
    ]


def facts(contents: Contents) -> dict[str, str]:
    """How the run came about, in words for a list of terms."""
    description, results = contents.description, [stored.result for stored in contents.cells]
    counts = Counter(result.status for result in results)
    states = {"done": 0, "failed": 0, **counts}  # skipped ones only where there are any
    seconds = sum(sum(result.seconds.values()) for result in results)
    known = {
        "command": description.get("command", ""),
        "preset": description.get("preset", ""),
        "seeds": ", ".join(map(str, description.get("seeds", ()))),
        "changed settings": _listed(description.get("settings", {})),
        "cells": ", ".join(f"{count} {status}" for status, count in states.items()),
        "computing time": f"{seconds / 60:,.1f} minutes",
        "device": "; ".join(sorted({result.device for result in results if result.device})),
        "versions": "; ".join(sorted({_listed(result.versions) for result in results})),
    }
    return {term: text for term, text in known.items() if text}


def settings_table(rows: Sequence[Replicates]) -> pd.DataFrame:
    """For each row of the main table the terms of its comparison and the method's settings."""
    lines = []
    for r in rows:
        result = r.cells[0].result
        lines.append(
            {
                "generator": r.generator,
                "method": r.method,
                **result.config["protocol"],
                "own settings": _listed(result.config["method"]),
                "configuration": result.cell.config_hash,
                "generator's options": _listed(result.config.get("generator", {})),
                "generator's weights": result.config["generator_hash"][:10],
            }
        )
    table = pd.DataFrame(lines)
    given = "generator's options"
    return table if lines and table[given].any() else table.drop(columns=given, errors="ignore")


def seed_frame(rows: Sequence[Replicates], measures: Measures) -> pd.DataFrame:
    """seeds.csv without what the settings already say, and what stands aside."""
    table = seed_table([cell for r in rows for cell in r.cells], measures)
    aside = [name for name in measures.cell if name in table and measures.cell[name].aside]
    return table.drop(columns=["k", "chance", "config_hash", *aside])


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
