"""What a method is: a few settings, and a way from a generator to directions."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import ClassVar, Literal

import torch

from benchmark.core.errors import BenchError
from benchmark.directions.labels import Label
from benchmark.directions.shift import KINDS, Chosen, Shift
from benchmark.directions.stored_shift import pack, unpack
from benchmark.generators.base import Generator, Latents
from benchmark.generators.passes import Passes
from benchmark.rca.protocol import Protocol
from benchmark.rca.training import Learner, train

Role = Literal["method", "baseline"]

TOLERANCE = 0.01  # by which |delta| may differ from |eps|, as a share
LATENTS = 64  # from which a shift's length is measured
SHARES = (1.0, -1.0, 0.5, -0.1)  # of the largest eps, at which it is measured


@dataclass(frozen=True)
class Assignment:
    """What a method is asked to do on one generator.

    original: the generator as it was loaded, whose layers can be looked at. generator: the same,
    prepared for speed, on `device`. protocol: the terms; `protocol.k` directions are wanted. rng:
    this method's own random stream. stream_name: seeds the training questions. r_seed: seeds a
    reconstructor. checkpoint: where a long fit keeps its state, or None. label: names it in
    progress lines.
    """

    original: Generator
    generator: Generator
    protocol: Protocol
    rng: torch.Generator
    stream_name: str
    r_seed: int
    device: str = "cpu"
    checkpoint: Path | None = None
    label: str = "fit"


@dataclass(frozen=True)
class Fitted:
    """shift: the directions, frozen. learner: what trained them, for a method whose R learns
    together with them. notes, labels: what the method says of them, and the names that they come
    with, which their file keeps. seconds_before: what a fit that goes on from a checkpoint had
    taken. passes: of G, those that the fit counted by itself, as one does that keeps a checkpoint;
    None where it lost count. All others are counted around it."""

    shift: Shift
    learner: Learner | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    seconds_before: float = 0.0
    passes: Passes | None = field(default_factory=Passes)


class Method(ABC):
    """Base of all methods: a frozen dataclass of settings that knows how to fit.

    role: whether it is under test or a baseline that others are held against. learns: whether it
    follows the gradient of images, or features, by the latents; a generator without one cannot
    serve it.
    """

    role: ClassVar[Role] = "method"
    learns: ClassVar[bool] = False

    def check(self, generator: Generator, protocol: Protocol) -> None:  # noqa: B027 - no limits unless it says so
        """Raise Unserved if no `protocol.k` directions of this kind exist for the generator: the
        cell is then skipped with the reason. Raise BenchError for a setting that cannot be right.
        """

    @abstractmethod
    def fit(self, task: Assignment) -> Fitted:
        """Directions for the generator of `task`; an exception fails this cell and no other."""


class Learned(Method):
    """A method whose directions learn together with an R of their own.

    It only says what learns. The run trains the learners of all such methods in lockstep: they
    answer the same questions, and G(z) is computed once for all.
    """

    learns = True

    @abstractmethod
    def learner(self, task: Assignment) -> Learner:
        """An untrained shift and its R."""

    def fit(self, task: Assignment) -> Fitted:
        """Train the learner by itself. Raises Diverged where a loss stops being finite."""
        learner = self.learner(task)
        train(
            task.generator,
            [learner],
            task.protocol,
            task.stream_name,
            [task.checkpoint],
            task.label,
        )
        return fitted(learner)


def fitted(learner: Learner) -> Fitted:
    """What a trained learner found. Raises Diverged where its loss stopped being finite."""
    if learner.failure:
        raise learner.failure
    return Fitted(learner.shift.frozen().cpu(), learner, passes=learner.passes)


def accepted(found: object, generator: Generator, protocol: Protocol) -> Fitted:
    """What a method's `fit` gave: its shift on the CPU, in float32, in which generators compute,
    and frozen, for one that still learns would train on with the fresh R. Its notes become texts,
    as the provenance of directions holds them.

    Raises BenchError unless its directions can be measured and kept.
    """
    if not isinstance(found, Fitted) or not isinstance(found.shift, Shift):
        given = type(found.shift if isinstance(found, Fitted) else found).__name__
        raise BenchError(
            f"fit() gave a value of type {given}; it must return Fitted(shift), for a matrix "
            "A (d, K) Fitted(FrozenLinear(A))"
        )
    shift = found.shift.to("cpu", torch.float32).requires_grad_(False).eval()
    check_shift(shift, generator, protocol)
    notes = {str(name): str(value) for name, value in found.notes.items()}
    return replace(found, shift=shift, notes=notes)


@torch.no_grad()
def check_shift(shift: Shift, generator: Generator, protocol: Protocol) -> None:
    """Raise BenchError unless `shift`, frozen, holds the wanted directions of the generator's space
    and would come back from its file.

    A direction must move latents by eps itself, since a longer step would raise RCA. Its mean
    length is measured at latents that the generator samples, for long and short eps of both signs.
    """
    if (shift.k, shift.latent_dim) != (protocol.k, generator.latent_dim):
        raise BenchError(
            f"the method gave {shift.k} directions of {shift.latent_dim} dimensions, not "
            f"{protocol.k} of {generator.latent_dim}"
        )
    again = _read_again(shift)
    latents = generator.sample(LATENTS, torch.Generator().manual_seed(0))
    for k, share in product(range(shift.k), SHARES):
        asked = share * protocol.max_shift
        eps = torch.full((LATENTS,), asked)  # (n,)
        delta = shift(latents, torch.full((LATENTS,), k), eps)  # (n, d)
        if delta.shape != (LATENTS, shift.latent_dim):
            raise BenchError(
                f"the shift of {LATENTS} latents of {shift.latent_dim} dimensions is "
                f"{tuple(delta.shape)}, not {(LATENTS, shift.latent_dim)}"
            )
        if not torch.equal(again(latents, torch.full((LATENTS,), k), eps), delta):
            raise BenchError(
                f"direction {k} comes back from its file as another one: what the parameters and "
                f"buffers of {type(shift).__name__} do not hold belongs into its settings()"
            )
        length = float(latents.lengths(delta).mean()) / abs(asked)
        if not abs(length - 1.0) <= TOLERANCE:  # NaN is no length either
            raise BenchError(
                f"direction {k} moves by {length:.3g} times the eps it is told; a shift must move "
                f"by eps itself, so {_mend(latents)}"
            )


def _mend(latents: Latents) -> str:
    if latents.ruler is None:
        return "divide the direction by its length"
    return "give latents.measured() the direction at length 1"


def _read_again(shift: Shift) -> Shift:
    """The shift as it will come back from its file. Raises BenchError where it would not."""
    kind = type(shift.whole if isinstance(shift, Chosen) else shift)
    name = kind.__name__
    if not kind.kind:
        raise BenchError(
            f"{name} cannot come back from its file: give the class a name of its own, kind = '...'"
        )
    known = KINDS[kind.kind]
    if (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise BenchError(
            f"another shift than {name} is of the kind '{kind.kind}', too; give {name} its own"
        )
    try:
        return unpack(*pack(shift))
    except BenchError as error:
        raise BenchError(
            f"{name} cannot come back from its file, as settings() does not give the arguments "
            f"that make one: {error}"
        ) from error
