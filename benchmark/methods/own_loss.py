"""Directions that go down a loss of their own, without any R: one loop for all such methods."""

import time
from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.core.checkpoints import load_checkpoint, save_checkpoint
from benchmark.core.errors import BenchError, Unserved
from benchmark.core.progress import Progress
from benchmark.core.seeds import derive_seed
from benchmark.directions.shift import Linear
from benchmark.generators.asking.contract import check
from benchmark.generators.base import Generator
from benchmark.generators.passes import Passes, counting
from benchmark.methods.method import Assignment, Fitted, Method
from benchmark.rca import training
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange, Shifts
from benchmark.rca.tally import Diverged


@dataclass(frozen=True)
class OwnLoss(Method):
    """A matrix A (d, K) that Adam leads down a loss; G is frozen and nothing else learns.

    lr: Adam's rate. steps, batch: of the fit; none means those of the protocol, so that A gets as
    many steps and latents as one that learns with R. weight_decay: Adam's pull towards zero.

    The latents are those of the protocol's training questions, and whatever else the loss draws
    comes from the method's own stream: a cell's bytes do not depend on other methods. A fit that
    was killed goes on from its checkpoint and ends bit for bit the same.
    """

    lr: float = 1e-3
    steps: int | None = None
    batch: int | None = None
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        name = type(self).__name__
        if not self.lr > 0:
            raise BenchError(f"{name}: lr must be above 0, not {self.lr}")
        if not self.weight_decay >= 0:
            raise BenchError(f"{name}: weight_decay must be 0 or more, not {self.weight_decay}")
        if self.steps is not None and self.steps < 1:
            raise BenchError(f"{name}: steps must be at least 1, or none, not {self.steps}")
        if self.batch is not None and self.batch < 2:
            raise BenchError(f"{name}: batch must be at least 2, or none, not {self.batch}")

    @abstractmethod
    def untrained(self, task: Assignment) -> Linear:
        """A before its first step, with parameters that learn; `task.rng` draws what is random."""

    @abstractmethod
    def loss(
        self, generator: Generator, shift: Linear, shifts: Shifts, rng: torch.Generator
    ) -> Tensor:
        """What A is to make small, a scalar of one batch. shifts: n training questions. rng: on the
        CPU, for whatever else is random."""

    def rate_factor(self, progress: float) -> float:
        """The share of `lr` that Adam uses when `progress`, in [0, 1), of all steps is done."""
        return 1.0

    def steps_under(self, protocol: Protocol) -> int:
        """How many steps a fit takes."""
        return protocol.steps if self.steps is None else self.steps

    def fit(self, task: Assignment) -> Fitted:
        """Take A through all steps, from its checkpoint where there is one.

        Raises Diverged where the loss stops being finite, and Unserved where no gradient reaches
        the latents.
        """
        if fault := check(task.original).fault(learns=True):
            raise Unserved(fault)
        terms, steps = task.protocol, self.steps_under(task.protocol)
        shift = self.untrained(task).to(task.device, torch.float32)
        adam = torch.optim.Adam(shift.parameters(), self.lr, weight_decay=self.weight_decay)
        questions = ShiftRange(terms.max_shift, terms.min_shift)
        asked = torch.Generator().manual_seed(derive_seed(task.stream_name))
        step, before = 0, 0.0  # steps and seconds of a fit that was killed
        passes: Passes | None = Passes()
        state = load_checkpoint(task.checkpoint) if task.checkpoint is not None else None
        if state is not None:
            shift.load_state_dict(state["shift"])
            adam.load_state_dict(state["adam"])
            asked.set_state(state["asked"])
            task.rng.set_state(state["rng"])
            step, before = state["step"], state["seconds"]
            passes = Passes.of(state)
        progress = Progress(task.label, steps, step)
        began = saved = time.monotonic()
        while step < steps:
            for group in adam.param_groups:
                group["lr"] = self.lr * self.rate_factor(step / steps)
            shifts = questions.draw(task.generator, terms.k, self.batch or terms.batch, asked)
            with counting(passes):
                loss = self.loss(task.generator, shift, shifts.to(task.device), task.rng)
                value = loss.item()
                if not torch.isfinite(loss):
                    raise Diverged(f"the loss became {value} at step {step}")
                adam.zero_grad(set_to_none=True)
                loss.backward()
            adam.step()
            step += 1
            now = time.monotonic()
            due = now - saved > training.CHECKPOINT_SECONDS or step == steps
            if task.checkpoint is not None and due:
                state = {
                    "shift": shift.state_dict(),
                    "adam": adam.state_dict(),
                    "asked": asked.get_state(),
                    "rng": task.rng.get_state(),
                    "step": step,
                    "seconds": before + now - began,
                    "passes": None if passes is None else passes.state(),
                }
                save_checkpoint(task.checkpoint, state)
                saved = now
            progress.update(step, {"loss": value})
        return Fitted(shift.frozen().cpu(), seconds_before=before, passes=passes)
