"""The questions put to R: their distribution, and what two streams share."""

import numpy as np
import pytest
import torch
from scipy import stats

from benchmark.core.seeds import derive_seed, stream
from benchmark.generators.base import Generator, Latents
from benchmark.generators.families.planted import Planted
from benchmark.generators.ruler import Ruler
from benchmark.rca.questions import BLOCK, QuestionStream, ShiftRange, Shifts

N = 20_000


def test_z_k_and_eps_follow_their_distributions() -> None:
    shifts = ShiftRange(6.0, 0.0).draw(Planted(), 7, N, stream("distribution"))
    assert stats.kstest(shifts.eps.numpy(), stats.uniform(-6, 12).cdf).pvalue > 0.001
    assert stats.kstest(shifts.latents.point[:, 3].numpy(), stats.norm.cdf).pvalue > 0.001
    assert stats.chisquare(np.bincount(shifts.k.numpy(), minlength=7)).pvalue > 0.001
    assert abs(np.corrcoef(shifts.k.numpy(), shifts.eps.numpy())[0, 1]) < 0.03


def test_small_shifts_are_raised_and_keep_their_sign() -> None:
    plain = ShiftRange(6.0, 0.0).draw(Planted(), 4, N, stream("same"))
    raised = ShiftRange(6.0, 0.5).draw(Planted(), 4, N, stream("same"))
    small = plain.eps.abs() < 0.5
    assert 0.07 < small.float().mean() < 0.10  # 1/12 of them
    assert torch.equal(raised.eps[small], 0.5 * plain.eps[small].sign())
    assert torch.equal(raised.eps[~small], plain.eps[~small])


def test_streams_of_one_seed_agree_on_z_and_eps_whatever_k() -> None:
    few, many = (ShiftRange(6.0, 0.0).draw(Planted(), k, 500, stream("s")) for k in (8, 64))
    assert torch.equal(few.latents.point, many.latents.point)
    assert torch.equal(few.eps, many.eps)
    assert torch.equal(few.k, many.k // 8)  # the same place in [0, 1)


@pytest.mark.parametrize("k", [1, 3, 512])
def test_k_stays_below_the_number_of_directions(k: int) -> None:
    drawn = ShiftRange(6.0, 0.0).draw(Planted(), k, N, stream("bounds", k)).k
    assert drawn.min() == 0
    assert drawn.max() == k - 1


def test_seeds_depend_on_every_part_and_on_where_parts_end() -> None:
    seeds = {derive_seed(*parts) for parts in ([1, 2], [2, 1], [12], ["1", "23"], ["12", "3"])}
    assert len(seeds) == 5
    assert derive_seed("a", 0) == derive_seed("a", "0")


class Everything(Generator):
    """Draws latents of all that latents may have."""

    latent_dim, image_shape = 4, (1, 2, 2)

    def sample(self, n: int, rng: torch.Generator) -> Latents:
        point = torch.randn(n, 3, 4, generator=rng)  # (n, layers, d)
        labels = torch.randint(0, 9, (n,), generator=rng)  # (n,)
        unmoved = torch.randn(n, 2, generator=rng)  # (n, 2)
        return Latents(point, labels, (0, 2), Ruler(torch.zeros(4), torch.eye(4)), unmoved)


SIZES = (5, 5, 5, 5, 5, 5, 3)


def batches(
    generator: Generator, rng: torch.Generator, block: int | None, done: int = 0
) -> QuestionStream:
    """Batches of SIZES, without those that are `done`."""

    def draw(n: int) -> Shifts:
        return ShiftRange(6.0, 0.5).draw(generator, 7, n, rng)

    return QuestionStream(draw, SIZES[done:], rng, "cpu", block)


def assert_equal(one: Shifts, other: Shifts) -> None:
    for part in ("point", "labels", "unmoved"):
        mine, theirs = getattr(one.latents, part), getattr(other.latents, part)
        assert (mine is None) == (theirs is None)
        assert mine is None or (mine.dtype == theirs.dtype and torch.equal(mine, theirs)), part
    assert one.latents.layers == other.latents.layers
    assert (one.latents.ruler is None) == (other.latents.ruler is None)
    assert torch.equal(one.k, other.k)
    assert torch.equal(one.eps, other.eps)


@pytest.mark.parametrize("generator", [Planted(), Everything()])
@pytest.mark.parametrize("block", [None, 1, 3, 50])
def test_batches_are_those_drawn_one_by_one_and_the_state_is_that_behind_the_last_one_taken(
    generator: Generator, block: int | None
) -> None:
    by_hand, rng = stream("asked"), stream("asked")
    asked = batches(generator, rng, block)
    assert torch.equal(asked.state, by_hand.get_state())
    for n in SIZES:
        expected = ShiftRange(6.0, 0.5).draw(generator, 7, n, by_hand)
        assert_equal(next(asked), expected)
        assert torch.equal(asked.state, by_hand.get_state())
    assert not list(asked)


@pytest.mark.parametrize("done", [1, 2, 3, 6])
def test_a_stream_goes_on_from_any_step_of_a_block(done: int) -> None:
    generator, rng = Everything(), stream("asked")
    whole = list(batches(generator, stream("asked"), 1))
    killed = batches(generator, rng, 3)
    for _ in range(done):
        next(killed)
    again = torch.Generator()
    again.set_state(killed.state)
    for one, other in zip(batches(generator, again, 3, done), whole[done:], strict=True):
        assert_equal(one, other)


def test_only_a_card_gets_questions_ahead() -> None:
    drawn: list[int] = []
    rng = stream("asked")

    def draw(n: int) -> Shifts:
        drawn.append(n)
        return ShiftRange(6.0, 0.0).draw(Planted(), 7, n, rng)

    next(QuestionStream(draw, SIZES, rng, "cpu"))
    assert drawn == [5]
    next(QuestionStream(draw, SIZES, rng, "cpu", BLOCK))
    assert drawn == [5, *SIZES]


def test_no_batch_of_a_block_lies_amid_another() -> None:
    shifts = list(batches(Everything(), stream("asked"), 3))
    for tensor in (part for one in shifts for part in (one.latents.point, one.k, one.eps)):
        assert tensor.storage_offset() == 0
        assert tensor.untyped_storage().nbytes() == tensor.nbytes
