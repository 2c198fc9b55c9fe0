"""How many steps a comparison needs: the same grid with ever doubled steps, until RCA stands still.

Each budget is a training of its own, since the learning rate falls over all of its steps; an
accuracy read in the middle of a longer training would be that of a rate that has not fallen yet.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmark.core.errors import BenchError
from benchmark.metrics import HEADLINE
from benchmark.runs.results import Result

FIRST = 500  # steps of the first budget
STANDS = 0.01  # an accuracy that moves by less, from one budget to its double, has settled


def rounds(most: int) -> Iterator[tuple[int, ...]]:
    """The budgets to have computed after each round: 500 and 1,000 steps, then one double more each
    time, up to `most`. Raises BenchError where there are no two."""
    if most < 2 * FIRST:
        raise BenchError(
            f"--most must be {2 * FIRST} steps or more, since two budgets are compared, not {most}"
        )
    found = [FIRST]
    while 2 * found[-1] <= most:
        found.append(2 * found[-1])
        yield tuple(found)


@dataclass(frozen=True)
class Move:
    """The RCA of a method, a mean over seeds, at a number of steps and at its double."""

    method: str
    before: float
    after: float

    @property
    def stands(self) -> bool:
        return abs(self.after - self.before) < STANDS

    def __str__(self) -> str:
        return f"{self.method} {self.after:.3f} ({self.after - self.before:+.3f})"


def moves(results: Iterable[Result], before: int, after: int) -> list[Move]:
    """How each method's RCA moved between two numbers of steps, in the order of the results.

    results: cells of one generator. Of each method those seeds count that have a figure at both; a
    method without one is left out.
    """
    found: dict[str, dict[int, dict[int, float]]] = {}  # by method, steps and seed
    for result in results:
        if result.status == "done":
            steps = int(result.config["protocol"]["steps"])
            by_seed = found.setdefault(result.cell.method, {}).setdefault(steps, {})
            by_seed[result.cell.seed] = float(result.metrics[HEADLINE])
    moved = []
    for method, by_steps in found.items():
        first, last = by_steps.get(before, {}), by_steps.get(after, {})
        if seeds := first.keys() & last.keys():
            means = (fmean(rcas[seed] for seed in sorted(seeds)) for rcas in (first, last))
            moved.append(Move(method, *means))
    return moved


def own_steps(result: Result) -> int | None:
    """The steps that are set for the cell's method itself: A takes so many, whatever the budget.
    None where there are none, and where the cell was skipped."""
    steps = result.config["method"].get("steps")
    return steps if isinstance(steps, int) and result.status != "skipped" else None


def compared(results: Iterable[Result]) -> set[str]:
    """The methods that are to settle: those that were not skipped and learn as long as the budget
    says."""
    return {r.cell.method for r in results if r.status != "skipped" and own_steps(r) is None}


def settled(moved: Sequence[Move], ran: Collection[str], k: int) -> bool:
    """Whether no accuracy moved by 0.01 or more, and one at least is twice that of guessing, or
    half of what there is to learn above it.

    ran: the methods that count (`compared`): one of them that failed has not settled. k: how many
    directions R chooses from. A reconstructor that has not begun to learn stands still, too: where
    all guess, nothing has settled.
    """
    learned = min(2 / k, (1 + 1 / k) / 2)
    own = [move for move in moved if move.method in ran]
    return (
        {move.method for move in own} >= {*ran}
        and all(move.stands for move in own)
        and any(move.after >= learned for move in own)
    )
