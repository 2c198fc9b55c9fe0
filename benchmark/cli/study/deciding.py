"""What staff decide of single people: whom to leave out, to erase, and to pay."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli.study.of_study import BASE, REASON, of_study


@click.command()
@of_study
@click.argument("person")
@REASON
def exclude(folder: Path, person: str, database: str | None, task: str | None, reason: str) -> None:
    """Leave out PERSON, by public number: no answer is deleted, their places open again."""
    from study_server import commands

    commands.exclude(folder, person, reason, True, database, task)
    click.echo(f"{person} is left out; `bench study take-back` undoes it")


@click.command("take-back")
@of_study
@click.argument("person")
@REASON
def take_back(
    folder: Path, person: str, database: str | None, task: str | None, reason: str
) -> None:
    """Take back PERSON, whom the staff left out."""
    from study_server import commands

    commands.exclude(folder, person, reason, False, database, task)
    click.echo(f"{person} counts again, unless a screening rule leaves them out")


@click.command()
@of_study
@click.argument("person")
@REASON
def erase(folder: Path, person: str, database: str | None, task: str | None, reason: str) -> None:
    """Erase what PERSON said, by public or outside number, for good; a tombstone stays."""
    from study_server import commands

    count = commands.erase(folder, person, reason, database, task)
    click.echo(f"{count} judgments of {person} are erased, and the number at the service with them")
    click.echo("backups and exports made before still hold them: see docs/ANSWERS.md")


@click.command()
@of_study
@click.argument("person")
@REASON
@BASE
def replace(
    folder: Path,
    person: str,
    database: str | None,
    task: str | None,
    reason: str,
    base: str | None,
) -> None:
    """Replace PERSON, who dropped out: prints a new link that takes over their places."""
    from study_server import commands

    click.echo(commands.replace(folder, person, reason, base, database, task))
    click.echo(f"{person} is left out, and their own link lets nobody in any more", err=True)


@click.command()
@of_study
@click.option("--out", default="codes.csv", show_default=True, type=click.Path(path_type=Path))
def codes(folder: Path, database: str | None, task: str | None, out: Path) -> None:
    """Write whose codes are whose, by how their way ended: whom to approve, whom to return."""
    from study_server import commands

    endings = commands.codes(folder, out, database, task)
    told = ", ".join(f"{n} {ending or 'under way'}" for ending, n in endings.items())
    click.echo(f"{endings.total()} people in {out}{': ' if told else ''}{told}")
