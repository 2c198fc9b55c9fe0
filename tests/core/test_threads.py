"""Threads: as many as a cell says, whatever the machine, and asleep while they wait."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.core import threads
from benchmark.core.threads import POLICY, wait_asleep


def test_the_cores_are_those_that_this_process_may_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "SHARE", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3, 5})
    assert threads.cores() == 3
    for text, expected in (("max 100000", 3), ("200000 100000", 2), ("50000 100000", 1)):
        (tmp_path / "cpu.max").write_text(text)
        assert threads.cores() == expected


def test_a_choice_of_the_users_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POLICY, "active")
    wait_asleep()
    assert os.environ[POLICY] == "active"
    monkeypatch.delenv(POLICY)
    wait_asleep()
    assert os.environ[POLICY] == "passive"


def test_it_is_said_before_torch_is_there() -> None:
    code = (
        "import os, sys, click\nfrom benchmark.cli import main as m\n"
        "assert 'torch' not in sys.modules\n"
        "@m.main.command()\ndef probe():\n    print(os.environ['OMP_WAIT_POLICY'])\n"
        "m.main(['probe'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "passive\n"
