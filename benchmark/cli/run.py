"""`bench run`: computes the grid of generators, methods and seeds, and reports it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

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
    say_skipped,
    say_written,
    tell,
)
from benchmark.core import memory
from benchmark.core.errors import BenchError


@click.command()
@click.option("--all", "everything", is_flag=True, help="Every generator that is available.")
@click.option(
    "-g", "--generator", "generators", multiple=True, help=f"{GENERATOR_HELP} Repeatable."
)
@methods_option("discovered, random, coordinate, and those of installed packages")
@METRICS_OPTION
@grid_options
@click.option("--force", is_flag=True, help="Compute done cells again.")
def run(
    everything: bool,
    generators: tuple[str, ...],
    methods: tuple[str, ...],
    metrics: tuple[str, ...],
    preset: str,
    seeds: str | None,
    settings: tuple[str, ...],
    device: str,
    out: Path | None,
    jobs: int | None,
    parallel_config: Path | None,
    yes: bool,
    force: bool,
) -> None:
    """Train, measure and compare: one cell for each generator, method and seed.

    A done cell is not computed again: a run that was killed, or a larger grid in the same folder,
    computes only the missing cells. The command first states what the run will cost.
    """
    from benchmark.cli.choices import Brought, all_generators, named_methods, named_metrics
    from benchmark.core.device import resolve
    from benchmark.report.report import write_report
    from benchmark.runs.engines.placing import choice
    from benchmark.runs.grid import plan, record
    from benchmark.runs.lease import lease
    from benchmark.runs.meanings import note_measures
    from benchmark.runs.opening import made_by
    from benchmark.runs.runner import Workers, execute

    if everything and generators:
        raise BenchError("--all takes every available generator and -g some: give only one of them")
    if not everything and not generators:
        raise BenchError("name generators with -g, or take every available one with --all")
    if everything:
        generators = all_generators()
    memory.keep()
    config = configured(preset, settings, seeds)
    out = out or Path("results") / config.preset
    engine, device = choice(jobs, parallel_config), resolve(device)
    named, judges = named_methods(methods, out), named_metrics(metrics)
    groups = plan(config, generators, named.chosen, named.table, named.code, out)
    say_skipped(groups)
    failed = 0
    with lease(out) as held:
        expected, backend = agree(groups, out, device, yes, judges, force, engine)
        workers = Workers(backend, Brought(methods, metrics, out), held.token) if backend else None
        record(config, groups, out, shlex.join(["bench", *sys.argv[1:]]), named.references)
        note_measures(out, judges)
        for result in execute(groups, out, device, force, judges, expected, workers):
            tell(line(result))
            failed += result.status == "failed"
        written = write_report(out, roles=method_roles(), at_hand=made_by(groups))
    say_written(out, written)
    exit_if_failed(failed, written.unmade)
