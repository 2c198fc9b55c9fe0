"""A Dask cluster: one that runs already, by its scheduler's address, or one on this machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from distributed import Client, Future, LocalCluster

from benchmark.core.errors import BenchError, one_line
from benchmark.runs.engines.backend import Lost, Said
from benchmark.runs.engines.remote import Note, carry_out_there
from benchmark.runs.parcel import Order

KEYS = ("dask_address", "dask_n_workers")
PATIENCE = "10s"  # for a scheduler to answer


class OnDask:
    """All units are handed to the scheduler at once; each of a worker's threads takes one.

    Where a worker dies, the scheduler itself gives its unit to another one. Raises BenchError where
    no scheduler answers.
    """

    pause = 0.2

    def __init__(self, settings: Mapping[str, Any], run: Path, units: int) -> None:
        self._run, self.slots = run, units
        self._cluster: LocalCluster | None = None
        address = settings.get("dask_address")
        if (address is None) == ("dask_n_workers" not in settings):
            raise BenchError("backend dask wants either dask_address or dask_n_workers")
        if address is None:
            self._cluster = _local(settings["dask_n_workers"])
            address = self._cluster.scheduler_address
        try:
            self._client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise BenchError(
                f"no Dask scheduler answers at {address} ({one_line(error)}); `dask scheduler` "
                "starts one"
            ) from error

        self.at_once = max(1, sum(self._client.nthreads().values()))

    def words(self) -> str:
        return f"Dask, {self.at_once} at once"

    def start(self, orders: Sequence[Order]) -> list["_Submitted"]:
        return [self._submit(order) for order in orders]

    def _submit(self, order: Order) -> "_Submitted":
        note = Note(self._run)
        future = self._client.submit(carry_out_there, order, note.path, pure=False)
        return _Submitted(future, note)

    def close(self) -> None:
        """Leave the cluster; what still runs there ends when the run's lease is gone."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


class _Submitted:
    def __init__(self, future: Future, note: Note) -> None:
        self._future, self._note = future, note

    def news(self) -> list[Said]:
        found = self._note.news()
        if not self._future.done():
            return found
        self._note.remove()
        if self._future.status == "finished":
            return [*found, *self._future.result().said()]
        error = self._future.exception() if self._future.status == "error" else None
        words = one_line(error) if error else f"the unit is {self._future.status}"
        return [*found, Lost(f"Dask gave up: {words}")]


def _local(workers: Any) -> LocalCluster:
    """A cluster on this machine that nobody else can reach."""
    if type(workers) is not int or workers < 1:
        raise BenchError(f"dask_n_workers must be a whole number from 1, not {workers!r}")
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        memory_limit=0,  # what computes is a process of its own
        silence_logs=50,
    )
