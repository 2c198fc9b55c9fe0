"""Small grids for the tests of engines, and the bytes that they leave."""

from dataclasses import replace
from pathlib import Path

from baselines import METHODS, USUAL
from benchmark.cli.choices import Brought, named_metrics
from benchmark.metrics import METRICS
from benchmark.runs.engines.backend import Backend
from benchmark.runs.grid import Group, plan, record
from benchmark.runs.lease import lease
from benchmark.runs.results import Result
from benchmark.runs.runner import Workers, execute
from benchmark.runs.settings import RunConfig

SETTINGS = ("planted.steps=6", "batch=4", "evaluation=60", "planted.k=5")

METRIC = """
import os, time
from pathlib import Path
from benchmark.metrics.metric import Metric
from benchmark.tables.table import Column

HERE = Path(__file__).parent

class Mine(Metric):
    columns = {{"mine": Column("a figure of a user's own")}}

    def of_cell(self, evidence, by_direction):
        with open(HERE / "judged", "a") as log:
            log.write(f"{{os.getpid()}}\\n")
        {what}
        return {{"mine": 1.0}}
"""


def groups(seeds: int = 2, methods: tuple[str, ...] = USUAL) -> list[Group]:
    config = replace(RunConfig.from_preset("quick"), seeds=tuple(range(seeds)))
    return plan(config.with_settings(SETTINGS), ["planted"], methods, METHODS)


def metric(folder: Path, what: str) -> str:
    """A metric in a file, which notes each cell that it judges. what: it does then."""
    (folder / "mine.py").write_text(METRIC.format(what=what))
    return f"{folder / 'mine.py'}:Mine"


def judged(folder: Path) -> list[int]:
    """The processes that judged a cell, one for each time."""
    path = folder / "judged"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def computed(
    planned: list[Group], out: Path, backend: Backend | None = None, metrics: tuple[str, ...] = ()
) -> list[Result]:
    with lease(out) as held:
        record(RunConfig.from_preset("quick"), planned, out, "test")
        workers = Workers(backend, Brought((), metrics), held.token) if backend else None
        judges = named_metrics(metrics) if metrics else METRICS
        return list(execute(planned, out, "cpu", False, judges, {}, workers))


def artefacts(out: Path) -> dict[str, bytes]:
    """Every file of the cells but the clock readings in result.json."""
    files = sorted(out.glob("cells/**/*"))
    return {
        str(f.relative_to(out)): f.read_bytes()
        for f in files
        if f.is_file() and f.suffix != ".json"
    }
