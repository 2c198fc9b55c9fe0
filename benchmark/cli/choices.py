"""What `--all`, `-m` and `--metric` accept: names of the suite or a package, or a user's class.

Heavy imports stand inside the functions, as everywhere in the command line.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from benchmark.core.errors import BenchError, unknown
from benchmark.core.failures import in_one_line
from benchmark.core.plugins import (
    Loaded,
    Offer,
    check_reference,
    distinct_names,
    from_file,
    installed,
    is_file,
    name_of,
    subclass,
)

if TYPE_CHECKING:
    from benchmark.methods.method import Method
    from benchmark.metrics.metric import Metric


ALL = "all"  # what `-m` takes for every method


@dataclass(frozen=True)
class NamedMethods:
    """The methods that a command can use.

    chosen: names of those to run. table: every method that settings may name. code: the identity of
    the code of each that is not the suite's own, by name. references: what names each chosen one,
    by name; a user's file, of code or of directions, is absolute.
    """

    chosen: tuple[str, ...]
    table: Mapping[str, type[Method]]
    code: Mapping[str, str]
    references: Mapping[str, str]


def all_generators() -> tuple[str, ...]:
    """What `--all` takes: the suite's own that are available, then those of installed packages."""
    from benchmark.generators.catalogue import GENERATORS, available

    offered = []
    for name, offer in _others("generators", GENERATORS).items():
        try:
            offer.load()
            offered.append(name)
        except BenchError as error:
            _leave_out(error)
    return (*available(), *offered)


def named_methods(references: Sequence[str], run: Path | None = None) -> NamedMethods:
    """The methods that `-m` names, in that order, or the usual ones and those of installed
    packages. Raises BenchError.

    `all` among them names every method there is. run: the folder, where other runs may have given
    names to methods of a user's own.
    """
    from baselines import METHODS, USUAL
    from benchmark.generators.registry import absolute
    from benchmark.methods.imported import imported, is_directions
    from benchmark.runs.naming import method_names

    table, code = dict(METHODS), {}
    in_bulk = not references or ALL in references
    for name, offer in _others("methods", METHODS).items():
        try:
            loaded = offer.load()
            table[name] = _method_class(loaded.value, str(offer))
            code[name] = loaded.code
        except BenchError as error:
            if name in references:
                raise
            if in_bulk:
                _leave_out(error)
    usual = (*USUAL, *(name for name in table if name not in METHODS))
    named = [part for r in references or usual for part in (table if r == ALL else (r,))]
    references = list(dict.fromkeys(named))
    own: dict[str, Loaded] = {}
    for reference in references:
        check_reference(reference)
        if is_file(reference):
            own[absolute(reference)] = from_file(reference)
        elif reference not in table and not is_directions(reference):
            raise unknown("method", reference, (*table, ALL))
    for reference in filter(is_directions, references):  # of kinds that those files may define
        own[absolute(reference)] = imported(Path(reference))
    wanted = [absolute(r) if is_file(r) or is_directions(r) else r for r in references]
    taken = (*table, ALL)
    names = method_names({r: own[r].code if r in own else "" for r in wanted}, run, taken)
    for reference, loaded in own.items():
        name = names[reference]
        table[name], code[name] = _method_class(loaded.value, reference), loaded.code
    chosen = {name: reference for reference, name in names.items()}
    return NamedMethods(tuple(chosen), table, code, chosen)


@dataclass(frozen=True)
class Brought:
    """What a command names with -m and --metric, for processes that load it again. run: the folder,
    where the names of methods of a user's own are written down."""

    method_references: tuple[str, ...]
    metric_references: tuple[str, ...]
    run: Path | None = None

    def methods(self) -> tuple[Mapping[str, type[Method]], Mapping[str, str]]:
        named = named_methods(self.method_references, self.run)
        return named.table, named.code

    def metrics(self) -> Mapping[str, Metric]:
        return named_metrics(self.metric_references)


def define_shifts(references: Sequence[str]) -> None:
    """Load the methods that `-m` names, which defines the kinds of their shifts."""
    if references:
        named_methods(references)


def named_metrics(references: Sequence[str]) -> dict[str, Metric]:
    """The suite's own metrics, those of installed packages, and what `--metric` names: a file, or
    one of the suite's that is not computed unasked."""
    from benchmark.metrics import METRICS, ON_REQUEST
    from benchmark.metrics.measures import measures_of

    metrics = dict(METRICS)
    for name, offer in _others("metrics", {**METRICS, **ON_REQUEST}).items():
        try:
            metrics[name] = _metric(offer.load(), str(offer))
        except BenchError as error:
            if name in references:
                raise
            _leave_out(error)
    names = _by_name(references)
    for reference, name in names.items():
        if is_file(reference):
            metrics[name] = _metric(from_file(reference), reference)
        elif name in ON_REQUEST:
            metrics[name] = ON_REQUEST[name]
        elif name not in metrics:
            raise unknown("metric", name, (*metrics, *ON_REQUEST))
    measures_of(metrics)  # refuses a column that two of them claim, before any work is done
    return metrics


def summary(value: object) -> str:
    """The first line of the docstring of a class or a function."""
    return (inspect.getdoc(value) or "").partition("\n")[0]


def _leave_out(error: BenchError) -> None:
    """Say why a package's plug-in is left out where all were asked for."""
    click.secho(f"left out: {error}", fg="yellow", err=True)


def _by_name(references: Sequence[str]) -> dict[str, str]:
    """The name of each reference, for a file made of file and class; no two share a name."""
    for reference in references:
        check_reference(reference)
    return distinct_names({r: name_of(r) if is_file(r) else r for r in references})


def _others(kind: str, own: Mapping[str, object]) -> dict[str, Offer]:
    """Plug-ins of a kind from installed packages, except those with a name of the suite's own."""
    return {name: offer for name, offer in installed(kind).items() if name not in own}


def _method_class(value: Any, source: str) -> type[Method]:
    from benchmark.methods.method import Method, Role

    kind: type[Method] = subclass(value, Method, source)
    if kind.role not in get_args(Role):
        raise unknown(f"role of {source}", str(kind.role), get_args(Role))
    if not is_dataclass(value):
        raise BenchError(f"{source} must be a dataclass: write @dataclass(frozen=True) above it")
    for setting in fields(value):
        if setting.default is MISSING and setting.default_factory is MISSING:
            raise BenchError(f"{source}: its setting {setting.name} needs a default")
    return kind


def _metric(loaded: Loaded, source: str) -> Metric:
    from benchmark.metrics.metric import Metric
    from benchmark.tables.table import Column

    kind = subclass(loaded.value, Metric, source)
    if not hasattr(kind, "columns"):
        raise BenchError(f"{source} has no columns; give it a class attribute `columns`")
    for columns in (kind.columns, kind.direction_columns):
        if not (
            isinstance(columns, Mapping) and all(isinstance(c, Column) for c in columns.values())
        ):
            raise BenchError(
                f"{source}: its columns must map names to benchmark.tables.table.Column"
            )
    metric: Metric = in_one_line(f"{source} cannot be made", kind)
    metric.code = loaded.code
    return metric
