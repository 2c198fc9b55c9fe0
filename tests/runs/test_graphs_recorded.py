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


def devices(out: Path) -> dict[str, str]:
    settings = ["steps=4", "batch=3", "k=2", "evaluation=20"]
    config = RunConfig.from_preset("quick").with_settings(settings)
    jobs = plan(config, ["planted"], METHOD_NAMES, METHODS)
    found = list(execute(jobs, out, "cpu", False, {}, {}))
    assert [one.status for one in found] == ["done"] * len(METHOD_NAMES)
    return {one.cell.method: one.device for one in found}


def test_a_cell_says_which_of_its_trainings_were_graphs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert devices(tmp_path / "cpu") == dict.fromkeys(METHOD_NAMES, "1 CPU thread")
    for module in (adam, graphs):
        monkeypatch.setattr(module, "captures", lambda device: True)
    monkeypatch.setattr(graphs, "Card", played_card.Card)
    assert devices(tmp_path / "card") == {
        "discovered": "1 CPU thread, CUDA graphs: fit and fresh",
        "warped": "1 CPU thread, CUDA graphs: none",  # frozen, it looks at numbers all the same
        "random": "1 CPU thread, CUDA graphs: fresh",
    }
