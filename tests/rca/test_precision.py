"""bfloat16 is where it is allowed, and nowhere else."""

from types import SimpleNamespace

import pytest
import torch

from benchmark.core.seeds import stream
from benchmark.directions.matrices import UnitLinear, axes
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator
from benchmark.rca.precision import InBfloat16, use
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner, train
from tests import plain

K, D = 6, 20


@pytest.fixture(scope="module")
def generator() -> Generator:
    return plain.sngan(width=8, latent_dim=D)


def trained(generator: Generator, precision: str, learns: bool) -> Learner:
    terms = Protocol(k=K, steps=3, batch=4, schedule="constant", precision=precision)
    start = axes(D, K, stream("start"))
    shift = UnitLinear(start) if learns else FrozenLinear(start)
    learner = Learner("A", shift, (1, 32, 32), terms, 0, "cpu", lr_shift=1e-2)
    train(generator, [learner], terms, "questions", [None], "label")
    return learner


@torch.no_grad()
def test_images_are_float32_and_a_little_other(generator: Generator) -> None:
    latents = generator.sample(5, stream("z"))
    usual, rounded = generator(latents), InBfloat16(generator)(latents)
    assert rounded.dtype == torch.float32
    assert 0 < (usual - rounded).abs().max() < 0.1


def test_a_fresh_r_learns_from_rounded_images_and_is_float32_itself(generator: Generator) -> None:
    usual, rounded = (trained(generator, p, learns=False) for p in ("float32", "bfloat16"))
    assert usual.curve != rounded.curve
    assert usual.curve[0][1] == pytest.approx(rounded.curve[0][1], rel=0.05)
    assert {p.dtype for p in rounded.reconstructor.parameters()} == {torch.float32}


def test_where_a_learns_nothing_is_rounded(generator: Generator) -> None:
    usual, said = (trained(generator, p, learns=True) for p in ("float32", "bfloat16"))
    assert usual.curve == said.curve


def test_cards_round_only_where_that_is_said() -> None:
    before = torch.backends.cudnn.conv.fp32_precision
    try:
        use("float32")
        assert torch.backends.cuda.matmul.fp32_precision == "ieee"
        use("tf32")
        assert torch.backends.cuda.matmul.fp32_precision == "tf32"
        assert torch.backends.cudnn.conv.fp32_precision == "tf32"
    finally:
        use("float32" if before in ("ieee", "none") else before)


@pytest.mark.parametrize(
    ("precision", "rounds"), [("float32", False), ("tf32", True), ("bfloat16", True)]
)
def test_an_older_torch_is_told_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, precision: str, rounds: bool
) -> None:
    class Settings:
        """Takes no setting but the one that torch had before 2.9."""

        __slots__ = ("allow_tf32",)

    cudnn, cuda = Settings(), SimpleNamespace(matmul=Settings())
    monkeypatch.setattr(torch.backends, "cudnn", cudnn)
    monkeypatch.setattr(torch.backends, "cuda", cuda)
    use(precision)
    assert (cudnn.allow_tf32, cuda.matmul.allow_tf32) == (rounds, rounds)
