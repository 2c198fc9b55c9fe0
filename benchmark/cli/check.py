"""`bench check`: does a generator keep the suite's contract, and what could it offer besides?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from benchmark.core.errors import BenchError

if TYPE_CHECKING:
    from benchmark.generators.asking.contract import Contract
    from benchmark.generators.base import Generator

COLOURS = {"ok": "green", "fault": "red", "note": "yellow", "limit": "yellow"}


@click.command()
@click.argument("generators", nargs=-1, required=True, metavar="GENERATOR...")
def check(generators: tuple[str, ...]) -> None:
    """Check on a few images that GENERATOR can be measured: a name, a weights file or folder, a
    network in ONNX, or path/to/file.py:callable.

    Takes seconds and trains nothing. `bench run` checks the same. Ends with code 1 on a fault.
    """
    from benchmark.generators.asking.contract import check as check_contract
    from benchmark.generators.registry import find_generator

    faults = 0
    for reference in generators:
        name, entry = find_generator(reference)
        generator = entry.load()
        contract = check_contract(generator)
        click.echo(name)
        _say(contract)
        faults += any(point.state == "fault" for point in contract.points)
        if not contract.fault(learns=False):
            _say_optional(generator)
    sys.exit(1 if faults else 0)


def _say(contract: Contract) -> None:
    for point in contract.points:
        state = click.style(f"{point.state:6}", fg=COLOURS[point.state])
        click.echo(f"  {state}{point.what}")
        if point.words:
            click.echo(f"        {point.words}")


def _say_optional(generator: Generator) -> None:
    """What the generator offers beyond the contract, and what it lacks."""
    from benchmark.generators.base import Generator
    from benchmark.generators.options import option_names
    from benchmark.generators.usual import Usual

    def first_layer() -> str:
        weight = generator.first_layer()
        if weight.ndim != 2 or weight.shape[1] != generator.latent_dim:
            raise BenchError(
                f"first_layer() gives {tuple(weight.shape)}; "
                f"it should give (features, {generator.latent_dim})"
            )
        return f"{weight.shape[0]} features"

    usual = generator.usual
    terms = f"k {usual.k}, {usual.reconstructor}, max_shift {usual.max_shift:g}"
    if usual == Usual() and type(generator).usual is Generator.usual:
        terms += ", which are the defaults; set `usual` where others fit better"
    click.echo(f"  usual terms: {terms}")
    for what, look in (
        ("first layer", first_layer),
        ("features of", lambda: ", ".join(generator.feature_layers())),
    ):
        click.echo(f"  {what}: {_found(look)}")
    click.echo(f"  options: {', '.join(option_names(generator)) or 'none'}")
    if frame := generator.frame():
        click.echo(f"  shifts move: {', '.join(f'{name} {has}' for name, has in frame.items())}")


def _found(look: Callable[[], str]) -> str:
    """What there is, or why there is nothing."""
    from benchmark.core.failures import Failure, attempt

    found = attempt(look)
    if isinstance(found, Failure):
        return f"none, so methods that look at it cannot run: {found.reason}"
    return found
