"""`bench compare`, `slim` and `submit-check`: runs of several people beside each other."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from benchmark.cli.shared import (
    FILES_OPTION,
    SHIFTS_OPTION,
    exit_if_failed,
    method_roles,
    only_files,
    say_written,
)
from benchmark.core.errors import BenchError

RUN = click.Path(path_type=Path)
MOST = 5  # faults of a point that are listed


@click.command()
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True, type=RUN)
@click.option("--out", required=True, type=RUN, help="Folder of the joined run; a new one.")
@FILES_OPTION
@SHIFTS_OPTION
def compare(
    runs: tuple[Path, ...], out: Path, files: tuple[str, ...], methods: tuple[str, ...]
) -> None:
    """Join the cells of several runs into one, with one report.

    Cells on the same generator, by its hash, and under the same protocol stand side by side. All
    others are kept apart under a name of their own, and the command says why.
    """
    from benchmark.cli.choices import define_shifts
    from benchmark.report.making import write_report
    from benchmark.runs.merging import merge
    from benchmark.runs.opening import AtHand

    if len(runs) < 2:
        raise BenchError("give at least two runs to compare")
    define_shifts(methods)
    at_hand = AtHand(only_files(files))
    for note in merge(runs, out):
        click.secho(note, fg="yellow", err=True)
    try:
        written = write_report(out, roles=method_roles(), at_hand=at_hand)
    except (KeyboardInterrupt, BenchError) as error:  # the same command would find the folder
        again = shlex.join(["bench", "report", str(out)])
        click.echo(f"\nstopped; the runs are joined, and this makes the report: {again}", err=True)
        if isinstance(error, BenchError):
            raise
        sys.exit(130)
    say_written(out, written)
    exit_if_failed(0, written.unmade)


@click.command()
@click.argument("run", metavar="RUN", type=RUN)
@click.argument("out", metavar="OUT", type=RUN)
def slim(run: Path, out: Path) -> None:
    """Copy RUN to the new folder OUT, small enough to publish.

    Left out are checkpoints and, of every cell that no picture shows, as of all seeds but the
    lowest, the stages of its training and directions of more than 1 MB, as those that bend have.
    Tables can be made and checked without them.
    """
    from benchmark.runs.slimming import slim as copy_without

    left = copy_without(run, out)
    click.echo(f"left out: {len(left)} files of cells, {sum(left.values()) / 1e6:.1f} MB")
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    click.echo(f"{out}: {size / 1e6:.1f} MB")


@click.command("submit-check")
@click.argument("run", metavar="RUN", type=RUN)
def submit_check(run: Path) -> None:
    """Say whether RUN may stand on a public leaderboard; ends with code 1 where it may not."""
    from baselines import METHODS
    from benchmark.generators.catalogue import GENERATORS
    from benchmark.generators.stored import weights_hash
    from benchmark.runs.submission import submission_points

    faults = 0
    points = submission_points(run, METHODS, lambda name: weights_hash(GENERATORS[name].load()))
    for point in points:
        faults += len(point.faults)
        state = click.style("no ", fg="red") if point.faults else click.style("yes", fg="green")
        click.echo(f"  {state}  {point.asks}")
        for fault in point.faults[:MOST]:
            click.echo(f"         {fault}")
        if len(point.faults) > MOST:
            click.echo(f"         and {len(point.faults) - MOST} more")
    if faults:
        click.secho(f"{run} cannot stand on a public leaderboard yet", fg="red", err=True)
        sys.exit(1)
    click.echo(f"{run} may stand on a public leaderboard")
