"""`bench run`: computes the grid of generators, methods and seeds, and reports it."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from benchmark.cli.shared import (
    GENERATOR_HELP,
    METRICS_OPTION,
    exit_if_failed,
    grid_options,
    line,
    method_roles,
    methods_option,
    say_skipped,
    say_written,
    tell,
)
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
def run(everything: bool, generators: tuple[str, ...], force: bool, **options: Any) -> None:
    """Train, measure and compare: one cell for each generator, method and seed.

    A done cell is not computed again: a run that was killed, or a larger grid in the same folder,
    computes only the missing cells. The command first states what the run will cost.
    """
    from benchmark.cli.choices import all_generators
    from benchmark.cli.computing import asked
    from benchmark.report.making import write_report
    from benchmark.runs.grid import plan, record
    from benchmark.runs.lease import lease
    from benchmark.runs.opening import made_by

    if everything and generators:
        raise BenchError("--all takes every available generator and -g some: give only one of them")
    if not everything and not generators:
        raise BenchError("name generators with -g, or take every available one with --all")
    if everything:
        generators = all_generators()
    terms = asked(**options)
    config, named, out = terms.config, terms.methods, terms.out
    groups = plan(config, generators, named.chosen, named.table, named.code, out)
    say_skipped(groups)
    note = partial(record, config, groups, out, methods=named.references)
    failed = 0
    with lease(out) as held:
        for result in terms.compute(groups, held, note, force):
            tell(line(result))
            failed += result.status == "failed"
        written = write_report(out, roles=method_roles(), at_hand=made_by(groups))
    say_written(out, written)
    exit_if_failed(failed, written.unmade)
