"""Ablations: the same grid at many K, steps or weights of the shift loss, all else equal.

An ablation is an ordinary run of many variants, so a cell that `bench run` computed in the same
folder is not computed again, nor the other way round. What it adds is a note of the cells that
belong to it, RUN/ablation_<axis>.json, from which the report makes its table and its figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.core.json_files import read_object, write_json
from benchmark.runs.checking import check_note
from benchmark.runs.grid import Group, generator_of, plan, record
from benchmark.runs.results import read_run
from benchmark.runs.settings import Methods, RunConfig, Settings

# The settings that an axis varies.
AXES = {"k": ("k",), "lambda": ("lambda", "shift_loss"), "steps": ("steps",)}
KS = tuple(2**power for power in range(3, 13))  # 8 to 4096, as far as twice the dimensions
LAMBDAS = (0.0, 0.25, 1.0, 4.0, 10.0)
SHIFT_LOSSES = ("mse", "mae")


@dataclass(frozen=True)
class Ablation:
    """One axis on one generator: what to compute, and how its points are told apart.

    config: with one variant per point. points: a method, the values of the axis, and the hash of
    the configuration or, for what cannot run, the reason.
    """

    axis: str
    generator: str
    config: RunConfig
    groups: list[Group]
    points: list[dict[str, Any]]


def plan_ablation(
    axis: str,
    config: RunConfig,
    reference: str,
    chosen: Sequence[str],
    methods: Methods,
    values: Sequence[float] = (),
    code: Mapping[str, str] | None = None,
    run: Path | None = None,
) -> Ablation:
    """The ordinary setting first, then every value of the axis; what cannot run keeps its reason.

    Of steps there are the values alone, the most first: how many are ordinary is what they are to
    show. The main table is of the first. reference: what opens the generator. chosen, methods,
    code, run: as for `plan`. values: of the axis; the usual ones of K or lambda where empty. Raises
    BenchError for every name, key or value that cannot be right, before any work is done.
    """
    for key in config.settings:
        if key.rpartition(".")[2] in AXES[axis]:
            raise BenchError(f"--set {key} fixes what is varied here; leave it out")
    usual: tuple[Settings, ...] = () if axis == "steps" else ({},)
    if axis == "k" and not values:
        latent_dim = generator_of(config, reference, run).latent_dim
        values = [k for k in KS if k <= 2 * latent_dim]
    config = replace(config, variants=(*usual, *_variants(axis, values)))
    groups = plan(config, [reference], chosen, methods, code, run)
    return Ablation(axis, groups[0].name, config, groups, _points(axis, groups))


def note(
    ablation: Ablation,
    run: Path,
    command: str,
    methods: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write ablation_<axis>.json, and run.json where the folder has none yet.

    An ordinary run's own description stays: the ablation adds cells to its folder, and how the
    generator is opened. An axis measured again on the same generator replaces what stood there,
    also in the main table what it had put there itself, which the note calls `shown`.
    """
    description, content = read_run(run), read_note(run, ablation.axis)
    if not description:
        record(ablation.config, ablation.groups, run, command, methods)
        shown = _first(ablation)
    else:
        references = {group.name: group.reference for group in ablation.groups}
        known = {**references, **description.get("generators", {})}
        given = {group.name: group.given for group in ablation.groups}
        given |= description.get("given", {})
        methods = {**methods, **description.get("methods", {})}
        headline: dict[str, dict[str, str]] = description.get("headline", {})
        stood = content.get(ablation.generator, {}).get("shown", {})
        table = headline.get(ablation.generator, {})
        shown = {
            m: h for m, h in _first(ablation).items() if m in stood and table.get(m) == stood[m]
        }
        headline = {**headline, ablation.generator: {**table, **shown}} if shown else headline
        added = {"generators": known, "given": given, "methods": methods, "headline": headline}
        write_json(run / "run.json", {**description, **added})
    content[ablation.generator] = {
        "command": command,
        "preset": ablation.config.preset,
        "seeds": list(ablation.config.seeds),
        "points": ablation.points,
        "shown": shown,
    }
    write_json(run / f"ablation_{ablation.axis}.json", content)


def read_note(run: Path, axis: str) -> dict[str, Any]:
    """What `note` wrote, by generator; empty without an ablation. Raises BenchError if damaged."""
    path = run / f"ablation_{axis}.json"
    if not path.exists():
        return {}
    try:
        content = read_object(path)
        if not check_note(content):
            raise BenchError(f"{path} has values of another type than it may have")
    except BenchError as error:
        command = "bench converge" if axis == "steps" else f"bench ablate {axis}"
        raise BenchError(
            f"{error}; delete it, and `{command}` writes it again without computing anything twice"
        ) from error
    return content


def _first(ablation: Ablation) -> dict[str, str]:
    """By method, the configuration that the ablation would have the main table show."""
    jobs = (job for group in ablation.groups for job in (*group.jobs, *group.skipped))
    return {job.cell.method: job.cell.config_hash for job in jobs if job.headline}


def _variants(axis: str, values: Sequence[float]) -> list[Settings]:
    """Settings of each point. Without a shift loss, at lambda 0, its kind makes no difference."""
    if axis == "steps":
        return [{"steps": int(steps)} for steps in sorted(values, reverse=True)]
    if axis == "k":
        if any(value % 1 != 0 for value in values):  # also of infinity, which is no number then
            raise BenchError("--values of K are whole numbers, such as 8,16,32")
        return [{"k": int(k)} for k in values]
    weights = [float(value) for value in values or LAMBDAS]
    unweighted: list[Settings] = [{"lambda": 0.0} for weight in weights if weight == 0]
    return unweighted + [
        {"lambda": weight, "shift_loss": loss}
        for loss in SHIFT_LOSSES
        for weight in weights
        if weight != 0
    ]


def _points(axis: str, groups: Iterable[Group]) -> list[dict[str, Any]]:
    """The points of the axis: each configuration once, whatever its seeds."""
    points: dict[tuple[str, str], dict[str, Any]] = {}
    for group in groups:
        for job in (*group.jobs, *group.skipped):
            terms = job.config["protocol"]
            place = {key: terms[key] for key in AXES[axis]}
            told: dict[str, Any] = {"config_hash": job.cell.config_hash}
            if job.unserved:
                told = {"k": terms["k"], "reason": job.unserved}
            point = {"method": job.cell.method, **told, **place}
            points[job.cell.method, job.cell.config_hash] = point
    return list(points.values())
