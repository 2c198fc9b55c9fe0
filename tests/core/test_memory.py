"""Memory: its peak sees what is in use and forgets what is not; what a step frees stays here."""

import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmark.core import device, memory
from benchmark.core.device import forget_peak, peak

SIZE = 1 << 28  # bytes


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a process's peak")
def test_the_peak_is_of_the_time_since_it_was_forgotten() -> None:
    forget_peak("cpu")
    before = peak("cpu")
    torch.ones(SIZE // 4)  # not kept
    during = peak("cpu")
    assert 0.9 * SIZE < during - before < 1.2 * SIZE
    forget_peak("cpu")
    assert peak("cpu") - before < 0.2 * SIZE


def test_windows_has_no_such_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "resource", None)  # importing it fails
    spec = importlib.util.spec_from_file_location("device_on_windows", str(device.__file__))
    assert spec is not None
    assert spec.loader is not None
    there = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(there)
    there.forget_peak("cpu")
    assert there.peak("cpu") == 0


KEPT = """
import resource, sys
from benchmark.core import memory
from benchmark.core.device import forget_peak, peak
if sys.argv[1] == "keep":
    memory.keep()
def step():
    for _ in range(10):
        bytes(b"x") * (40 << 20)
step(), step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step()
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
forget_peak("cpu")
print(faults, peak("cpu"))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")
def test_what_a_step_frees_is_there_for_the_next_and_is_no_peak() -> None:
    found = {}
    for how in ("keep", "plain"):
        command = [sys.executable, "-c", KEPT, how]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        found[how] = [int(word) for word in done.stdout.split()]
    assert found["keep"][0] * 5 < found["plain"][0]
    assert abs(found["keep"][1] - found["plain"][1]) < 100e6  # kept and unused: not counted


SHARED = """
import ctypes, sys, threading
from benchmark.core import memory
if sys.argv[1] == "share":
    memory.share()
at_once = threading.Barrier(4)
def work():
    taken = [bytes(5000) for _ in range(100)]
    at_once.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
for one in threads: one.start()
for one in threads: one.join()
glibc = ctypes.CDLL(None)
glibc.fopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(glibc.fopen(b"/dev/stdout", b"w"))
glibc.malloc_info(0, out)
glibc.fclose(out)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that is told")
def test_threads_share_one_heap_where_they_are_told_to() -> None:
    heaps = {}
    for how in ("share", "plain"):
        command = [sys.executable, "-c", SHARED, how]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        heaps[how] = done.stdout.count("<heap nr=")
    assert heaps["share"] == 1
    assert heaps["plain"] > 1


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("musl", "1.2"))
    memory.keep()
    memory.share()
    memory.give_back()


def test_available_memory_is_the_less_of_the_machine_and_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    assert memory.available() is None
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    5000 kB\n")
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert memory.available() == 5000 * 1024
    (tmp_path / "memory.max").write_text("4000\n")
    assert memory.available() == 3000
