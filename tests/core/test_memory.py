"""The peak of memory: it sees what is in use, also after it was given back, and forgets."""

import importlib.util
import sys

import pytest
import torch

from benchmark.core import device
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
