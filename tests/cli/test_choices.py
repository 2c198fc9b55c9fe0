"""Methods and metrics by name: the suite's own, a file's, a package's; faults in one line."""

from pathlib import Path

import pytest

from baselines import METHODS, USUAL
from benchmark.cli.choices import all_generators, named_methods, named_metrics
from benchmark.core.errors import BenchError
from benchmark.core.storage import sha256
from benchmark.generators.catalogue import available
from benchmark.metrics import METRICS, ON_REQUEST
from tests.conftest import Install

OWN = '''
from dataclasses import dataclass
from baselines.random import Random
from benchmark.methods.method import Method
from benchmark.metrics.metric import Metric
from benchmark.tables.table import Column

@dataclass(frozen=True)
class Twin(Random):
    """Random again."""
    power: float = 2.0

class Bare(Method):
    def fit(self, task): ...

@dataclass(frozen=True)
class Unfinished(Method):
    power: float = 2.0

@dataclass(frozen=True)
class Unsettled(Random):
    power: float

class Champion(Twin):
    role = "champion"

class Listed(Metric):
    columns = ["count"]
    def of_cell(self, cell, table): ...

class Unexplained(Listed):
    columns = {}
    direction_columns = {"count": "How many directions."}

class Count(Metric):
    """How many there are."""
    columns = {"count": Column("How many directions.", kind="count")}
    def of_cell(self, cell, table):
        return {"count": float(cell.shift.k)}

class Wordless(Metric):
    def of_cell(self, cell, table): ...

class Needy(Count):
    def __init__(self, path): ...

class Taken(Count):
    columns = {"collapse": Column("Ours already.")}

class Other: ...

def function(): ...
'''


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return path


def test_without_names_the_usual_methods_run_and_the_suites_metrics_judge() -> None:
    named = named_methods(())
    assert named.chosen == USUAL == ("discovered", "random", "coordinate")
    assert named.table == METHODS
    assert not named.code
    assert named_metrics(()) == METRICS


def test_what_costs_too_much_is_measured_where_it_is_named() -> None:
    assert named_metrics(["vp"]) == {**METRICS, **ON_REQUEST}
    assert named_metrics(["recovery"]) == METRICS  # which is measured anyway
    with pytest.raises(BenchError, match=r"unknown metric 'vpp'; did you mean vp\?"):
        named_metrics(["vpp"])


def test_a_class_in_a_file_goes_by_both_names(own: Path) -> None:
    named = named_methods(["random", f"{own}:Twin"])
    assert named.chosen == ("random", "mine-Twin")
    assert named.table["mine-Twin"].__name__ == "Twin"
    assert named.code == {"mine-Twin": sha256(own)}
    metrics = named_metrics([f"{own}:Count"])
    assert [*metrics] == [*METRICS, "mine-Count"]
    assert [*metrics["mine-Count"].columns] == ["count"]


def test_classes_of_one_name_from_two_files_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(OWN)
    references = [f"{tmp_path / folder / 'mine.py'}:Twin" for folder in ("a", "b")]
    assert named_methods(references).chosen == ("mine-Twin-a", "mine-Twin-b")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Bare", "must be a dataclass: write @dataclass(frozen=True) above it"),
        ("Unfinished", "is unfinished: it lacks fit"),
        ("Unsettled", "its setting power needs a default"),
        ("Champion", "'champion'; there are: baseline, method"),
        ("Other", "is a class of its own; it must be a subclass of benchmark.methods.method.Met"),
        ("Count", "is a class of its own; it must be a subclass of benchmark.methods.method.Met"),
        ("function", "is of type function; it must be a subclass of benchmark.methods.method."),
        ("Twn", "unknown name in {path} 'Twn'; did you mean Twin"),
    ],
)
def test_a_method_that_does_not_keep_the_bargain(own: Path, name: str, message: str) -> None:
    with pytest.raises(BenchError) as caught:
        named_methods([f"{own}:{name}"])
    assert message.format(path=own) in str(caught.value)
    assert str(own) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Twin", "is a class of its own; it must be a subclass of benchmark.metrics.metric.Met"),
        ("Wordless", "has no columns; give it a class attribute `columns`"),
        ("Listed", "its columns must map names to benchmark.tables.table.Column"),
        ("Unexplained", "its columns must map names to benchmark.tables.table.Column"),
        ("Needy", "cannot be made: TypeError: "),
        ("Taken", "the metric mine-Taken calls a column collapse, which is taken"),
    ],
)
def test_a_metric_that_does_not_keep_the_bargain(own: Path, name: str, message: str) -> None:
    with pytest.raises(BenchError) as caught:
        named_metrics([f"{own}:{name}"])
    assert message in str(caught.value)


def test_unknown_names_come_with_near_ones() -> None:
    with pytest.raises(BenchError, match="unknown method 'randm'; did you mean random"):
        named_methods(["randm"])
    with pytest.raises(BenchError, match=r"a\.py is a Python file: .* a\.py:NAME"):
        named_methods(["a.py"])
    with pytest.raises(BenchError, match="unknown metric 'collaps'; did you mean collapse"):
        named_metrics(["collaps"])


def test_all_names_every_method_once_and_a_file_beside_them(own: Path) -> None:
    assert named_methods(["all"]).chosen == tuple(METHODS)
    named = named_methods(["random", "all", f"{own}:Twin"])
    assert named.chosen == ("random", *(m for m in METHODS if m != "random"), "mine-Twin")
    with pytest.raises(BenchError, match="'al'; did you mean"):
        named_methods(["al"])


@pytest.fixture
def package(install: Install) -> None:
    """A package with a method and a metric, broken ones beside them, and a name of ours."""
    twin, gone = "more_plugin:Twin", "more_gone:Twin"
    offers = {
        "methods": {"twin": twin, "broken": gone, "random": twin},
        "generators": {"planted": twin, "zebra": twin, "lion": gone},
        "metrics": {"count": "more_plugin:Count", "lost": "more_plugin:Lost"},
    }
    install("more 1.0", OWN, offers)


@pytest.mark.usefixtures("package")
def test_plug_ins_of_packages_run_by_default_and_broken_ones_are_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = named_methods(())
    assert named.chosen == (*USUAL, "twin")
    assert named_methods(("all",)).chosen == (*METHODS, "twin")
    assert named.code == {"twin": "more 1.0"}
    assert named.table["random"] is METHODS["random"]
    assert set(named_metrics(())) == {*METRICS, "count"}
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    for line in lines[:2]:  # of both calls
        assert line.startswith("left out: 'broken' of package more 1.0 cannot be loaded: Module")
    assert lines[2].startswith("left out: 'lost' of package more 1.0 cannot be loaded: Attribute")


@pytest.mark.usefixtures("package")
def test_a_broken_plug_in_stops_only_who_asks_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert named_methods(["twin"]).chosen == ("twin",)
    assert not capsys.readouterr().err
    with pytest.raises(BenchError, match=r"'broken' of package more 1\.0 cannot be loaded"):
        named_methods(["random", "broken"])
    with pytest.raises(BenchError, match=r"'lost' of package more 1\.0 cannot be loaded"):
        named_metrics(["lost"])


@pytest.mark.usefixtures("package")
def test_all_takes_generators_of_packages_but_for_broken_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert all_generators() == (*available(), "zebra")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("left out: 'lion' of package more 1.0 cannot be loaded: ModuleNotFound")
