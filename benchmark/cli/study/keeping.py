"""Where answers go: copies, files, and a folder to hand over."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli.shared import method_roles
from benchmark.cli.study.of_study import of_study
from benchmark.core.errors import BenchError


@click.command()
@of_study
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="New file to copy it to."
)
def backup(folder: Path, database: str | None, task: str | None, out: Path) -> None:
    """Copy STUDY's database to a new file, also while it is served; checks the copy."""
    from study_server import commands

    click.echo(f"{commands.backup(folder, out, database, task)} judgments in {out}")


@click.command()
@of_study
@click.argument("file", type=click.Path(path_type=Path))
def restore(folder: Path, file: Path, database: str | None, task: str | None) -> None:
    """Put the backup FILE in the place of STUDY's database, which is kept beside it."""
    from study_server import commands

    count, former = commands.restore(folder, file, database, task)
    click.echo(f"{count} judgments restored")
    if former is not None:
        click.echo(f"the database before is kept as {former}")
    gone = commands.withdrawn(folder, database, task)
    if gone.people:
        click.echo(str(gone))


@click.command()
@of_study
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "parquet", "jsonl"]),
    help="Of the default file.  [default: csv]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File, in the format that its name ends in.  [default: judgments.FORMAT]",
)
@click.option(
    "--package",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Instead: a new folder to hand over, with people's data, codebook, plan, pictures, tables "
    "and scripts that make them again.",
)
def export(
    folder: Path,
    database: str | None,
    task: str | None,
    kind: str | None,
    out: Path | None,
    package: Path | None,
) -> None:
    """Write every judgment to a file, or all of STUDY to a folder for others."""
    from study_server import commands

    if package:
        from benchmark.study.handover.package import write_package

        if kind or out:
            raise BenchError("--package writes a folder of its own: leave --format and --out out")
        count = write_package(folder, package, database, task, method_roles())
        click.echo(f"{count} judgments, and all that belongs to them, in {package}")
        return
    path = out or Path(f"judgments.{kind or 'csv'}")
    if kind and path.suffix.lower() != f".{kind}":
        raise BenchError(f"--out {path} names another format than --format {kind}: leave one out")
    click.echo(f"{commands.export(folder, path, kind, database, task)} judgments in {path}")
    click.echo("its column simulated says which are of bots")
    click.echo(str(commands.withdrawn(folder, database, task)))


@click.command("import")
@of_study
@click.argument("file", type=click.Path(path_type=Path))
def import_(folder: Path, file: Path, database: str | None, task: str | None) -> None:
    """Read an export of STUDY into a new database, in place of one that was lost."""
    from study_server import commands

    click.echo(f"{commands.import_answers(folder, file, database, task)} judgments imported")
    gone = commands.withdrawn(folder, database, task)
    if gone.people:
        click.echo(str(gone))
