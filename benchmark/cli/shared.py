"""Options that several commands share, and how a finished cell is printed."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.core.errors import BenchError

if TYPE_CHECKING:
    from benchmark.methods.method import Role
    from benchmark.metrics.metric import Metric
    from benchmark.report.making import Written
    from benchmark.runs.engines.backend import Backend
    from benchmark.runs.engines.placing import Choice
    from benchmark.runs.grid import Group
    from benchmark.runs.results import Cell, Result
    from benchmark.runs.settings import RunConfig

WIDEST, NAMES = 100, 22  # columns of a list, and of the names in it
LONG = 3600.0  # seconds; before anything longer the user is asked
GENERATOR_HELP = "Name, weights file or folder, model.onnx, or path/to/file.py:callable."

FILES_OPTION = click.option(
    "-g",
    "--generator",
    "files",
    multiple=True,
    metavar="FILE.py:CALLABLE",
    help="The file of a generator of your own, where it is now. Only files named here are run, "
    "whatever RUN says. Repeatable.",
)

METRICS_OPTION = click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="One more metric: path/to/file.py:Class, or vp. Repeatable.",
)

PRESET = click.option(
    "--preset",
    default="quick",
    show_default=True,
    help="quick, standard, paper, recipe, demo, or a TOML file of your own",
)
SEEDS = click.option("--seeds", help="Comma-separated replicates, such as 0,1,2.")
SETTINGS = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a setting: steps=5000, discovered.lr=1e-4, mnist-sngan.k=32.",
)
DEVICE = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ..."
)
OUT = click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder.  [default: results/PRESET]"
)
JOBS = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes that compute at once.  [default: as many as there are cores or GPUs]",
)
PARALLEL = click.option(
    "--parallel-config",
    type=click.Path(path_type=Path),
    metavar="FILE.yml",
    help="Where to compute instead: `backend: processes`, `dask` or `submitit`, and its keys.",
)
YES = click.option("--yes", is_flag=True, help="Start without asking, however long it takes.")


def methods_option(default: str) -> Callable[[Any], Any]:
    """The option `-m`. default: in words, what runs without it."""
    return click.option(
        "-m",
        "--method",
        "methods",
        multiple=True,
        help="Name, path/to/file.py:Class, a file of directions (docs/FORMATS.md), or all. "
        f"Repeatable.  [default: {default}]",
    )


SHIFTS_OPTION = click.option(
    "-m",
    "--method",
    "methods",
    multiple=True,
    metavar="FILE.py:CLASS",
    help="The file of a method whose directions are of a kind of its own, so that they can be "
    "painted. Repeatable.",
)


def grid_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that computes cells: preset, seeds, settings, device, out, engine,
    yes."""
    # the last one stands first in the help
    for option in (YES, PARALLEL, JOBS, OUT, DEVICE, SETTINGS, SEEDS, PRESET):
        command = option(command)
    return command


def configured(preset: str, settings: tuple[str, ...], seeds: str | None) -> RunConfig:
    """The preset, changed as the command line says. Raises BenchError."""
    from dataclasses import replace

    from benchmark.runs.settings import RunConfig

    config = RunConfig.from_preset(preset).with_settings(settings)
    return config if seeds is None else replace(config, seeds=parse_seeds(seeds))


def say_skipped(groups: Sequence[Group]) -> None:
    """Say which cells will be skipped and why, each method of a generator once."""
    skipped = ((group.name, job) for group in groups for job in group.skipped)
    for text in dict.fromkeys(f"{name}, {j.cell.method}: {j.unserved}" for name, j in skipped):
        _warn(f"skipped is {text}")


def agree(
    groups: Sequence[Group],
    out: Path,
    device: str,
    yes: bool,
    metrics: Mapping[str, Metric],
    force: bool = False,
    engine: Choice | None = None,
) -> tuple[dict[Cell, float], Backend | None]:
    """Print what all that is missing will cost; the seconds of each cell, and the engine, opened.

    On a terminal, unless `yes`, a long run starts only if the user agrees. None for an engine is
    this process.
    """
    from benchmark.core.device import device_name, hand_back
    from benchmark.runs.cost import costs, statement, units_of
    from benchmark.runs.engines.placing import Choice, wall_time

    expected = costs(groups, out, device, force, metrics)
    if not expected:
        return {}, None
    hand_back(device)  # the other processes may need it
    units = units_of(groups, expected)
    backend = (engine or Choice()).opened(units, device, out, _warn)
    wall = wall_time(units, backend.at_once if backend else 1)
    click.echo(
        f"cost of what is missing, from a few steps timed on {device_name(device)}:", err=True
    )
    for text in statement(list(expected.values()), wall, backend.words() if backend else ""):
        click.echo(text, err=True)
    if wall > LONG and not yes and sys.stdin.isatty() and not click.confirm("Start?", err=True):
        if backend:
            backend.close()
        raise click.Abort
    return {cell: cost.seconds for cell, cost in expected.items()}, backend


def _warn(text: str) -> None:
    click.secho(text, fg="yellow", err=True)


def exit_if_failed(cells: int, unmade: Sequence[str] = ()) -> None:
    """End with code 1 where cells failed. unmade: parts of the report that could not be made; each
    was named when it failed."""
    if cells:
        click.secho(f"{counted(cells, 'cell')} failed; the lines above say why", fg="red", err=True)
    if unmade:
        parts = counted(len(unmade), "part")
        click.secho(f"missing: {parts} of the report", fg="red", err=True)
    if cells or unmade:
        sys.exit(1)


def listed(name: str, words: str) -> None:
    """A line of a list: the name, and beside it words that wrap under themselves."""
    width = min(shutil.get_terminal_size((WIDEST, 0)).columns, WIDEST)
    first = f"  {name:{NAMES}} "
    # a path, or a command to copy, stays whole
    for text in textwrap.wrap(
        words,
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    ):
        click.echo(text)


def counted(n: int, what: str) -> str:
    """`1 cell`, `2 cells`."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def say_written(run: Path, written: Written) -> None:
    """The last lines of a command that wrote a report: what came out, and where all of it is."""
    for text in written.in_short:
        click.echo(text)
    click.echo(f"tables and figures: {run}\nto read and to explore: {run / 'report.html'}")


def only_files(references: Sequence[str]) -> tuple[str, ...]:
    """References that all name a Python file. Raises BenchError."""
    from benchmark.core.plugins import is_file

    for reference in references:
        if not is_file(reference):
            raise BenchError(f"-g wants path/to/file.py:callable here, not '{reference}'")
    return tuple(references)


def method_roles() -> dict[str, Role]:
    """The role of each method of the suite, for results that do not store one."""
    from baselines import METHODS

    return {name: kind.role for name, kind in METHODS.items()}


def parse_seeds(text: str) -> tuple[int, ...]:
    """`0,1,2` as numbers. Raises BenchError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts) or len({*map(int, parts)}) < len(parts):
        raise BenchError(f"--seeds wants different whole numbers such as 0,1,2, not '{text}'")
    return tuple(map(int, parts))


def tell(text: str) -> None:
    """Print a line above the bars of a run, which `click.echo` would write into."""
    print(text, flush=True)


def line(result: Result) -> str:
    """A cell in one line: the headline, what it was bought with, and a user's metrics."""
    from benchmark.metrics import HEADLINE, METRICS
    from benchmark.metrics.measures import TAKEN, measures_of
    from benchmark.tables.text import value_text

    cell = result.cell
    name = f"{cell.generator:16} {cell.method:12} seed {cell.seed}"
    if result.reason:
        return f"{name}  {result.status}: {result.reason}"
    known = measures_of(METRICS)
    others = [column for column in result.metrics if column not in {*known.cell, *TAKEN}]
    kinds = {column: known.cell[column].kind for column in (HEADLINE, *known.of_prices)}
    figures = [
        f"{column} {value_text(value, kinds.get(column, 'number'))}"
        for column in (*kinds, *others)
        if (value := result.metrics.get(column)) is not None
    ]
    return "  ".join([name, *figures])
