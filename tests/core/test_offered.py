"""What the suite offers by name can be listed without importing it."""

import inspect
import subprocess
import sys

import pytest

from baselines import METHODS
from benchmark.core.offered import Offered
from benchmark.generators.catalogue import GENERATORS
from benchmark.generators.families.planted import Planted
from benchmark.metrics import METRICS


@pytest.mark.parametrize("table", [METHODS, METRICS], ids=["methods", "metrics"])
def test_it_says_what_a_class_says_of_itself(table: Offered) -> None:
    for name, value in table.items():
        kind = value if isinstance(value, type) else type(value)
        assert table.about(name) == inspect.getdoc(kind).partition("\n")[0] != ""


def test_what_is_asked_for_twice_is_the_same() -> None:
    assert METRICS["accuracy"] is METRICS["accuracy"]
    with pytest.raises(KeyError):
        METRICS["none"]


def test_the_catalogue_knows_the_terms_of_planted() -> None:
    assert GENERATORS["planted"].usual == Planted.usual


def test_a_list_of_everything_imports_no_torch() -> None:
    code = (
        "import sys; from benchmark.cli.main import main; main(['list'], standalone_mode=False);"
        "print('heavy', sorted({'torch', 'pandas', 'scipy'} & {*sys.modules}))"
    )
    listed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "heavy []" in listed
    assert "coordinate" in listed
