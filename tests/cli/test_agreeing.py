"""Between what a run will cost and its start: what the timing took is free again."""

from pathlib import Path

import pytest

from benchmark.cli.shared import agree
from benchmark.core import device
from benchmark.runs import cost
from benchmark.runs.cost import Cost
from benchmark.runs.engines.placing import Choice
from benchmark.runs.results import Cell


def test_what_the_timing_took_of_a_card_is_handed_back_before_workers_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def timed(*_: object) -> dict[Cell, Cost]:
        done.append("timed")
        return {Cell("planted", "random", 0, "0"): Cost("planted", "random", 5, 1.0, 1)}

    monkeypatch.setattr(cost, "costs", timed)
    monkeypatch.setattr(device, "hand_back", done.append)
    monkeypatch.setattr(device, "device_name", str)
    monkeypatch.setattr(Choice, "opened", lambda *_: done.append("opened"))
    agree([], tmp_path, "cuda:1", True, {})
    assert done == ["timed", "cuda:1", "opened"]
