"""A cell that a card computed says which of its trainings were CUDA graphs."""

from pathlib import Path

import pytest

from baselines import METHODS
from benchmark.rca import adam, graphs
from benchmark.runs.grid import plan
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig
from tests.rca import played_card

METHOD_NAMES = ("discovered", "warped", "random")


def of_each(out: Path) -> dict[str, list[str]]:
    settings = [
        f"steps={graphs.TRIALS + 1}",
        "batch=3",
        "k=2",
        "evaluation=20",
        "discovered.space=unit",
    ]
    config = RunConfig.from_preset("quick").with_settings(settings)
    jobs = plan(config, ["planted"], METHOD_NAMES, METHODS)
    found = list(execute(jobs, out, "cpu", False, {}, {}))
    assert [one.status for one in found] == ["done"] * len(METHOD_NAMES)
    assert {one.device for one in found} == {"1 CPU thread"}  # whatever was a graph
    return {one.cell.method: list(one.graphs) for one in found}


def test_a_cell_says_which_of_its_trainings_were_graphs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert of_each(tmp_path / "cpu") == {name: [] for name in METHOD_NAMES}
    for module in (adam, graphs):
        monkeypatch.setattr(module, "captures", lambda device: True)
    monkeypatch.setattr(graphs, "Card", played_card.Card)
    assert of_each(tmp_path / "card") == {
        "discovered": ["fit", "fresh"],
        "warped": [],  # frozen, it looks at numbers all the same
        "random": ["fresh"],
    }
