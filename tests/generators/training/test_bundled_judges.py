"""How the bundled judges are made: weights that load, and a card with their accuracies."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.generators.judge import Judge, NamingJudge, load_judge
from benchmark.generators.training.attributes import Attributes
from benchmark.generators.training.bundled_judges import (
    JUDGES,
    accuracy,
    bundle_judge,
    card,
    shares_right,
)
from benchmark.generators.training.real_images import ImageSet

from .digits import as_npz


def test_it_leaves_weights_and_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = as_npz(tmp_path / "digits.npz")  # of three classes
    with pytest.raises(BenchError, match=r"digits\.npz has 3 classes, and mnist has 10$"):
        bundle_judge("mnist", data, tmp_path / "out")
    few = replace(JUDGES["mnist"], epochs=1, names=("no_ne", "one", "two"))
    monkeypatch.setitem(JUDGES, "mnist", few)
    judge = load_judge(bundle_judge("mnist", data, tmp_path / "out"))
    assert (judge.kind, judge.names) == ("classes", ("no ne", "one", "two"))
    text = (tmp_path / "out" / "mnist.md").read_text()
    for row in ("| Data | MNIST", "| Terms | ", "| Training | 1 epochs", "| Weights | float16"):
        assert row in text


class Blind(Judge):
    """Says of the first image of a pair yes to the first name, of the second to the second."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        first = (images.flatten(1).mean(dim=1) > 0).float()  # (n,)
        return torch.stack([20 * first - 10, 10 - 20 * first], dim=1)


def test_accuracies_are_shares_of_right_answers() -> None:
    images = torch.tensor([255, 255, 255, 0], dtype=torch.uint8).view(4, 1, 1, 1)
    images = images.expand(4, 3, 16, 16)
    network = Blind((3, 16, 16), 2)
    classes = NamingJudge(network, ("light", "dark"), "classes")
    test = ImageSet(images, torch.tensor([0, 0, 1, 1]))
    assert accuracy(classes, test) == 0.75
    assert shares_right(classes, test) == [1.0, 0.5]
    attributes = NamingJudge(network, ("light", "dark"), "attributes")
    said = torch.tensor([[True, False], [True, True], [True, False], [False, True]])
    test = ImageSet(images, None, Attributes(("light", "dark"), said))
    assert accuracy(attributes, test) == pytest.approx(7 / 8)
    assert shares_right(attributes, test) == [1.0, 0.75]
    assert "| dark | 75.0 | 50.0 |" in card("lamps", {"Data": "lamps"}, attributes, test, 0.5)
