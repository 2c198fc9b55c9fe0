"""What `deploy/` holds, read."""

import re
import tomllib
from pathlib import Path
from typing import Any

from benchmark.cli.study import study as bench_study

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def instructions(name: str) -> list[str]:
    """What follows this word in the Dockerfile, its continued lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", joined, re.MULTILINE)


def parsed(words: list[str]) -> dict[str, Any]:
    """The options of `bench study serve` in a command line."""
    assert words[:2] == ["study", "serve"]
    context = bench_study.commands["serve"].make_context("serve", list(words[2:]))
    return context.params
