"""Load on the real server: closed-loop clients that read a page, answer it, and read the next.

Ordinary test runs leave this out. By hand, with a line on what was measured:
    python -m tests.perf.test_site_load CLIENTS SECONDS [URL of an empty database]
"""

import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from study_server import commands
from tests.postgres import Postgres
from tests.study_server.blobs import blob_bundle
from tests.study_server.conftest import QUIZ
from tests.study_server.forking_server import ForkingServer, wait_until
from tests.study_server.quick_client import QuickClient


@dataclass(frozen=True)
class Load:
    """What was measured. An answer is a POST with the redirect to the next page followed;
    milliseconds are of that whole round. server_cpu, client_cpu: processor milliseconds an answer,
    joining included, which say more than the rate where the machine is busy with other work."""

    clients: int
    answers: int
    seconds: float
    errors: int
    p50: float
    p99: float
    server_cpu: float
    client_cpu: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def crowd(base: str, links: list[str], seconds: float, start: float, results) -> None:
    """Clients of one process; puts (milliseconds of each answer, number of errors, processor
    seconds)."""
    times: list[float] = []
    errors: list[object] = []

    idle = time.process_time()  # the imports

    def client(mine: list[str]) -> None:
        time.sleep(max(0.0, start - time.time()))
        while time.time() < start + seconds and mine:
            visitor = QuickClient(base)
            try:
                visitor.get(mine.pop())
                for fields in ({"choice": "agree"}, {}, QUIZ):
                    visitor.post(fields)
                while visitor.path.startswith("/items/") and time.time() < start + seconds:
                    began = time.perf_counter()
                    status = visitor.post({"consistent": "yes", "single": "no"})
                    times.append(1000 * (time.perf_counter() - began))
                    if status != 200:
                        errors.append(status)
            except OSError as error:
                errors.append(error)
            finally:
                visitor.close()

    threads = [threading.Thread(target=client, args=(links[n],)) for n in range(len(links))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((times, len(errors), time.process_time() - idle))


def processor_seconds(pids: list[int]) -> float:
    """What processes have used so far, in user and in kernel mode (Linux)."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(clients: int, seconds: float, database: str = "") -> Load:
    """Serve a study in a process of its own and load it from another. database: a URL in place of
    the study's own file."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        blob_bundle(study, per_method=6, generators=("blobs-grey",), ratings=10**6, items=18)
        need = clients * (2 + int(seconds))
        invited = commands.invite(study, need, database=database or None)
        urls = [u.removeprefix("http://127.0.0.1:8000") for u in invited]
        links = [urls[n::clients] for n in range(clients)]
        server = ForkingServer(study, database)
        server.start()
        wait_until(lambda: len(server.members) == 2 and server.answers())
        results = multiprocessing.get_context("spawn").Queue()
        start = time.time() + 2
        process = multiprocessing.get_context("spawn").Process(
            target=crowd, args=(server.base, links, seconds, start, results)
        )
        crew = server.members
        before = processor_seconds(crew)
        process.start()
        times, errors, client_cpu = results.get()
        server_cpu = processor_seconds(crew) - before
        process.join()
        server.end()
    cuts = statistics.quantiles(times, n=100)
    per_answer = 1000 / len(times)
    return Load(
        clients,
        len(times),
        seconds,
        errors,
        cuts[49],
        cuts[98],
        per_answer * server_cpu,
        per_answer * client_cpu,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("clients", "rate", "limit"), [(50, 300, 500), (200, 0, 3000)])
def test_load(clients: int, rate: float, limit: float) -> None:
    load = measure(clients, 60 if clients == 50 else 20)
    assert load.errors == 0
    assert load.rate >= rate
    assert load.p99 <= limit


@pytest.mark.slow
def test_load_on_postgresql(postgres: Postgres) -> None:
    load = measure(50, 60, postgres.new_database())
    assert load.errors == 0
    assert load.rate >= 250


if __name__ == "__main__":
    before = os.getloadavg()
    load = measure(int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:])
    print(f"machine load before: {before[0]:.1f}, {os.cpu_count()} cores")
    print(
        f"{load.clients} clients: {load.rate:.0f} answers/s, p50 {load.p50:.0f} ms, "
        f"p99 {load.p99:.0f} ms, {load.errors} errors; processor ms an answer: "
        f"server {load.server_cpu:.2f}, clients {load.client_cpu:.2f}"
    )
