"""While a study runs: the site, its links, how far it is, and its end."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli.study.of_study import BASE, REASON, of_study


@click.command()
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


@click.command()
@of_study
@click.option(
    "--annotators",
    "count",
    type=click.IntRange(1, 500),
    help="How many links.  [default: one for each name, or 1]",
)
@click.option(
    "--name", "names", multiple=True, help="Name of a link, for the staff alone. Repeatable."
)
@click.option("--deadline", default="", metavar="DAY", help="Last day of the links: 2030-12-31.")
@click.option(
    "--csv",
    "table",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write all personal links to FILE, with names, states and last days, and print none.",
)
@BASE
def invite(
    folder: Path,
    database: str | None,
    task: str | None,
    count: int | None,
    names: tuple[str, ...],
    deadline: str,
    table: Path | None,
    base: str | None,
) -> None:
    """Make personal links, one for each new annotator. Whoever has one is its person."""
    from study_server import commands
    from study_server.front import opens_here_alone

    count = count or (0 if names else 1)
    links = commands.invite(folder, count, base, database, task, names, deadline, table)
    if why := commands.unready_consent(folder, task):
        click.echo(why, err=True)
    if table:
        made = f"{len(links)} new {'link' if len(links) == 1 else 'links'}"
        click.echo(f"{made}; all personal links are in {table}")
    else:
        click.echo("\n".join(links))
    if opens_here_alone(links[0]):
        here = "these links open on this machine alone; --base says the address that others reach"
        click.echo(here, err=True)


@click.command()
@of_study
@click.option("--simulated", is_flag=True, help="Of simulated annotators instead of people.")
def status(folder: Path, database: str | None, task: str | None, simulated: bool) -> None:
    """Show how far STUDY is, and how well its annotators agree."""
    from study_server import commands

    for name, value in commands.status(folder, simulated, database, task).items():
        click.echo(f"{name:22} {value}")


@click.command()
@of_study
@click.option(
    "--state", type=click.Choice(["closed", "paused", "open"]), default="closed", show_default=True
)
def close(folder: Path, database: str | None, task: str | None, state: str) -> None:
    """Close STUDY to annotators; or pause it, or open it again."""
    from study_server import commands

    commands.close(folder, state, database, task)
    click.echo(f"the study is {state}")


@click.command("raise")
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
