"""The evolution shows the direction that training turned, stage by stage."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmark.generators.families.planted import Planted
from benchmark.report.pictures import evolution
from benchmark.report.pictures.painted import Painted
from benchmark.runs.results import read_cells
from tests.report.drawn import STEPS, write_cell


@pytest.fixture
def stored(tmp_path):
    write_cell(tmp_path, "planted", "discovered", 0)
    return read_cells(tmp_path)[0]


@pytest.fixture
def shown(monkeypatch):
    """What the panel was asked to show."""
    calls = []

    def spy(images, eps, title, labels):
        calls.append((images, title, labels))
        return evolution_panel(images, eps, title, labels)

    evolution_panel = evolution.panel
    monkeypatch.setattr(evolution, "panel", spy)
    return calls


@pytest.mark.parametrize(
    ("shares", "steps"),
    [
        (["0", "25", "50", "75", "100"], (0, 50, 100, 150, STEPS)),
        (["0", "1", "10", "100"], (0, 2, 20, STEPS)),  # as earlier versions kept them
    ],
)
def test_rows_are_the_stages_of_the_direction_that_turned_most(stored, shown, shares, steps):
    path = stored.folder / "evolution.safetensors"
    last = load_file(path)[f"step_{STEPS}"]
    k = stored.ranking()[3][0]
    still = {f"step_{step}": last.clone() for step in steps}
    still["step_0"][:, k] = torch.roll(still["step_0"][:, k], 1)
    still[f"step_{steps[1]}"][:, k] = still["step_0"][:, k]
    save_file(still, path)
    evolution.draw_evolution(Painted(Planted(), stored))
    ((images, title, labels),) = shown
    assert title.startswith(f"direction {k}, accuracy {stored.ranking()[3][1]:.2f}")
    painted = Painted(Planted(), stored)
    latents, eps = painted.latents[:1], painted.eps
    for row, step in enumerate(steps):
        for i in range(len(eps)):
            expected = Planted()(latents.moved(eps[i] * still[f"step_{step}"][:, k]))[0]
            torch.testing.assert_close(images[row, i], expected)
    assert [label.split("%")[0] for label in labels] == shares
    turned = torch.nn.functional.cosine_similarity(
        still["step_0"][:, k].double(), last[:, k].double(), dim=0
    )
    assert labels[0].endswith(f"{turned.abs():.2f}")
    assert labels[-1].endswith("1.00")


def test_a_short_training_keeps_fewer_stages(stored, shown):
    path = stored.folder / "evolution.safetensors"
    stages = load_file(path)
    save_file({name: stages[name] for name in ("step_0", f"step_{STEPS}")}, path)
    evolution.draw_evolution(Painted(Planted(), stored))
    ((images, _, labels),) = shown
    assert len(images) == len(labels) == 2
