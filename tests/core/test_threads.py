"""Threads: as many as a cell says, whatever the machine, and asleep while they wait."""

import os
import subprocess
import sys

import pytest

from benchmark.core.threads import POLICY, cores, wait_asleep


def test_the_cores_are_those_that_this_process_may_use() -> None:
    here = os.sched_getaffinity(0)
    code = "from benchmark.core.threads import cores; print(cores())"
    own = f"import os; os.sched_setaffinity(0, {{{min(here)}}}); {code}"
    assert cores() == len(here)
    done = subprocess.run([sys.executable, "-c", own], capture_output=True, check=True, text=True)
    assert done.stdout == "1\n"


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
