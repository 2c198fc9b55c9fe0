"""WarpedGANSpace as a method: a start that its stream draws, lockstep, resume, what it refuses."""

from pathlib import Path

import pytest
import torch

from baselines.warped import Warped
from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.families.planted import Planted
from benchmark.generators.fast.rewrites import prepare
from benchmark.methods.discovered import Discovered
from benchmark.methods.method import Assignment, check_shift, fitted
from benchmark.rca import training
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner, train

TERMS = Protocol(k=3, steps=10, batch=6)


def task(terms: Protocol = TERMS) -> Assignment:
    generator = Planted()
    return Assignment(generator, prepare(generator), terms, stream("fit"), "questions", 0)


def learner(terms: Protocol = TERMS) -> Learner:
    return Warped(dipoles=4, lr=1e-2).learner(task(terms))


def run(learners: list[Learner], checkpoints: list[Path | None], terms: Protocol = TERMS) -> None:
    train(task().generator, learners, terms, "questions", checkpoints, "warped")


def assert_same_bits(one: Learner, other: Learner) -> None:
    assert one.step == other.step == TERMS.steps
    assert torch.equal(one.shift.poles, other.shift.poles)
    for name, value in one.reconstructor.state_dict().items():
        assert torch.equal(value, other.reconstructor.state_dict()[name]), name


def test_it_ends_the_same_alone_in_lockstep_and_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, together, killed, resumed = (learner() for _ in range(4))
    start = alone.shift.poles.detach().clone()
    run([alone], [None])
    assert float((alone.shift.poles - start).detach().abs().max()) > 0.01
    run([Discovered().learner(task()), together], [None, None])
    assert_same_bits(alone, together)

    update = killed.update

    def interrupted(*arguments: object) -> None:
        if killed.step == 4:
            raise KeyboardInterrupt
        update(*arguments)

    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(killed, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run([killed], [tmp_path / "fit.pt"])
    run([resumed], [tmp_path / "fit.pt"])
    assert_same_bits(alone, resumed)


def test_what_it_finds_keeps_the_contract_of_shifts() -> None:
    one = learner()
    run([one], [None])
    check_shift(fitted(one).shift, Planted(), TERMS)


def test_training_makes_the_loss_small() -> None:
    terms = Protocol(k=3, steps=100, batch=8)
    one = learner(terms)
    run([one], [None], terms)
    losses = [row[1] for row in one.curve]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_the_start_comes_from_the_tasks_stream() -> None:
    one, two = learner().shift, learner().shift
    assert torch.equal(one.poles, two.poles)
    assert one.settings() == {"latent_dim": 16, "k": 3, "dipoles": 4, "step": 0.25}
    assert one.poles.shape == (3, 8, 16)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dipoles": 0}, "warped.dipoles must be at least 1, not 0"),
        ({"step": 0.0}, "warped.step must be above 0, not 0.0"),
        ({"lr": -1.0}, "warped.lr must be above 0, not -1.0"),
    ],
)
def test_settings_that_cannot_be_right(settings: dict[str, float], words: str) -> None:
    with pytest.raises(BenchError) as caught:
        Warped(**settings)
    assert str(caught.value) == words
