"""CUDA graphs on a real card: what they give, and what is left where one cannot be captured."""

from contextlib import nullcontext

import pytest
import torch

from benchmark.core.seeds import stream
from benchmark.directions.vector_fields import WarpedShift
from benchmark.generators.base import Generator
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.registry import find_generator
from benchmark.rca import graphs
from benchmark.rca.training import Learner, train
from tests import plain
from tests.gpu.test_card import D, K, learner, protocol, wide

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

__all__ = ["wide"]  # the fixture

Pair = list[Learner]


def refuse(*_: object) -> None:
    raise RuntimeError("nothing is captured")


@pytest.fixture(autouse=True)
def asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(graphs.ASKED, "1")


def pair_of(double: bool, whole: Generator | None = None) -> Pair:
    """One that learns A and one that does not, trained on the card."""
    generator, terms = whole or plain.sngan(width=8, latent_dim=D), protocol()
    pair = [learner(terms, "cuda", learns, generator) for learns in (True, False)]
    if double:
        generator.double()
        for one in pair:
            one.shift.double(), one.reconstructor.double()
    train(prepare(generator, "cuda"), pair, terms, "stream", [None, None], "pair")
    assert not any(one.failure for one in pair)
    return pair


def both(
    monkeypatch: pytest.MonkeyPatch, double: bool, whole: Generator | None = None
) -> tuple[Pair, Pair]:
    """Trained by graphs, and eagerly."""
    found = pair_of(double, whole)
    assert [one.graphed for one in found] == [True, True]
    with monkeypatch.context() as patch:
        patch.setattr(graphs.Card, "capture", refuse)
        eager = pair_of(double, whole)
    assert [one.graphed for one in eager] == [False, False]
    return found, eager


@pytest.mark.usefixtures("wide")
def test_graphs_in_float64_train_as_eager_steps_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for one, other in zip(*both(monkeypatch, double=True), strict=True):
        assert one.passes == other.passes
        assert torch.tensor(one.curve).allclose(torch.tensor(other.curve), rtol=1e-8, atol=1e-9)
        for found, expected in zip(one.weights(), other.weights(), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("reference", ["", "celeba-stylegan2-small?space=w&layers=0-3"])
def test_graphs_in_float32_give_the_losses_of_eager_steps(
    monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    """In w there is a ruler, too, which batches share."""
    whole = find_generator(reference)[1].load() if reference else None
    found, eager = both(monkeypatch, double=False, whole=whole)
    bits = [
        torch.equal(one, other)
        for a, b in zip(found, eager, strict=True)
        for one, other in zip(a.changed(), b.changed(), strict=True)
    ]
    print(f"\n{sum(bits)} of {len(bits)} tensors bit for bit those of eager steps")
    for one, other in zip(found, eager, strict=True):
        assert torch.tensor(one.curve[:3]).allclose(torch.tensor(other.curve[:3]), rtol=1e-2)


@pytest.mark.parametrize("found_out", [True, False])
def test_a_step_that_reads_numbers_stays_eager_and_spoils_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, found_out: bool
) -> None:
    """found_out: before its capture begins, else in it, which torch may take badly."""
    if not found_out:
        monkeypatch.setattr(graphs, "_no_waiting", nullcontext)
    generator, terms = plain.sngan(width=8, latent_dim=D), protocol()
    shift = WarpedShift(D, K, 4, 1.0)
    shift.scatter(stream("poles"))
    warped = Learner("warped", shift, generator.image_shape, terms, 0, "cuda", lr_shift=1e-3)
    straight = learner(terms, "cuda", True, generator)
    fast = prepare(generator, "cuda")
    train(fast, [warped, straight], terms, "stream", [None, None], "both")
    assert (warped.graphed, straight.graphed) == (False, True)
    assert (warped.failure, straight.failure) == (None, None)
    assert "warped stays eager, without a CUDA graph" in caplog.text
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    assert torch.rand(3, device="cuda").isfinite().all()  # its random stream still goes
    torch.cuda.empty_cache()


def test_memory_comes_back_when_a_training_ends() -> None:
    pair_of(double=False)
    torch.cuda.empty_cache()
    before = torch.cuda.memory_reserved()
    for _ in range(3):
        pair_of(double=False)
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved() <= before + (8 << 20)  # bytes
