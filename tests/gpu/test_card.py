"""What a card must hold to, for whoever has one: `make gpu`, below 8 minutes.

The same questions bit for bit, in float64 the same training and the same answers as on the CPU, no
wait for the card within a step, clocks that agree with one that waits, and steps a second, printed:
of CUDA graphs beside eager steps, and those beside a loop that waits after each step, as every read
of a loss did. What graphs promise beside that is in `test_card_graphs.py`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice, repeat

import pytest
import torch

from benchmark.core.seeds import stream
from benchmark.directions.matrices import UnitLinear, axes
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.base import Generator
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.registry import find_generator
from benchmark.rca import evaluation, graphs, precision, training
from benchmark.rca.clock import timed
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import BLOCK, QuestionStream, ShiftRange, Shifts
from benchmark.rca.training import Learner, train
from tests import plain

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

K, D = 6, 20
LONG = 10_000  # steps of a training that reads its losses every 50


class Wide(QuestionStream):
    """The same questions, their numbers in float64."""

    def __next__(self) -> Shifts:
        shifts = super().__next__()
        latents = replace(shifts.latents, point=shifts.latents.point.double())
        return Shifts(latents, shifts.k, shifts.eps.double())


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (training, evaluation):
        monkeypatch.setattr(module, "QuestionStream", Wide)


@pytest.fixture(params=[False, True])
def graph(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether steps are graphs, which the environment asks for."""
    monkeypatch.setenv(graphs.ASKED, str(int(request.param)))
    return bool(request.param)


def protocol(**changes: object) -> Protocol:
    given = {"k": K, "steps": BLOCK + 8, "batch": 8, "schedule": "constant", **changes}
    return Protocol(**given)  # type: ignore[arg-type]  # each of its own type


def learner(terms: Protocol, device: str, learns: bool, generator: Generator) -> Learner:
    start = axes(generator.latent_dim, terms.k, stream("start"))  # (d, K)
    shift = UnitLinear(start) if learns else FrozenLinear(start)
    return Learner("A", shift, generator.image_shape, terms, 0, device, lr_shift=1e-3)


def questions(
    generator: Generator, device: str, first: torch.Tensor | None = None, n: int = 8, block: int = 0
) -> QuestionStream:
    """Batches of n. first: the state to begin at; block: 0 for the usual one."""
    rng = stream("asked")
    if first is not None:
        rng.set_state(first)

    def draw(n: int) -> Shifts:
        return ShiftRange(6.0, 0.0).draw(generator, K, n, rng)

    return QuestionStream(draw, repeat(n), rng, device, block or None)


@contextmanager
def walking(
    one: Learner, fast: Generator, asked: QuestionStream, graph: bool = False
) -> Iterator[Callable[..., None]]:
    """Gives n steps as `train` does them, without its checkpoints; graph: whether the environment
    asks for graphs, as it did when `one` was made."""
    trials = list(islice(asked, graphs.TRIALS))
    with graphs.capturing(fast, [one], one.protocol.steps, trials) as make:

        def walk(n: int, wait: bool = False) -> None:
            for _ in range(n):
                with timed([one.clock]):
                    shifts = next(asked)
                    images = make(shifts)  # (n, C, H, W)
                    one.update(fast, images, shifts)
                if wait:
                    torch.cuda.synchronize()

        yield walk
        assert one.graphed is (True if graph else None)


def test_questions_are_those_of_the_cpu_bit_for_bit_from_any_step() -> None:
    generator = plain.sngan(width=8, latent_dim=D)
    here, there = questions(generator, "cpu"), questions(generator, "cuda")
    for step in range(2 * BLOCK + 5):
        expected, found = next(here), next(there)
        assert found.k.device.type == "cuda"
        assert torch.equal(found.latents.point.cpu(), expected.latents.point)
        assert torch.equal(found.k.cpu(), expected.k)
        assert torch.equal(found.eps.cpu(), expected.eps)
        assert torch.equal(there.state, here.state)
        if step == BLOCK + 3:  # killed amid a block
            there = questions(generator, "cuda", there.state)


@pytest.mark.usefixtures("wide")
def test_a_training_in_float64_is_that_of_the_cpu(graph: bool) -> None:
    generator, terms = plain.sngan(width=8, latent_dim=D).double(), protocol()
    ended = {}
    for device in ("cpu", "cuda"):
        pair = [learner(terms, device, learns, generator) for learns in (True, False)]
        for one in pair:
            one.shift.double(), one.reconstructor.double()
        train(prepare(generator, device), pair, terms, "stream", [None, None], device)
        assert not any(one.failure for one in pair)
        assert [one.graphed for one in pair] == [True if graph and device == "cuda" else None] * 2
        ended[device] = pair
    for one, other in zip(ended["cuda"], ended["cpu"], strict=True):
        assert one.passes == other.passes
        assert torch.tensor(one.curve).allclose(torch.tensor(other.curve), rtol=1e-5, atol=1e-6)
        for part in ("shift", "reconstructor"):
            expected = getattr(other, part).state_dict()
            for name, value in getattr(one, part).state_dict().items():
                torch.testing.assert_close(value.cpu(), expected[name], rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("wide")
def test_answers_in_float64_are_those_of_the_cpu() -> None:
    generator, terms = plain.sngan(width=8, latent_dim=D).double(), protocol(evaluation=730)
    tables = []
    for device in ("cpu", "cuda"):
        one = learner(terms, device, False, generator)
        one.reconstructor.double().eval()
        examined = [evaluation.Examined(one.shift.double(), [one.reconstructor])]
        rng = stream("evaluation")
        (found,) = evaluation.predict(prepare(generator, device), examined, terms, rng)
        assert isinstance(found, list)
        tables += found
    here, there = tables
    exact = ["k", "eps", "k_hat", "rank"]
    assert there[exact].equals(here[exact])
    assert abs(there["eps_hat"] - here["eps_hat"]).max() < 1e-5


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")  # torch calls it a prototype
@pytest.mark.parametrize("reference", ["mnist-sngan", "celeba-stylegan2-small?space=w&layers=0-3"])
def test_a_step_waits_for_nothing(graph: bool, reference: str) -> None:
    generator = find_generator(reference)[1].load()
    fast, terms = prepare(generator, "cuda"), protocol(steps=LONG)
    one, asked = learner(terms, "cuda", True, generator), questions(generator, "cuda")
    with walking(one, fast, asked, graph) as walk:
        walk(3)  # libraries are loaded in the first
        torch.cuda.set_sync_debug_mode("error")
        try:
            walk(BLOCK + 5)
        finally:
            torch.cuda.set_sync_debug_mode("default")


def test_seconds_of_a_learner_are_those_of_its_steps(graph: bool) -> None:
    terms, generator = protocol(steps=LONG, batch=32), plain.sngan(width=64, latent_dim=D)
    one, asked = learner(terms, "cuda", True, generator), questions(generator, "cuda", n=32)
    with walking(one, prepare(generator, "cuda"), asked, graph) as walk:
        walk(10)  # libraries are loaded in the first
        one.clock.seconds, began = 0.0, time.perf_counter()
        walk(300)
        seconds = one.seconds
        wall = time.perf_counter() - began
    assert 0.7 * wall < seconds < 1.02 * wall


def mnist() -> Generator:
    return find_generator("mnist-sngan")[1].load()


@pytest.mark.parametrize(
    ("make", "r", "batch", "steps", "goal"),
    [(mnist, "lenet", 32, 300, 5.0), (BigGAN, "resnet18", 8, 40, 1.5)],  # weights as they come
)
@pytest.mark.parametrize("numbers", ["float32", "tf32"])
def test_steps_a_second(
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], Generator],
    r: str,
    batch: int,
    steps: int,
    goal: float,
    numbers: str,
) -> None:
    torch.manual_seed(0)
    generator = make().eval()
    fast = prepare(generator, "cuda", 256)
    terms = protocol(steps=LONG, batch=batch, reconstructor=r)

    def rate(wait: bool = False, graph: bool = False) -> float:
        monkeypatch.setenv(graphs.ASKED, str(int(graph)))
        one = learner(terms, "cuda", True, generator)
        asked = questions(generator, "cuda", n=batch, block=int(wait))
        with walking(one, fast, asked, graph) as walk:
            walk(10)
            torch.cuda.synchronize()
            began = time.perf_counter()
            walk(steps, wait)
            torch.cuda.synchronize()
            return steps / (time.perf_counter() - began)

    precision.use(numbers)
    try:
        eager, waiting, graph = rate(), rate(wait=True), rate(graph=True)
    finally:
        precision.use("float32")
    print(
        f"\n{torch.cuda.get_device_name()}: {type(generator).__name__}, {numbers}: {graph:.1f} "
        f"steps/s as graphs, {eager:.1f} eager: {graph / eager:.2f} times as fast, the goal is "
        f"{goal}; eager and waiting after each {waiting:.1f}"
    )
    assert eager > 0.9 * waiting
    assert graph > 0.95 * eager
