"""Runs the code blocks of a document by sections, each section in a folder of its own.

* A Python block whose first line is a comment with a file's name is written to that file; any
  other is executed, after those before it in its section. TOML, YAML and HTML blocks are files,
  too.
* Of a `sh` block each line is a command. `bench` runs for real where that is cheap: `bench list`, a
  run of at most ten steps, and whatever works on a folder that the section has made. Else it is
  parsed: every option and argument must exist, and every setting be one. `make`, `pip install` and
  `python -m pytest` must name targets, extras, tests and marks that there are.
* A `text` block is for the eye.

A section is what stands between two headings. Everything that is not understood is a fault.
"""

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner
from sybil import Document, Example, Region
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

from baselines import METHODS
from benchmark.cli.main import main
from benchmark.cli.shared import configured
from benchmark.rca.protocol import Protocol
from benchmark.runs.engines.placing import choice

ROOT = Path(__file__).parents[2]
HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
FILE_NAME = re.compile(r"(?:#|<!--) ([\w./-]+\.(?:py|toml|html|yml))(?: -->)?$")
FEW_STEPS = 10
ENDLESS = {"serve"}


class Fault(AssertionError):
    """What is wrong with a block."""


@dataclass
class Section:
    """The blocks of one section. name: its heading."""

    name: str
    examples: list[Example] = field(default_factory=list)

    def run(self, folder: Path) -> None:
        """Evaluate the blocks in order in `folder`, which is the working directory."""
        (folder / "results").mkdir()
        (folder / "results" / "reference").symlink_to(ROOT / "results" / "reference")
        for example in self.examples:
            example.evaluate()
        written = example_files(self.examples)
        text = "\n".join(str(example.parsed) for example in self.examples)
        for name in written:
            if text.count(Path(name).name) + text.count(f"import {Path(name).stem}") < 2:
                raise Fault(f"{self.name}: nothing uses {name}")


def sections(path: Path) -> list[Section]:
    """The sections of a document that have code blocks; each has a namespace of its own."""
    document = Document.parse(str(path), _blocks)
    starts = [(match.start(), match[1]) for match in HEADING.finditer(document.text)]
    found: dict[int, Section] = {}
    for example in document.examples():
        start, name = max([(-1, "top"), *(s for s in starts if s[0] < example.start)])
        section = found.setdefault(start, Section(name))
        if section.examples:
            example.namespace = section.examples[0].namespace
        else:
            example.namespace = {"__name__": "__main__"}
        section.examples.append(example)
    return list(found.values())


def example_files(examples: Iterable[Example]) -> list[str]:
    """The files that the blocks write."""
    names = (FILE_NAME.match(str(example.parsed).partition("\n")[0]) for example in examples)
    return [name[1] for name in names if name]


def _blocks(document: Document) -> Iterator[Region]:
    """All fenced blocks, whatever their language."""
    mapping = {"language": "language", "source": "source"}
    for region in FencedCodeBlockLexer(language=r"[^\n]*", mapping=mapping)(document):
        region.parsed = region.lexemes["source"]
        region.evaluator = _evaluate
        yield region


def inline_commands(text: str) -> list[str]:
    """The `bench` commands in the running text, those with blanks to fill in left out."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose))
    return [span for span in spans if span.startswith("bench ") and "|" not in span]


def check_inline(line: str) -> None:
    """A command named in the running text exists, with the options it shows. Raises Fault."""
    _parsed(shlex.split(line)[1:], in_full=False)


def _evaluate(example: Example) -> None:
    language, source = example.region.lexemes["language"], str(example.parsed)
    place = f"{Path(example.path).name}, line {example.line}"
    name = FILE_NAME.match(source.partition("\n")[0])
    if language in {"python", "toml", "html", "yaml"} and name:
        Path(name[1]).parent.mkdir(parents=True, exist_ok=True)
        Path(name[1]).write_text(source)
    elif language == "python":
        PythonEvaluator()(example)
    elif language == "sh":
        for line in source.replace("\\\n", " ").splitlines():
            try:
                run_line(line)
            except Fault as fault:
                raise Fault(f"{place}: {line.strip()}\n{fault}") from fault
    elif language != "text":
        raise Fault(f"{place}: nobody knows how to check a block of '{language}'")


def run_line(line: str) -> None:
    """One line of a shell, run or checked. Raises Fault."""
    words = shlex.split(line, comments=True)
    match words:
        case []:
            pass
        case ["bench", *arguments]:
            _bench(arguments)
        case ["make", target]:
            if not re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(), re.M):
                raise Fault(f"the Makefile has no target {target}")
        case ["pip", "install", *packages]:
            for package in packages:
                _check_package(package)
        case ["python", "-m", "pytest", *arguments] | ["pytest", *arguments]:
            _check_pytest(arguments)
        case _:
            raise Fault(f"nobody knows how to check '{words[0]}'")


def _bench(arguments: list[str]) -> None:
    context = _parsed(arguments)
    if context is None:
        return
    settings = context.params.get("settings")
    if isinstance(settings, tuple):
        configured(context.params["preset"], settings, context.params.get("seeds"))
        for setting in settings:
            _check_key(setting.partition("=")[0])
    where = context.params.get("parallel_config")
    if where is not None and importlib.util.find_spec("distributed"):
        choice(None, where)
    if not _is_cheap(context):
        return
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    if result.exit_code != 0:
        raise Fault(result.output)


def _parsed(arguments: list[str], in_full: bool = True) -> click.Context | None:
    """The context of the innermost command, unless only help or the version is asked for.

    in_full: whether nothing that the command needs may be left out.
    """
    command: click.Command = main
    name, context = "bench", None
    try:
        while True:
            context = command.make_context(name, list(arguments), parent=context)
            if not isinstance(command, click.Group):
                return context
            rest = [*context._protected_args, *context.args]  # click has no public name for it
            found, inner, arguments = command.resolve_command(context, rest)
            assert found is not None
            assert inner is not None
            name, command = found, inner
    except click.exceptions.Exit:
        return None
    except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
        if in_full:
            raise Fault(f"'{shlex.join(arguments)}' leaves something out") from None
        return None
    except click.UsageError as error:
        raise Fault(error.format_message()) from error


def _check_key(key: str) -> None:
    """Check a setting that names the protocol or a method of the suite; only a run knows others."""
    *owners, name = key.split(".")
    if owners and owners[-1] not in METHODS:
        return
    kind = METHODS[owners[-1]] if owners else Protocol
    known = {field.name.rstrip("_") for field in fields(kind)}
    if name not in known:
        raise Fault(f"there is no setting {key}; there are {', '.join(sorted(known))}")


def _is_cheap(context: click.Context) -> bool:
    if context.info_name == "list":
        return True
    if context.info_name in ENDLESS:
        return False
    given = context.params.get("settings")  # of a study it is a file
    steps = [s for s in given or () if s.startswith("steps=")] if isinstance(given, tuple) else []
    if steps:
        return int(steps[-1].partition("=")[2]) <= FEW_STEPS
    command = context.command
    folders = [
        context.params[p.name]
        for p in command.params
        if isinstance(p, click.Argument) and p.name and isinstance(context.params[p.name], Path)
    ]
    return bool(folders) and all(
        folder.exists() and not (folder.is_symlink() or folder.parent.is_symlink())
        for folder in folders
    )


def _check_package(package: str) -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    name, _, extras = package.partition("[")
    if name not in {".", project["name"], "-e", "pre-commit"}:
        raise Fault(f"'{name}' is not this package")
    for extra in filter(None, extras.rstrip("]").split(",")):
        if extra not in project["optional-dependencies"]:
            raise Fault(f"there is no extra '{extra}'")


def _check_pytest(arguments: list[str]) -> None:
    options: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    marks = {mark.partition(":")[0] for mark in options["pytest"]["ini_options"]["markers"]}
    rest = iter(arguments)
    for word in rest:
        if word == "-m":
            mark = next(rest)
            if mark not in marks:
                raise Fault(f"there is no mark '{mark}'")
        elif not word.startswith("-") and not (ROOT / word.partition("::")[0]).exists():
            raise Fault(f"there is nothing at {word}")
