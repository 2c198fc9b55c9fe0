"""LatentCLR: its loss by hand on four vectors and by loops, its layer, its schedule."""

from math import cos, exp, log, pi

import numpy as np
import pytest
import torch

from baselines.latentclr import LatentCLR, contrast
from benchmark.core.errors import BenchError, Unserved
from benchmark.core.seeds import stream
from benchmark.directions.matrices import UnitLinear
from benchmark.generators.base import Generator, Latents
from benchmark.generators.families.planted import Planted
from benchmark.generators.fast.rewrites import prepare
from benchmark.methods.method import Assignment
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import Shifts
from tests import plain


def test_the_contrast_of_four_vectors_by_hand() -> None:
    degrees = [[0, 60], [90, 150]]  # of two directions on two latents
    angles = torch.tensor(degrees, dtype=torch.float64) * pi / 180
    effects = torch.stack([angles.cos(), angles.sin()], dim=2)  # (2, 2, 2)
    # By |cos|, vectors of one direction are 60 degrees apart, those of two 90, 30, 30 or 90.
    same, near, right = exp(0.5 * cos(pi / 3)), exp(0.5 * cos(pi / 6)), 1.0
    expected = [
        -log(same / ((right + near) / 2)),  # 0 against 90 and 150
        -log(same / ((near + right) / 2)),  # 60 against 90 and 150
        -log(same / ((right + near) / 2)),  # 90 against 0 and 60
        -log(same / ((near + right) / 2)),  # 150 against 0 and 60
    ]
    assert contrast(effects, 0.5).item() == pytest.approx(sum(expected) / 4, abs=1e-15)


def test_the_loss_is_what_loops_over_directions_and_latents_say() -> None:
    generator, k, n = plain.sngan(width=4, latent_dim=6).double(), 3, 4
    z = torch.randn(n, 6, generator=stream("z"), dtype=torch.float64)
    raw = torch.randn(6, k, generator=stream("raw"), dtype=torch.float64)
    method = LatentCLR(layer="model.2", alpha=0.7, temperature=0.9)
    shifts = Shifts(Latents(z), torch.zeros(n).long(), torch.ones(n))
    loss = method.loss(generator, UnitLinear(raw), shifts, stream("unused"))

    def feature(point: torch.Tensor) -> np.ndarray:
        with torch.no_grad():
            found = generator.model[:3](point[None]).flatten().numpy()
        return found / np.linalg.norm(found)

    effect = {}
    for i in range(k):
        for j in range(n):
            column = raw[:, i] / raw[:, i].norm()
            change = feature(z[j] + 0.7 * column) - feature(z[j])
            effect[i, j] = change / np.linalg.norm(change)
    terms = []
    for (i, j), one in effect.items():
        like = {key: exp(0.9 * abs(one @ other)) for key, other in effect.items()}
        positive = np.mean([like[a, b] for a, b in effect if a == i and b != j])
        negative = np.mean([like[a, b] for a, b in effect if a != i])
        terms.append(-log(positive / negative))
    assert loss.item() == pytest.approx(np.mean(terms), abs=1e-12)


def test_the_middle_layer_is_read_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    generator, read = plain.sngan(width=4, latent_dim=6), []
    features = Generator.features
    monkeypatch.setattr(
        Generator, "features", lambda self, z, layer: read.append(layer) or features(self, z, layer)
    )
    shifts = Shifts(generator.sample(2, stream("z")), torch.zeros(2).long(), torch.ones(2))
    for layer in (None, "model.4"):
        method = LatentCLR(layer=layer)
        method.loss(generator, UnitLinear(torch.eye(6, 2)), shifts, stream("unused"))
    assert generator.feature_layers() == ("model.0", "model.2", "model.3", "model.4")
    assert read == ["model.3", "model.3", "model.4", "model.4"]


def test_the_rate_falls_to_a_fifth_at_a_tenth_and_at_half_of_all_steps() -> None:
    factors = [LatentCLR().rate_factor(step / 10_000) for step in (0, 999, 1000, 4999, 5000, 9999)]
    assert factors == pytest.approx([1.0, 1.0, 0.2, 0.2, 0.04, 0.04])


def test_training_makes_the_contrast_small_and_columns_stay_unit() -> None:
    generator, terms = plain.sngan(width=4, latent_dim=6), Protocol(k=4, steps=80)
    task = Assignment(generator, prepare(generator), terms, stream("fit"), "q", 0)
    method = LatentCLR(alpha=1.0)
    before, after = method.untrained(task).matrix(), method.fit(task).shift.matrix()
    shifts = Shifts(generator.sample(16, stream("z")), torch.zeros(16).long(), torch.ones(16))
    with torch.no_grad():
        one, two = (
            method.loss(generator, UnitLinear(matrix), shifts, stream("unused")).item()
            for matrix in (before, after)
        )
    assert two < one - 0.02
    torch.testing.assert_close(after.norm(dim=0), torch.ones(4))


def test_what_cannot_be_served_or_set() -> None:
    class Closed(Planted):
        feature_layers = Generator.feature_layers

    with pytest.raises(Unserved, match="Closed does not name its layers"):
        LatentCLR().check(Closed(), Protocol(k=4))
    Closed.feature_layers = lambda self: ()
    with pytest.raises(Unserved, match="Closed names no layer"):
        LatentCLR().check(Closed(), Protocol(k=4))
    with pytest.raises(BenchError, match="unknown layer of Planted 'factor'; did you mean factors"):
        LatentCLR(layer="factor").check(Planted(), Protocol(k=4))
    with pytest.raises(Unserved, match="against each other; take k = 2 or more"):
        LatentCLR().check(Planted(), Protocol(k=1))
    with pytest.raises(BenchError, match="LatentCLR: alpha must be above 0, not 0"):
        LatentCLR(alpha=0.0)
    with pytest.raises(BenchError, match="LatentCLR: temperature must be above 0, not -1"):
        LatentCLR(temperature=-1.0)
