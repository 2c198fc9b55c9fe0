"""`bench demo`: one small run and its report, for who sees the suite for the first time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from benchmark.cli.run import run


@click.command()
@click.option("--out", default="results/demo", show_default=True, type=click.Path(path_type=Path))
@click.pass_context
def demo(ctx: click.Context, out: Path) -> None:
    """Measure three methods on `planted`, whose true directions are known, and open the report.

    Takes a minute or two on one core. The report is opened where there is a screen to show it on.
    """
    ctx.invoke(run, generators=("planted",), preset="demo", out=out, yes=True)
    click.echo("true directions are known here: `recovery` in the report says how many were found")
    if has_screen():
        click.launch(str(out / "report.html"))


def has_screen() -> bool:
    """Whether a person sits at a terminal of a machine that shows windows."""
    windows = sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return windows and sys.stdout.isatty()
