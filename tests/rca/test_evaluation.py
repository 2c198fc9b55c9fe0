"""R is asked what it should be, and its answers are kept as it gave them."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from benchmark.core.failures import Failure
from benchmark.core.seeds import stream
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator, Latents
from benchmark.rca import evaluation
from benchmark.rca.correctness import summarise
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange


class Shows(Generator):
    """An image that is its own latent: what R needs to know is plainly there."""

    latent_dim, image_shape = 4, (1, 2, 2)

    def forward(self, latents: Latents) -> Tensor:
        return latents.point.view(-1, 1, 2, 2)


class Reads(nn.Module):
    """An R that reads k and eps off the difference of two such images, if `honest`."""

    def __init__(self, honest: bool) -> None:
        super().__init__()
        self.honest = nn.Parameter(torch.tensor(float(honest)))

    def forward(self, images: Tensor, shifted: Tensor) -> tuple[Tensor, Tensor]:
        moved = (shifted - images).flatten(1)
        noise = torch.randn(moved.shape, generator=stream("guess", len(moved)))
        logits = self.honest * moved.abs() + (1 - self.honest) * noise
        return logits, moved.sum(dim=1)


@pytest.mark.parametrize("honest", [True, False])
def test_predict_on_an_answer_that_is_known(honest: bool) -> None:
    protocol = Protocol(k=4, evaluation=1250)
    examined = evaluation.Examined(FrozenLinear(torch.eye(4)), [Reads(honest)])
    ((table,),) = evaluation.predict(Shows(), [examined], protocol, stream("evaluation"))
    assert len(table) == 1250
    result = summarise(table)
    if honest:
        assert result.rca == 1.0
        assert result.shift_error < 1e-5
        assert set(table["rank"]) == {0}
    else:
        assert result.low < 0.25 < result.high
        assert set(table["rank"]) == {0, 1, 2, 3}
        assert ((table["rank"] == 0) == (table["k"] == table["k_hat"])).all()


def test_every_method_is_asked_the_same_questions() -> None:
    protocol = Protocol(k=4, evaluation=300)
    matrices = (torch.eye(4), torch.randn(4, 4, generator=stream("other")))
    examined = [evaluation.Examined(FrozenLinear(matrix), [Reads(True)]) for matrix in matrices]
    found = evaluation.predict(Shows(), examined, protocol, stream("evaluation"))
    tables = [table for (table,) in found]
    pd.testing.assert_frame_equal(tables[0][["k", "eps"]], tables[1][["k", "eps"]])
    assert not tables[0]["eps_hat"].equals(tables[1]["eps_hat"])


def test_the_answers_are_to_the_questions_of_the_stream_in_the_range_of_the_protocol() -> None:
    protocol = Protocol(k=4, evaluation=250, max_shift=3.0, min_shift=1.0)
    examined = evaluation.Examined(FrozenLinear(torch.eye(4)), [Reads(True)])
    ((table,),) = evaluation.predict(Shows(), [examined], protocol, stream("evaluation"))
    rng, expected = stream("evaluation"), ShiftRange(3.0, 1.0)
    asked = [expected.draw(Shows(), 4, n, rng) for n in (100, 100, 50)]
    assert table["k"].tolist() == torch.cat([shifts.k for shifts in asked]).tolist()
    assert table["eps"].tolist() == torch.cat([shifts.eps for shifts in asked]).tolist()


class Counts(Shows):
    """Counts the batches of images that it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = 0

    def forward(self, latents: Latents) -> Tensor:
        self.batches += 1
        return super().forward(latents)


class Fails(FrozenLinear):
    kind = "fails"

    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        raise ValueError("no way to go")


def test_one_pass_gives_the_answers_of_each_by_itself_and_makes_no_image_twice() -> None:
    protocol, generator = Protocol(k=4, evaluation=250), Counts()
    shifts = [FrozenLinear(torch.eye(4)), FrozenLinear(torch.eye(4).flip(1))]
    together = [
        evaluation.Examined(shifts[0], [Reads(True), Reads(False)]),
        evaluation.Examined(shifts[1], [Reads(True)]),
    ]
    found = evaluation.predict(generator, together, protocol, stream("evaluation"))
    assert generator.batches == 3 * (1 + len(shifts))  # three batches; two R's share one's images
    for one, tables in zip(together, found, strict=True):
        for reconstructor, table in zip(one.reconstructors, tables, strict=True):
            alone = [evaluation.Examined(one.shift, [reconstructor])]
            ((by_itself,),) = evaluation.predict(Shows(), alone, protocol, stream("evaluation"))
            pd.testing.assert_frame_equal(table, by_itself, check_exact=True)


class Says(nn.Module):
    """An R that says always the same eps, which are hard to carry, and knows nothing of k."""

    EPS = (0.0, -0.0, 1e-45, -3.5, 1 / 3, 3e38, float("inf"), float("nan"))

    def __init__(self) -> None:
        super().__init__()
        self.eps = nn.Parameter(torch.tensor(self.EPS))

    def forward(self, images: Tensor, shifted: Tensor) -> tuple[Tensor, Tensor]:
        logits = torch.arange(4.0).expand(len(images), 4)  # (n, K)
        return logits, self.eps.repeat(len(images))[: len(images)]  # (n,)


def test_answers_come_back_bit_for_bit_in_one_copy_for_each_r(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copies: list[torch.Size] = []
    cpu = Tensor.cpu

    def counted(tensor: Tensor) -> Tensor:
        copies.append(tensor.shape)
        return cpu(tensor)

    monkeypatch.setattr(Tensor, "cpu", counted)
    examined = evaluation.Examined(FrozenLinear(torch.eye(4)), [Says(), Says()])
    terms = Protocol(k=4, evaluation=216)
    ((table, _),) = evaluation.predict(Shows(), [examined], terms, stream("evaluation"))
    assert copies == [(5, 216)] * 2
    expected = np.resize(np.float32(Says.EPS), 100)  # of each batch
    given = np.concatenate([expected, expected, expected[:16]])
    np.testing.assert_array_equal(table["eps_hat"].to_numpy().view(np.int32), given.view(np.int32))
    assert (table["k_hat"] == 3).all()
    assert (table["rank"] == 3 - table["k"]).all()
    assert list(table.dtypes.astype(str)) == ["int16", "float32", "int16", "float32", "int16"]
    assert list(table) == ["k", "eps", "k_hat", "eps_hat", "rank"]


def test_nobody_to_ask_is_no_work() -> None:
    generator = Counts()
    assert evaluation.predict(generator, [], Protocol(k=4), stream("evaluation")) == []
    assert not generator.batches


def test_a_shift_that_fails_is_the_only_one_without_answers() -> None:
    protocol = Protocol(k=4, evaluation=150)
    examined = [
        evaluation.Examined(Fails(torch.eye(4)), [Reads(True)]),
        evaluation.Examined(FrozenLinear(torch.eye(4)), [Reads(True)]),
    ]
    failed, (table,) = evaluation.predict(Shows(), examined, protocol, stream("evaluation"))
    assert isinstance(failed, Failure)
    assert "no way to go" in failed.reason
    assert summarise(table).rca == 1.0
