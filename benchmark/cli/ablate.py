"""`bench ablate`: the method at many K or lambda. Only parses, calls and prints."""

from __future__ import annotations

from typing import Any

import click

from benchmark.cli.shared import GENERATOR_HELP, METRICS_OPTION, grid_options, methods_option
from benchmark.cli.varying import Varying
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
    axis: str, generator: str, values: str | None, methods: tuple[str, ...], **options: Any
) -> None:
    from benchmark.cli.computing import asked
    from benchmark.runs.lease import lease

    varying = Varying(axis, generator, asked(methods or _usual_methods(axis), **options))
    ablation = varying.planned(_numbers(values))
    with lease(varying.asked.out) as held:
        varying.report(ablation, varying.compute(ablation, held))


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
