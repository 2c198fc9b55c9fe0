"""`bench study`: build, serve and watch a human study. Its commands parse, call and print."""

from __future__ import annotations

import click

from benchmark.cli.study.concluding import analyse, label
from benchmark.cli.study.deciding import codes, erase, exclude, replace, take_back
from benchmark.cli.study.designing import build, init, plan, simulate
from benchmark.cli.study.keeping import backup, export, import_, restore
from benchmark.cli.study.serving import close, invite, raise_, serve, status


@click.group()
def study() -> None:
    """Let people judge the directions of a run, without knowing which method they are from."""


for command in (
    *(plan, init, build, simulate),
    *(serve, invite, status, raise_, close),
    *(exclude, take_back, replace, erase, codes),
    *(backup, restore, export, import_),
    *(analyse, label),
):
    study.add_command(command)
