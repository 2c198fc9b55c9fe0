"""Before the first person: how large a study must be, its bundle, and a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from benchmark.cli.shared import SHIFTS_OPTION, method_roles
from benchmark.cli.study.of_study import of_study

SPARE = "some stop or do not count"


@click.command()
@click.option("--effect", default=0.2, show_default=True, help="Difference of MOS to find.")
@click.option("--power", default=0.8, show_default=True, help="Wanted chance of finding it.")
@click.option("--baseline", default=0.3, show_default=True, help="MOS of the baseline.")
@click.option("--studies", default=2_000, show_default=True, type=click.IntRange(100))
@click.option("--seed", default=0, show_default=True)
@click.option("--out", default="results/plan", show_default=True, type=click.Path(path_type=Path))
def plan(effect: float, power: float, baseline: float, studies: int, seed: int, out: Path) -> None:
    """Find how large a study must be; simulates STUDIES per design."""
    from benchmark.study.planning import describe, plan_study

    click.echo(f"simulating {studies:,} studies of each design", err=True)
    designs = plan_study(effect, power, baseline, out, studies, seed)
    if not designs:
        click.echo(f"no design of the table reaches a power of {power:g}")
    else:
        click.echo(
            f"of a method and a baseline, MOS {baseline + effect:g} against {baseline:g}: designs "
            f"that find it with a chance of {power:g}, the least work first"
        )
    for design in designs:
        click.echo(describe(design))
    click.echo(f"table and curve: {out}")
    if designs:
        least = designs[0].design
        click.echo("each further method that is judged adds half as many judgments again")
        click.echo(
            f"next: bench study init, ratings_per_item = {least.ratings} in study.toml, then\n"
            f"      bench study build RUN --settings study.toml --per-method {least.directions}"
        )


@click.command()
@click.argument("file", default="study.toml", type=click.Path(path_type=Path))
def init(file: Path) -> None:
    """Write the settings of a new study, commented, to FILE (study.toml), to be changed before
    `build`."""
    from study_server.blanks import places_left
    from study_server.settings_file import read_settings
    from study_server.shipped import write_settings

    write_settings(file)
    click.echo(f"the settings of a new study are in {file}, each with its meaning")
    click.echo(f"fill in its consent: {places_left(read_settings(file))}")
    click.echo("say in `languages` which you offer, or delete the texts of the others")
    click.echo(f"next: bench study build RUN --settings {file}")


@click.command()
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
    help="A direction that all should call clear, shown as a check.  [default: edits of the "
    "generator's own pictures]",
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
    from benchmark.study.strength import strength
    from study_server.blanks import unready
    from study_server.bundle import load_bundle
    from study_server.effort import effort

    define_shifts(methods)
    roles, tell = method_roles(), click.echo
    password = build_study(
        run, out, generators, per_method, seed, settings, known_good, roles, task, tell
    )
    # Before the simulations of `strength`, which somebody may stop.
    tell(f"study in {out}; the administrator's password, not stored anywhere: {password}")
    bundle = load_bundle(out, task)
    needed = effort(bundle)
    tell(str(needed))
    for sentence in strength(bundle):
        tell(sentence)
    if why := unready(bundle.settings):
        tell(f"{why}: see {out}/study.toml")
    tell(f"next: bench study simulate {out} --annotators 3         # a rehearsal, with bots")
    tell(f"      bench study serve {out}")
    for count, why in inviting(needed.invited):
        tell(f"      bench study invite {out} --annotators {count}  # {why}")


def inviting(people: int) -> Iterator[tuple[int, str]]:
    """How many links to make with one command, and what to say of it, until all are invited."""
    from study_server.invitations import MOST

    times, rest = divmod(people, MOST)
    if times:
        yield MOST, f"{times} times" if times > 1 else SPARE
    if rest:
        yield rest, SPARE


@click.command()
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
    click.echo(f"{done} simulated judgments{'' if done else ': no place was left for bots'}")
