"""Options that the commands on a study share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FOLDER = click.argument("folder", metavar="STUDY", type=click.Path(path_type=Path))
DATABASE = click.option(
    "--database", help="Database to use in place of the study's own SQLite file."
)
TASK = click.option(
    "--task",
    metavar="FILE.py:CLASS",
    help="The file of STUDY's task, where that is neither built in nor installed.",
)
BASE = click.option(
    "--base",
    metavar="ADDRESS",
    help="The site's address as annotators see it.  [default: the one it was last served at]",
)
REASON = click.option("--reason", required=True, metavar="TEXT", help="Kept with the decision.")


def of_study(command: Callable[..., Any]) -> Callable[..., Any]:
    """Arguments of every command on a study: its folder, its database, its task."""
    return FOLDER(DATABASE(TASK(command)))
