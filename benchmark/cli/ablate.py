"""`bench ablate`: the method at many K or lambda. Only parses, calls and prints."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmark.cli.shared import (
    GENERATOR_HELP,
    agree,
    configured,
    exit_if_failed,
    grid_options,
    line,
)
from benchmark.core.errors import BenchError

GENERATOR = click.option("-g", "--generator", required=True, help=GENERATOR_HELP)
VALUES = click.option("--values", help="Comma-separated, in place of the usual ones.")


def method_option(*usual: str) -> Callable[[Any], Any]:
    return click.option(
        "-m",
        "--method",
        "methods",
        multiple=True,
        default=usual,
        show_default=True,
        help="Repeatable.",
    )


@click.group()
def ablate() -> None:
    """Change one setting over a range, everything else equal: what does it buy, and cost?

    Cells are those of ordinary runs: in the same folder nothing is computed twice.
    """


@ablate.command()
@GENERATOR
@method_option("discovered", "coordinate")
@VALUES
@grid_options
def k(**options: Any) -> None:
    """K, the number of directions: powers of two from 8 to twice the latent dimensions."""
    _ablate("k", **options)


@ablate.command("lambda")
@GENERATOR
@method_option("discovered")
@VALUES
@grid_options
def lambda_(**options: Any) -> None:
    """Lambda, the weight of the shift loss, from 0 to 10, for both shift losses."""
    _ablate("lambda", **options)


def _ablate(
    axis: str,
    generator: str,
    methods: tuple[str, ...],
    values: str | None,
    preset: str,
    seeds: str | None,
    settings: tuple[str, ...],
    device: str,
    out: Path | None,
    yes: bool,
) -> None:
    from benchmark.core.device import resolve
    from benchmark.metrics import METRICS
    from benchmark.report import write_report
    from benchmark.runs.ablation import note, plan_ablation
    from benchmark.runs.runner import execute

    config = configured(preset, settings, seeds)
    out = out or Path("results") / config.preset
    device = resolve(device)
    ablation = plan_ablation(axis, config, generator, methods, _numbers(values))
    agree(ablation.groups, out, device, yes)
    note(ablation, out, shlex.join(["bench", *sys.argv[1:]]))
    failed = 0
    for result in execute(ablation.groups, out, device, False, METRICS):
        protocol = result.config["protocol"]
        place = f"K {protocol['k']:<4} lambda {protocol['lambda']:<5g} {protocol['shift_loss']}"
        click.echo(f"{place}  {line(result)}")
        failed += result.status == "failed"
    write_report(out)
    click.echo(f"ablation: {out / f'ablation_{axis}.md'}")
    exit_if_failed(failed)


def _numbers(text: str | None) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError as error:
        raise BenchError(f"--values wants numbers such as 8,16,32, not '{text}'") from error
