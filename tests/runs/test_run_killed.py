"""A run killed in the middle and started again ends as if nothing had happened."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runs.test_runner import stored_bytes

COMMAND = [
    sys.executable,
    "-c",
    "from benchmark.rca import training; training.CHECKPOINT_SECONDS = 0.05; "
    "from benchmark.cli.main import main; main()",
    "run",
    "-g",
    "planted",
    "--set",
    "steps=150",
    "--set",
    "batch=4",
    "--set",
    "evaluation=100",
]


def finish(out: Path) -> None:
    done = subprocess.run([*COMMAND, "--out", str(out)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def start_and_stop(out: Path, wait_for: str, how: signal.Signals) -> tuple[int, str]:
    """Start a run, send it a signal soon after a checkpoint of that name appears."""
    process = subprocess.Popen(
        [*COMMAND, "--out", str(out)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A job in the background ignores Ctrl-C, and its children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not list(out.glob(f"cells/**/{wait_for}")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"no {wait_for} appeared"
        time.sleep(0.01)
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed")
    finish(out)
    return stored_bytes(out)


def test_sigkill_in_both_phases_changes_nothing(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    for checkpoint in ("fit.pt", "fresh.pt"):
        code, _ = start_and_stop(tmp_path, checkpoint, signal.SIGKILL)
        assert code == -signal.SIGKILL
        assert not list(tmp_path.glob("cells/**/result.json")), "it was over before the kill"
    finish(tmp_path)
    assert stored_bytes(tmp_path) == undisturbed
    assert len(undisturbed) == 11


def test_ctrl_c_says_how_to_go_on_and_going_on_works(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    code, errors = start_and_stop(tmp_path, "fit.pt", signal.SIGINT)
    assert code == 130
    assert "to continue, run the same command again: bench run -g planted" in errors
    assert "Traceback" not in errors
    finish(tmp_path)
    assert stored_bytes(tmp_path) == undisturbed
