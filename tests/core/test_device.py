"""What is asked of a card is asked of the one that computes, and memory that others may need goes
back to it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from benchmark.core.device import hand_back, has_bfloat16


@pytest.mark.parametrize("device", ["cuda:0", "cuda:1"])
def test_bfloat16_is_that_of_the_card_that_computes(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    current = ["cuda:0"]

    @contextmanager
    def taken(name: str) -> Iterator[None]:
        current.append(name)
        yield
        current.pop()

    def has(including_emulation: bool) -> bool:
        return not including_emulation and current[-1] == "cuda:1"

    monkeypatch.setattr(torch.cuda, "device", taken)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", has)
    assert has_bfloat16(device) == (device == "cuda:1")


@pytest.mark.parametrize(("device", "times"), [("cpu", 0), ("cuda", 1), ("cuda:1", 1)])
def test_a_card_gets_back_what_torch_keeps_of_it(
    monkeypatch: pytest.MonkeyPatch, device: str, times: int
) -> None:
    emptied: list[str] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(device))
    hand_back(device)
    assert len(emptied) == times
