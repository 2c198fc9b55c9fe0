"""`bench ablate`: the method at many K or lambda. Only parses, calls and prints."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from benchmark.cli.shared import (
    GENERATOR_HELP,
    METRICS_OPTION,
    agree,
    configured,
    exit_if_failed,
    grid_options,
    line,
    method_roles,
    methods_option,
    tell,
)
from benchmark.core import memory
from benchmark.core.errors import BenchError

GENERATOR = click.option("-g", "--generator", required=True, help=GENERATOR_HELP)
VALUES = click.option("--values", help="Comma-separated values, in place of the usual ones.")


@click.group()
def ablate() -> None:
    """Vary one setting, everything else equal, and show what it gains and what it costs.

    Its cells are those of ordinary runs, so a cell that is in the folder is not computed again.
    """


@ablate.command()
@GENERATOR
@methods_option("the methods under test, and a baseline")
@METRICS_OPTION
@VALUES
@grid_options
def k(**options: Any) -> None:
    """K, the number of directions: powers of two from 8 to twice the latent dimensions."""
    _ablate("k", **options)


@ablate.command("lambda")
@GENERATOR
@methods_option("the methods under test that learn")
@METRICS_OPTION
@VALUES
@grid_options
def lambda_(**options: Any) -> None:
    """Lambda, the weight of the shift loss, from 0 to 10, for both shift losses."""
    _ablate("lambda", **options)


def _ablate(
    axis: str,
    generator: str,
    methods: tuple[str, ...],
    metrics: tuple[str, ...],
    values: str | None,
    preset: str,
    seeds: str | None,
    settings: tuple[str, ...],
    device: str,
    out: Path | None,
    jobs: int | None,
    parallel_config: Path | None,
    yes: bool,
) -> None:
    from benchmark.cli.choices import Brought, named_methods, named_metrics
    from benchmark.core.device import resolve
    from benchmark.report import write_report
    from benchmark.runs.ablation import note, plan_ablation
    from benchmark.runs.engines.placing import choice
    from benchmark.runs.lease import lease
    from benchmark.runs.meanings import note_measures
    from benchmark.runs.opening import made_by
    from benchmark.runs.runner import Workers, execute

    memory.keep()
    config = configured(preset, settings, seeds)
    out = out or Path("results") / config.preset
    engine, device = choice(jobs, parallel_config), resolve(device)
    methods = methods or _usual_methods(axis)
    named, judges = named_methods(methods, out), named_metrics(metrics)
    ablation = plan_ablation(
        axis, config, generator, named.chosen, named.table, _numbers(values), named.code, out
    )
    failed = 0
    with lease(out) as held:
        expected, backend = agree(ablation.groups, out, device, yes, judges, engine=engine)
        workers = Workers(backend, Brought(methods, metrics, out), held.token) if backend else None
        note(ablation, out, shlex.join(["bench", *sys.argv[1:]]), named.references)
        note_measures(out, judges)
        for result in execute(ablation.groups, out, device, False, judges, expected, workers):
            protocol = result.config["protocol"]
            place = f"K {protocol['k']:<4} lambda {protocol['lambda']:<5g} {protocol['shift_loss']}"
            tell(f"{place}  {line(result)}")
            failed += result.status == "failed"
        written = write_report(out, roles=method_roles(), at_hand=made_by(ablation.groups))
    click.echo(f"ablation: {out / f'ablation_{axis}.md'}")
    exit_if_failed(failed, written.unmade)


def _usual_methods(axis: str) -> tuple[str, ...]:
    """The suite's methods under test, and for K the last of its usual baselines too.

    One baseline is enough to show what K does to directions that nobody looked for. Lambda weighs a
    training loss, so its ablation takes only methods that learn.
    """
    from baselines import METHODS, USUAL
    from benchmark.methods.method import Learned

    tested = [name for name, kind in METHODS.items() if kind.role == "method"]
    if axis == "lambda":
        return tuple(name for name in tested if issubclass(METHODS[name], Learned))
    baselines = [name for name in USUAL if METHODS[name].role == "baseline"]
    return (*tested, *baselines[-1:])


def _numbers(text: str | None) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError as error:
        raise BenchError(f"--values wants numbers such as 8,16,32, not '{text}'") from error
