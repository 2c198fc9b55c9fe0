"""Which cells stand together: those that differ in nothing but the seed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.runs.results import Cell, StoredCell
from benchmark.runs.roles import place


@dataclass(frozen=True)
class Replicates:
    """The ended cells of one generator, method and configuration, by seed."""

    generator: str
    method: str
    cells: tuple[StoredCell, ...]

    @property
    def done(self) -> list[StoredCell]:
        return [cell for cell in self.cells if cell.result.status == "done"]

    @property
    def first(self) -> StoredCell:
        """The done cell of the lowest seed, which the pictures show."""
        return self.done[0]

    @property
    def k(self) -> int:
        """K, the number of directions R chooses from."""
        return int(self.cells[0].result.config["protocol"]["k"])

    def status(self) -> str:
        """`done`, `failed: reason`, `skipped: reason`, or `2 of 3 done; failed: reason`."""
        if len(self.done) == len(self.cells):
            return "done"
        words = [f"{len(self.done)} of {len(self.cells)} done"] if self.done else []
        for status in ("failed", "skipped"):
            without = [cell.result for cell in self.cells if cell.result.status == status]
            if reasons := dict.fromkeys(" ".join(result.reason.split()) for result in without):
                words.append(f"{status}: {'; '.join(reasons)}")
        return "; ".join(words)

    def table(self, name: str) -> pd.DataFrame:
        """A table of all done cells with a column `seed`; empty where none has it."""
        parts = [
            table.assign(seed=cell.result.cell.seed)
            for cell in self.done
            if (table := cell.table(name)) is not None
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def configurations(rows: Iterable[Replicates]) -> Counter[tuple[str, str]]:
    """How many of the rows with a done cell are of each method, by generator and method: one, but
    where a folder has no note of which configuration counts there can be more."""
    return Counter((r.generator, r.method) for r in rows if r.done)


def left_out(rows: Iterable[Replicates]) -> list[str]:
    """A sentence on each method that is not `single` on a generator, so that nothing is said of it
    in comparisons and figures."""
    return [
        f"Left out is {method} on {generator}: it has {n} configurations in this run."
        for (generator, method), n in configurations(rows).items()
        if n > 1
    ]


def check_single(rows: Iterable[Replicates], shown: Iterable[Replicates], where: str) -> None:
    """Raise BenchError where one of `shown` is not the only configuration of its method on its
    generator among `rows`, as in a folder without a note of which one counts. where: they are."""
    counts = configurations(rows)
    for r in shown:
        if (n := counts[r.generator, r.method]) > 1:
            raise BenchError(
                f"{r.method} on {r.generator} has {n} configurations in {where}, and nothing says "
                "which one counts; the `bench run` of that one, into the same folder, does"
            )


def single(rows: Sequence[Replicates]) -> list[Replicates]:
    """Those with a done cell that are the only such ones of their method on their generator."""
    counts = configurations(rows)
    return [r for r in rows if r.done and counts[r.generator, r.method] == 1]


def answers(rows: Iterable[Replicates]) -> pd.DataFrame:
    """What R answered in all done cells, with columns generator and method; empty without any."""
    parts = [
        table.assign(generator=r.generator, method=r.method)
        for r in rows
        if not (table := r.table("predictions")).empty
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"method": []})


def is_shown(cell: Cell, chosen: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether the main table shows the cell. chosen: as `headline` takes it, not empty."""
    return chosen.get(cell.generator, {}).get(cell.method) == cell.config_hash


def headline(
    cells: Iterable[StoredCell],
    chosen: Mapping[str, Mapping[str, str]],
    order: Sequence[str] = (),
) -> list[Replicates]:
    """The rows of the main table, by generator, then method.

    chosen: generator to method to the configuration that counts. Where it is empty all count, each
    configuration in a row of its own. order: of methods (`Roles.order`); others stand last, by
    name.
    """
    of_method = place(order)

    def of_cell(stored: StoredCell) -> tuple[str, tuple[int, str], str, int]:
        cell = stored.result.cell
        return cell.generator, of_method(cell.method), cell.config_hash, cell.seed

    groups: dict[tuple[str, str, str], list[StoredCell]] = {}
    for stored in sorted(cells, key=of_cell):
        cell = stored.result.cell
        if not chosen or is_shown(cell, chosen):
            key = (cell.generator, cell.method, cell.config_hash)
            groups.setdefault(key, []).append(stored)
    return [Replicates(name, method, tuple(group)) for (name, method, _), group in groups.items()]
