"""`bench study`: build, serve and watch a human study. Only parses, calls and prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmark.cli.shared import SHIFTS_OPTION, method_roles
from benchmark.core.errors import BenchError

FOLDER = click.argument("folder", metavar="STUDY", type=click.Path(path_type=Path))
DATABASE = click.option(
    "--database", help="Database to use in place of the study's own SQLite file."
)
TASK = click.option(
    "--task",
    metavar="FILE.py:CLASS",
    help="The file of STUDY's task, where that is neither built in nor installed.",
)


def of_study(command: Callable[..., Any]) -> Callable[..., Any]:
    """Arguments of every command on a study: its folder, its database, its task."""
    return FOLDER(DATABASE(TASK(command)))


@click.group()
def study() -> None:
    """Let people judge the directions of a run, without knowing which method they are from."""


@study.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-g",
    "--generator",
    "generators",
    multiple=True,
    help="Generator to show, or path/to/file.py:callable of one of your own: only files named here "
    "are run. Repeatable.  [default: all of the run]",
)
@SHIFTS_OPTION
@click.option(
    "--per-method",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    help="Directions of each method, or all where there are fewer.",
)
@click.option(
    "--seed", default=0, show_default=True, help="Seed of the draw of directions and latents."
)
@click.option("--settings", type=click.Path(path_type=Path), help="A study.toml of your own.")
@click.option(
    "--known-good",
    multiple=True,
    metavar="GENERATOR/METHOD/K",
    help="A direction that all should call clear, shown as a check. Default: planted true axes.",
)
@click.option(
    "--task",
    default="rating",
    show_default=True,
    metavar="NAME | FILE.py:CLASS",
    help="Task that people are asked to do: rating (one direction on a page), pairs (which of two "
    "changes one single thing), or one of your own.",
)
@click.option("--out", default="study", show_default=True, type=click.Path(path_type=Path))
def build(
    run: Path,
    generators: tuple[str, ...],
    methods: tuple[str, ...],
    per_method: int,
    seed: int,
    settings: Path | None,
    known_good: tuple[str, ...],
    task: str,
    out: Path,
) -> None:
    """Turn RUN into a blinded bundle of images; prints the administrator's password once."""
    from benchmark.cli.choices import define_shifts
    from benchmark.study.build import build_study
    from study_server.bundle import load_bundle
    from study_server.effort import effort

    define_shifts(methods)
    password = build_study(
        run, out, generators, per_method, seed, settings, known_good, method_roles(), task
    )
    click.echo(effort(load_bundle(out, task)))
    click.echo(f"study in {out}; the administrator's password, not stored anywhere: {password}")


@study.command()
@of_study
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--base",
    metavar="ADDRESS",
    help="The site's address as annotators see it, such as https://host.example/faces, where a "
    "proxy stands before it.",
)
@click.option(
    "--client-address",
    type=click.Choice(["x-forwarded-for", "x-real-ip"], case_sensitive=False),
    help="Header in which that proxy says whose request it is.  [default: none]",
)
def serve(
    folder: Path,
    database: str | None,
    task: str | None,
    host: str,
    port: int,
    base: str | None,
    client_address: str | None,
) -> None:
    """Serve STUDY until Ctrl-C. docs/DEPLOYING.md says how to put it on the internet."""
    from study_server.stopping import Stop

    with Stop() as stop:  # before the imports below, which could lose a Ctrl-C
        from study_server import commands

        commands.serve(folder, stop, host, port, database, task, base, client_address)


@study.command()
@of_study
@click.option("--annotators", "count", default=1, show_default=True, type=click.IntRange(1))
@click.option(
    "--base",
    metavar="ADDRESS",
    help="The site's address as annotators see it.  [default: the one it was last served at]",
)
def invite(
    folder: Path, database: str | None, task: str | None, count: int, base: str | None
) -> None:
    """Print personal links, one for each new annotator."""
    from study_server import commands

    for link in commands.invite(folder, count, base, database, task):
        click.echo(link)


@study.command()
@of_study
@click.option("--simulated", is_flag=True, help="Of simulated annotators instead of people.")
def status(folder: Path, database: str | None, task: str | None, simulated: bool) -> None:
    """Show how far STUDY is, and how well its annotators agree."""
    from study_server import commands

    for name, value in commands.status(folder, simulated, database, task).items():
        click.echo(f"{name:22} {value}")


@study.command()
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
    click.echo(str(commands.withdrawn(folder, database, task)))


REASON = click.option("--reason", required=True, metavar="TEXT", help="Kept with the decision.")


@study.command()
@of_study
@click.argument("person")
@REASON
def exclude(folder: Path, person: str, database: str | None, task: str | None, reason: str) -> None:
    """Leave out PERSON, by public number: no answer is deleted, their places open again."""
    from study_server import commands

    commands.exclude(folder, person, reason, True, database, task)
    click.echo(f"{person} is left out; `bench study take-back` undoes it")


@study.command("take-back")
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


@study.command("raise")
@of_study
@click.option(
    "--ratings", required=True, type=click.IntRange(1), help="Of each item, more than now."
)
@REASON
def raise_(folder: Path, database: str | None, task: str | None, ratings: int, reason: str) -> None:
    """Ask for more ratings of each item of STUDY, also while it runs: a change of plan."""
    from study_server import commands

    before = commands.raise_ratings(folder, ratings, reason, database, task)
    click.echo(
        f"{ratings} ratings of each item in place of {before}, from the next start of the site; "
        "the analysis will say that the plan changed"
    )


@study.command()
@of_study
@click.argument("person")
@REASON
def erase(folder: Path, person: str, database: str | None, task: str | None, reason: str) -> None:
    """Erase what PERSON said, by public or outside number, for good; a tombstone stays."""
    from study_server import commands

    count = commands.erase(folder, person, reason, database, task)
    click.echo(f"{count} judgments of {person} are erased, and the number at the service with them")
    click.echo("backups and exports made before still hold them: see docs/ANSWERS.md")


@study.command()
@of_study
@click.option("--out", default="codes.csv", show_default=True, type=click.Path(path_type=Path))
def codes(folder: Path, database: str | None, task: str | None, out: Path) -> None:
    """Write whose codes are whose, by how their way ended: whom to approve, whom to return."""
    from study_server import commands

    endings = commands.codes(folder, out, database, task)
    told = ", ".join(f"{n} {ending or 'under way'}" for ending, n in endings.items())
    click.echo(f"{endings.total()} people in {out}{': ' if told else ''}{told}")


@study.command()
@of_study
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="New file to copy it to."
)
def backup(folder: Path, database: str | None, task: str | None, out: Path) -> None:
    """Copy STUDY's database to a new file, also while it is served; checks the copy."""
    from study_server import commands

    click.echo(f"{commands.backup(folder, out, database, task)} judgments in {out}")


@study.command()
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


@study.command()
@of_study
@click.option(
    "--state", type=click.Choice(["closed", "paused", "open"]), default="closed", show_default=True
)
def close(folder: Path, database: str | None, task: str | None, state: str) -> None:
    """Close STUDY to annotators; or pause it, or open it again."""
    from study_server import commands

    commands.close(folder, state, database, task)
    click.echo(f"the study is {state}")


@study.command()
@of_study
@click.option("--annotators", "count", default=12, show_default=True, type=click.IntRange(1))
@click.option(
    "--profile",
    default="careful",
    show_default=True,
    help="How bots answer: careful, careless, biased or straight.",
)
@click.option("--seed", default=0, show_default=True)
def simulate(
    folder: Path, database: str | None, task: str | None, count: int, profile: str, seed: int
) -> None:
    """Let bots take part; their judgments are marked as simulated for ever."""
    from study_server import commands

    done = commands.simulate(folder, count, profile, seed, database, task)
    click.echo(f"{done} simulated judgments")


@study.command()
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


@study.command()
@of_study
@click.option("--run", type=click.Path(path_type=Path), help="Run of STUDY, if it has moved.")
def label(folder: Path, database: str | None, task: str | None, run: Path | None) -> None:
    """Write names, change types and MOS beside the directions that people judged."""
    from benchmark.study.labelling import LEAST_RATINGS, label_study

    for path, count in label_study(folder, run, database, task).items():
        click.echo(f"{count:4} {'label' if count == 1 else 'labels'} in {path}")
    click.echo(f"directions with fewer than {LEAST_RATINGS} ratings have none")


@study.command()
@click.option("--effect", default=0.2, show_default=True, help="Difference of MOS to find.")
@click.option("--power", default=0.8, show_default=True, help="Wanted chance of finding it.")
@click.option("--baseline", default=0.3, show_default=True, help="MOS of the baseline.")
@click.option("--studies", default=2_000, show_default=True, type=click.IntRange(100))
@click.option("--seed", default=0, show_default=True)
@click.option("--out", default="results/plan", show_default=True, type=click.Path(path_type=Path))
def plan(effect: float, power: float, baseline: float, studies: int, seed: int, out: Path) -> None:
    """Find how large a study must be; simulates STUDIES per design."""
    from benchmark.study.planning import describe, plan_study

    designs = plan_study(effect, power, baseline, out, studies, seed)
    if not designs:
        click.echo(f"no design of the table reaches a power of {power:g}")
    for design in designs:
        click.echo(describe(design))
    click.echo(f"table and curve: {out}")


@study.command("import")
@of_study
@click.argument("file", type=click.Path(path_type=Path))
def import_(folder: Path, file: Path, database: str | None, task: str | None) -> None:
    """Read an export of STUDY into a new database, in place of one that was lost."""
    from study_server import commands

    click.echo(f"{commands.import_answers(folder, file, database, task)} judgments imported")
