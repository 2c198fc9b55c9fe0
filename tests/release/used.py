"""An installed wheel as its users use it: the commands, one after another, in an empty folder."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from .built import Fault

# The smallest run that has everything in it.
RUN = "run -g planted --preset demo --set steps=20 --set evaluation=200 --jobs 1 --yes --out run"
MADE = ("run/rca.md", "run/figures/rca.svg", "run/strips", "run/report.html")


def environment() -> dict[str, str]:
    """Nothing of the checkout, and no more than a thread."""
    kept = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return {**kept, "OMP_NUM_THREADS": "1", "PYTHONNOUSERSITE": "1"}


def use(bench: Path, version: str, folder: Path) -> None:
    """Run, report, and a study from its bundle to its analysis. Raises Fault.

    bench: the command of the environment. folder: empty, away from the checkout.
    """

    def run(line: str) -> str:
        done = subprocess.run(
            [bench, *line.split()], cwd=folder, env=environment(), capture_output=True, text=True
        )
        if done.returncode != 0:
            raise Fault(f"bench {line}\n{done.stdout}{done.stderr}")
        return done.stdout

    if not run("--version").strip().endswith(version):
        raise Fault(f"bench --version does not say {version}")
    listed = " ".join(run("list").split())
    if "bundled; available" not in listed or "bundled; not available" in listed:
        raise Fault(f"not all bundled generators are available: {listed}")
    run("check mnist-sngan")
    run(RUN)
    run("report run")
    for name in MADE:
        if not (folder / name).exists():
            raise Fault(f"no {name} after bench run and bench report")
    run("study build run --per-method 2 --out study")
    with served(bench, folder) as address:
        for path, text in (("", "<html"), ("static/style.css", "{")):
            with urlopen(address + path, timeout=20) as answer:
                if text not in answer.read().decode():
                    raise Fault(f"{address}{path} is not what it should be")
    run("study simulate study --annotators 6")
    run("study analyse study --simulated")
    if not (folder / "study/analysis-simulated/mos_methods.csv").exists():
        raise Fault("no table of MOS after bench study analyse")


@contextmanager
def served(bench: Path, folder: Path) -> Iterator[str]:
    """The address of folder/study while `bench study serve` serves it. Raises Fault."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [bench, "study", "serve", "study", "--port", str(port)]
    with (folder / "serve.log").open("w") as log:
        site = subprocess.Popen(command, cwd=folder, env=environment(), stdout=log, stderr=log)
        try:
            _wait(site, f"http://127.0.0.1:{port}/", folder / "serve.log")
            yield f"http://127.0.0.1:{port}/"
        finally:
            site.send_signal(signal.SIGINT)
            code = site.wait(60)
    if code != 0:
        raise Fault(f"bench study serve ends with {code} after Ctrl-C\n{log_of(folder)}")


def log_of(folder: Path) -> str:
    return (folder / "serve.log").read_text()


def _wait(site: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and site.poll() is None:
        try:
            urlopen(address, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.5)
    raise Fault(f"bench study serve answers nothing at {address}\n{log.read_text()}")
