"""After the last person: tables, figures, and names written beside the directions."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli.shared import method_roles
from benchmark.cli.study.of_study import of_study


@click.command()
@of_study
@click.option(
    "--run", type=click.Path(path_type=Path), help="Run to read RCA from, in place of the study."
)
@click.option("--simulated", is_flag=True, help="Analyse simulated annotators, not people.")
@click.option("--method", help="Method under test.  [default: the plan's, else all but baselines]")
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: STUDY/analysis]")
def analyse(
    folder: Path,
    database: str | None,
    task: str | None,
    run: Path | None,
    simulated: bool,
    method: str | None,
    out: Path | None,
) -> None:
    """Make tables and figures of STUDY's answers: is the method better, by how much, how sure?"""
    from benchmark.core.storage import write_text
    from benchmark.study.analyse import analyse_study
    from benchmark.study.figures import write_figures
    from benchmark.tables.text import rounded
    from benchmark.tables.writing import write_table

    analysis = analyse_study(folder, run, simulated, database, method, method_roles(), task)
    out = out or folder / ("analysis-simulated" if simulated else "analysis")
    for table in analysis.tables:
        write_table(table, out)
    write_figures(analysis, out / "figures")
    write_text(out / "METHODS.txt", analysis.methods)
    for table in analysis.tables[:2]:
        text = rounded(table).to_string(index=False) if len(table.frame) else ""
        click.echo("\n".join([table.title, text, *table.notes, ""]))
    click.echo(
        f"{analysis.screening}\n{analysis.staff}\n{analysis.plan}\ntables and figures: {out}"
    )


@click.command()
@of_study
@click.option("--run", type=click.Path(path_type=Path), help="Run of STUDY, if it has moved.")
def label(folder: Path, database: str | None, task: str | None, run: Path | None) -> None:
    """Write names, change types and MOS beside the directions that people judged."""
    from benchmark.study.labelling import LEAST_RATINGS, label_study

    for path, count in label_study(folder, run, database, task).items():
        click.echo(f"{count:4} {'label' if count == 1 else 'labels'} in {path}")
    click.echo(f"directions with fewer than {LEAST_RATINGS} ratings have none")
