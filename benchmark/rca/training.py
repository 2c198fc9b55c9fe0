"""The one training loop: A learnable or frozen, R always (Voynov & Babenko 2020, section 3).

Learners of one generator go in lockstep: they answer the same questions (z, k, eps), so G(z) is
computed once for all. What a learner computes does not depend on its company: trained alone, or
resumed after a kill, it ends bit for bit the same (on a CPU: a card adds up in no fixed order).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.core import memory
from benchmark.core.checkpoints import load_checkpoint, save_checkpoint
from benchmark.core.failures import forget_values
from benchmark.core.progress import Progress
from benchmark.core.seeds import derive_seed
from benchmark.directions.shift import Shift
from benchmark.directions.stored_shift import Packed, pack
from benchmark.generators.base import Generator
from benchmark.generators.passes import Passes, counting
from benchmark.rca import graphs
from benchmark.rca.adam import Adam
from benchmark.rca.clock import Clock, timed
from benchmark.rca.precision import InBfloat16
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import QuestionStream, ShiftRange, Shifts
from benchmark.rca.reconstructor import RECONSTRUCTORS, Reconstructor
from benchmark.rca.tally import Diverged, Tally

CURVE_POINTS = 200  # how many means over consecutive steps a training curve has
SNAPSHOTS = (0.0, 0.25, 0.5, 0.75, 1.0)  # shares of the training after which A is kept
LARGEST_KEPT = 1 << 18  # numbers; the stages of larger shifts would be most of a run's folder
CHECKPOINT_SECONDS = 20.0


@dataclass(frozen=True)
class Losses:
    """The loss of one batch: the total, its two terms, and the share of directions named right."""

    total: Tensor
    direction: Tensor
    shift: Tensor
    accuracy: Tensor


def losses(
    reconstructor: nn.Module, images: Tensor, shifted: Tensor, shifts: Shifts, protocol: Protocol
) -> Losses:
    """CE(k, k_hat) + lambda * L_r(eps, eps_hat) of R on n pairs of (n, C, H, W) images."""
    logits, eps_hat = reconstructor(images, shifted)  # (n, K), (n,)
    direction = F.cross_entropy(logits, shifts.k)
    distance = F.mse_loss if protocol.shift_loss == "mse" else F.l1_loss
    shift = distance(eps_hat, shifts.eps)
    accuracy = (logits.argmax(dim=1) == shifts.k).float().mean()
    return Losses(direction + protocol.lambda_ * shift, direction, shift, accuracy)


class Learner:
    """A shift and its R under training, with optimisers, curve, snapshots and clock.

    shift: the directions; they learn at rate `lr_shift` if they have parameters. r_seed: fixes R's
    first weights. snapshots: the shift after some steps; none of a shift above LARGEST_KEPT.
    passes: of G, those for images that learners share included; None where it goes on from a
    checkpoint of an earlier version, which did not count them. graph: its steps, captured, while it
    trains on a card; graphed: whether they could be (`rca/graphs`), None where none were wanted.
    """

    def __init__(
        self,
        name: str,
        shift: Shift,
        image_shape: tuple[int, int, int],
        protocol: Protocol,
        r_seed: int,
        device: str,
        lr_shift: float = 0.0,
    ) -> None:
        self.name, self.protocol = name, protocol
        self.shift = shift.to(device, torch.float32)  # as generators and R compute
        self.reconstructor = new_reconstructor(protocol, image_shape, r_seed).to(device)
        self.learns_shift = any(p.requires_grad for p in shift.parameters())
        self.optimisers = [Adam(self.reconstructor, protocol.lr, device)]
        if self.learns_shift:
            self.optimisers.append(Adam(self.shift, lr_shift, device))
        self.step = 0
        self.clock = Clock(device)
        self.passes: Passes | None = Passes()
        self.failure: Exception | None = None
        self.curve: list[list[float]] = []  # rows of: step, loss, direction, shift, accuracy
        self.snapshots: dict[int, Packed] = {}
        self.tally = Tally(device)
        self.graph: graphs.Captured | None = None
        self.graphed: bool | None = None
        self._take_snapshot()

    @property
    def seconds(self) -> float:
        """That its training took, of shared work its part; waits for a card."""
        return self.clock.seconds

    def update(self, generator: Generator, images: Tensor, shifts: Shifts) -> None:
        """One Adam step of R, and of A if it learns, on the batch whose G(z) is `images`."""
        self.use_rates(self.step)
        advance = self.graph or partial(self.advance, generator)
        values = advance(images, shifts)  # (4,)
        self.step += 1
        self._record(values)

    def advance(self, generator: Generator, images: Tensor, shifts: Shifts) -> Tensor:
        """What of a step happens on the device: (4,) the loss, its terms and the accuracy. It reads
        and changes tensors alone, and the same ones in every step."""
        with torch.set_grad_enabled(self.learns_shift):
            delta = self.shift(shifts.latents, shifts.k, shifts.eps)  # (n, d)
            shifted = generator(shifts.latents.moved(delta))  # (n, C, H, W)
        batch = losses(self.reconstructor, images, shifted, shifts, self.protocol)
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        batch.total.backward()
        for optimiser in self.optimisers:
            optimiser.step()
        values = [batch.total, batch.direction, batch.shift, batch.accuracy]
        return torch.stack(values).detach()  # (4,)

    def use_rates(self, step: int) -> None:
        """Let Adam's rates be those of `step`, 0-based."""
        for optimiser in self.optimisers:
            optimiser.use(self.protocol.rate_factor(step))

    def changed(self) -> list[Tensor]:
        """All that `advance` changes."""
        modules = (self.shift, self.reconstructor)
        weights = [t for module in modules for t in chain(module.parameters(), module.buffers())]
        return weights + [t for optimiser in self.optimisers for t in optimiser.moments()]

    def mean_gradients(self) -> list[Tensor]:
        """Adam's running mean of the gradients, of R and of A if it learns, as vectors."""
        return [optimiser.mean_gradient() for optimiser in self.optimisers]

    def weights(self) -> list[Tensor]:
        """Parameters and buffers of A and of R, each kind as one vector."""
        kinds = [of() for m in (self.shift, self.reconstructor) for of in (m.parameters, m.buffers)]
        parts = [[t.detach().flatten() for t in kind if t.is_floating_point()] for kind in kinds]
        return [torch.cat(part) for part in parts if part]

    def _record(self, values: Tensor) -> None:
        self.tally.add(values, self.step - 1)
        stride = max(1, self.protocol.steps // CURVE_POINTS)
        if self.step % stride == 0:
            self.curve.append([float(self.step), *(s / stride for s in self.tally.take())])
        self._take_snapshot()

    def _take_snapshot(self) -> None:
        if self.step in {round(share * self.protocol.steps) for share in SNAPSHOTS}:
            self.tally.check()
            if sum(value.numel() for value in self.shift.state_dict().values()) <= LARGEST_KEPT:
                self.snapshots[self.step] = pack(self.shift.frozen())

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds. Raises Diverged where a loss stopped being a number."""
        self.tally.check()
        return {
            "shift": self.shift.state_dict(),
            "reconstructor": self.reconstructor.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
            "seconds": self.clock.seconds,
            "passes": None if self.passes is None else self.passes.state(),
            "curve": self.curve,
            "sums": self.tally.sums.tolist(),
            "snapshots": self.snapshots,
            **({} if self.graphed is None else {"graphed": self.graphed}),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self.shift.load_state_dict(state["shift"])
        self.reconstructor.load_state_dict(state["reconstructor"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.step, self.clock.seconds = state["step"], state["seconds"]
        self.passes = Passes.of(state)
        self.curve = state["curve"]
        self.tally.sums.copy_(torch.tensor(state["sums"], dtype=torch.float64))
        self.snapshots = state["snapshots"]
        self.graphed = state.get("graphed")


def new_reconstructor(
    protocol: Protocol, image_shape: tuple[int, int, int], seed: int
) -> Reconstructor:
    """An untrained R whose first weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RECONSTRUCTORS[protocol.reconstructor](image_shape, protocol.k)


def train(
    generator: Generator,
    learners: Sequence[Learner],
    protocol: Protocol,
    stream_name: str,
    checkpoints: Sequence[Path | None],
    label: str,
) -> None:
    """Take every learner to `protocol.steps`, from its checkpoint where there is one.

    generator: prepared for inference. All learners answer the stream of questions that
    `stream_name` seeds. Learners that stand at different steps wait for each other; one whose loss
    is no longer finite stops with its `failure` set, and the others go on. Each checkpoint is
    written about every CHECKPOINT_SECONDS and at the end.
    """
    rng = torch.Generator().manual_seed(derive_seed(stream_name))
    rng_at = {0: rng.get_state()}
    for learner, path in zip(learners, checkpoints, strict=True):
        state = load_checkpoint(path) if path is not None else None
        if state is not None:
            learner.load_state(state["learner"])
            rng_at[learner.step] = state["rng"]
    step = min(learner.step for learner in learners)
    rng.set_state(rng_at[step])
    questions = ShiftRange(protocol.max_shift, protocol.min_shift)
    if protocol.precision == "bfloat16" and not any(one.learns_shift for one in learners):
        generator = InBfloat16(generator)
    device = next(learners[0].reconstructor.parameters()).device
    asked = QuestionStream(
        lambda n: questions.draw(generator, protocol.k, n, rng),
        repeat(protocol.batch, protocol.steps - step),
        rng,
        device,
    )
    tried = torch.Generator().manual_seed(derive_seed(stream_name, "trials"))
    trials = QuestionStream(
        lambda n: questions.draw(generator, protocol.k, n, tried),
        repeat(protocol.batch, graphs.TRIALS),
        tried,
        device,
    )
    left = [one for one in learners if one.step < protocol.steps]
    with graphs.capturing(generator, left, protocol.steps, trials) as make:
        progress = Progress(label, protocol.steps, step)
        saved = time.monotonic()
        while step < protocol.steps:
            active = [one for one in learners if one.step == step and one.failure is None]
            if all(learner.failure for learner in learners):
                return
            made = Passes()  # each learner would have needed them
            with timed([one.clock for one in active]):
                shifts = next(asked)
                with counting(made):
                    images = make(shifts)  # (n, C, H, W)
            for learner in active:
                if learner.passes is not None:
                    learner.passes.add(made)
                try:
                    with timed([learner.clock]), counting(learner.passes):
                        learner.update(generator, images, shifts)
                except Exception as error:  # noqa: BLE001 - a shift of anyone's may raise anything
                    learner.failure = error  # it is not active again
                    forget_values(error)  # where memory ran out, the others still need theirs
            step += 1
            if time.monotonic() - saved > CHECKPOINT_SECONDS or step == protocol.steps:
                for learner, path in zip(learners, checkpoints, strict=True):
                    if learner.step == step and learner.failure is None:
                        _keep(learner, path, asked.state)
                memory.give_back()  # holes in the heap, which older glibcs do not find again
                saved = time.monotonic()
            progress.update(step, {a.name: a.curve[-1][4] for a in active if a.curve})


def _keep(learner: Learner, path: Path | None, rng_state: Tensor) -> None:
    """Write the checkpoint of a learner that is sound; it fails where a loss was no number."""
    try:
        state = learner.state()
    except Diverged as error:
        learner.failure = error
        return
    if path is not None:
        save_checkpoint(path, {"learner": state, "rng": rng_state})
