"""`bench converge`: the same grid with ever doubled steps. Only parses, calls and prints."""

from __future__ import annotations

from typing import Any

import click

from benchmark.cli.shared import (
    GENERATOR_HELP,
    METRICS_OPTION,
    grid_options,
    methods_option,
    tell,
)
from benchmark.cli.varying import Varying


@click.command()
@click.option("-g", "--generator", required=True, help=GENERATOR_HELP)
@methods_option("discovered, random, coordinate, and those of installed packages")
@METRICS_OPTION
@click.option(
    "--most",
    type=int,
    default=8_000,
    show_default=True,
    help="Steps beyond which it does not double.",
)
@grid_options
def converge(generator: str, most: int, **options: Any) -> None:
    """Double the steps, from 500, until no method's RCA moves by 0.01 or more.

    Says how many steps a comparison on this generator needs. Each number of steps is a training of
    its own, with cells like those of an ordinary run; the table and the figure show them all. One
    that fails is tried once.
    """
    from benchmark.cli.computing import asked
    from benchmark.runs.convergence import compared, moves, own_steps, rounds, settled
    from benchmark.runs.lease import lease

    varying = Varying("steps", generator, asked(**options))
    with lease(varying.asked.out) as held:
        for budgets in rounds(most):
            *_, before, after = budgets
            tell(f"to {after:,} steps, of at most {most:,}")
            ablation = varying.planned(budgets)
            results = varying.compute(ablation, held)
            moved = moves(results, before, after)
            if moved:
                tell(f"from {before:,} to {after:,} steps: {', '.join(map(str, moved))}")
            if settled(moved, compared(results), ablation.groups[0].protocol.k):
                tell(f"settled: {before:,} steps are enough")
                break
        else:
            tell(f"not settled after {after:,} steps: more may change the comparison")
        kept = {r.cell.method: steps for r in results if (steps := own_steps(r)) is not None}
        for method, steps in kept.items():
            tell(f"{method} did not count: its directions always take {steps:,} steps of their own")
        varying.report(ablation, results)
