"""`bench`: the command line. Commands parse, call and print; heavy imports stand inside them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from benchmark import __version__
from benchmark.cli.ablate import ablate
from benchmark.cli.check import check
from benchmark.cli.compare import compare, slim, submit_check
from benchmark.cli.converge import converge
from benchmark.cli.convert_generator import convert_generator
from benchmark.cli.demo import demo
from benchmark.cli.fetch import fetch
from benchmark.cli.import_directions import import_directions
from benchmark.cli.run import run
from benchmark.cli.shared import (
    FILES_OPTION,
    SHIFTS_OPTION,
    counted,
    exit_if_failed,
    listed,
    method_roles,
    only_files,
    say_written,
)
from benchmark.cli.study import study
from benchmark.cli.study.of_study import DATABASE, TASK
from benchmark.core import memory, threads
from benchmark.core.errors import BenchError


class Bench(click.Group):
    """Turns a user's error into one line and exit code 2, and Ctrl-C into advice and 130."""

    def invoke(self, ctx: click.Context) -> object:
        threads.wait_asleep()
        try:
            return super().invoke(ctx)
        except BenchError as error:
            click.secho(f"error: {error}", fg="red", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            again = shlex.join(["bench", *sys.argv[1:]])
            click.echo(f"\nstopped; to continue, run the same command again: {again}", err=True)
            sys.exit(130)


@click.group(cls=Bench, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Find interpretable directions in a GAN's latent space, and measure how good they are."""


@main.command("list")
def list_() -> None:
    """List generators, methods, metrics, tasks and presets, and say what is missing, and why."""
    from baselines import METHODS
    from benchmark.cli.choices import summary
    from benchmark.core.plugins import KINDS, installed
    from benchmark.core.reading import read_text
    from benchmark.generators.catalogue import GENERATORS
    from benchmark.generators.published import DOWNLOADS
    from benchmark.metrics import METRICS, ON_REQUEST
    from benchmark.runs import PRESETS
    from study_server.tasks import TASKS

    click.echo("generators")
    for name, entry in GENERATORS.items():
        reason = entry.missing()
        state = f"not available: {reason}" if reason else "available"
        terms = f"K={entry.usual.k}, {entry.usual.reconstructor}; " if entry.usual else ""
        listed(name, f"{terms}{entry.about}; {state}")
        if name in DOWNLOADS:
            listed("", DOWNLOADS[name].summary())
        if of_weights := entry.terms():
            listed("", f"terms: {of_weights}")
    click.echo("methods")
    for name in METHODS:
        listed(name, METHODS.about(name))
    click.echo("metrics")
    for name in METRICS:
        listed(name, METRICS.about(name))
    for name in ON_REQUEST:
        listed(name, f"{ON_REQUEST.about(name)} Asked for by --metric {name}.")
    click.echo("tasks of a study")
    for name, task in TASKS.items():
        listed(name, summary(task))
    click.echo("presets")
    for path in sorted(PRESETS.glob("*.toml")):
        listed(path.stem, read_text(path).splitlines()[0].lstrip("# "))
    offers = [(kind, offer) for kind in KINDS for offer in installed(kind).values()]
    if offers:
        click.echo("of installed packages")
    for group, offer in offers:
        try:
            said = summary(offer.load().value)
        except BenchError as error:
            said = f"not available: {error}"
        listed(offer.name, f"{group.removesuffix('s')} of {offer.package}; {said}")


@main.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--study",
    "study_folder",
    type=click.Path(path_type=Path),
    help="A study of RUN, whose answers the report shows beside RCA.",
)
@click.option("--simulated", is_flag=True, help="Show simulated annotators instead of people.")
@click.option(
    "--under-test",
    multiple=True,
    metavar="METHOD",
    help="Method to compare with the baselines. Repeatable.  [default: all but baselines]",
)
@FILES_OPTION
@SHIFTS_OPTION
@DATABASE
@TASK
def report(
    run_folder: Path,
    study_folder: Path | None,
    simulated: bool,
    under_test: tuple[str, ...],
    files: tuple[str, ...],
    methods: tuple[str, ...],
    database: str | None,
    task: str | None,
) -> None:
    """Make the tables, figures and page of RUN again, from its stored cells."""
    from benchmark.cli.choices import define_shifts
    from benchmark.report.making import write_report
    from benchmark.runs.opening import AtHand
    from benchmark.study.for_report import read_judged

    if study_folder is None and (simulated or database or task):
        raise BenchError("--simulated, --database and --task need a study: name it with --study")
    define_shifts(methods)
    roles = method_roles()
    judged = None
    if study_folder is not None:
        judged = read_judged(study_folder, run_folder, simulated, database, roles, task)
    written = write_report(run_folder, judged, roles, under_test, AtHand(only_files(files)))
    say_written(run_folder, written)
    exit_if_failed(0, written.unmade)


@main.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
def upgrade(run_folder: Path) -> None:
    """Convert RUN, which an earlier version wrote, to today's format; computes nothing again."""
    from benchmark.runs.lease import lease
    from benchmark.runs.upgrade import upgrade as bring

    with lease(run_folder):
        done = bring(run_folder, method_roles())
    files = counted(len(done.brought), "file")
    click.echo(f"{files} converted, {len(done.left)} needed no change")
    for path, reason in done.damaged.items():
        click.secho(f"damaged, and left as it is: {path} ({reason})", fg="red", err=True)
    if done.damaged:
        sys.exit(1)


@main.command("train-generator")
@click.argument("name")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    help="An .npz like Keras' mnist.npz, or a folder or zip of images.",
)
@click.option("--steps", type=int, help="Number of generator updates.  [default: the recipe's]")
@click.option("--device", default="auto", show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of checkpoints and result.  [default: results/generators/NAME]",
)
def train_generator(
    name: str, data: Path, steps: int | None, device: str, out: Path | None
) -> None:
    """Train generator NAME on real images, judge it, and write weights with a model card."""
    from benchmark.core.device import resolve
    from benchmark.generators.training.train_generator import train_generator as train

    memory.keep()
    trained = train(name, data, out or Path("results/generators") / name, steps, resolve(device))
    click.echo(f"weights: {trained.weights}\nmodel card: {trained.card}")


main.add_command(run)
main.add_command(demo)
main.add_command(ablate)
main.add_command(converge)
main.add_command(check)
main.add_command(compare)
main.add_command(slim)
main.add_command(submit_check)
main.add_command(study)
main.add_command(fetch)
main.add_command(convert_generator)
main.add_command(import_directions)
