"""What another process relays is shown here, in the same lines, and counts for the whole run."""

import pickle
import sys
from pathlib import Path

import pytest

from benchmark.core.phases import Phase
from benchmark.core.progress import Elsewhere, Progress, phase, relayed_to, whole_run

from .conftest import Clock


def test_a_worker_shows_nothing_and_tells_everything(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[list[Phase]] = []
    with relayed_to(lambda phases: told.append(pickle.loads(pickle.dumps(phases)))):
        progress = Progress("training", 100)
        for step in range(1, 101):
            clock.now += 0.1
            progress.update(step, {"loss": 1 / step})
        with phase("judging"):
            pass
    assert capsys.readouterr().err == ""
    assert 15 < len(told) < 30  # not at each step
    first, last = told[-1]
    assert (first.label, first.step, first.open, first.measures) == (
        "training",
        100,
        False,
        ("loss 0.010",),
    )
    assert (last.label, last.share(last.step), last.open) == ("judging", 1.0, False)


def test_parts_elsewhere_run_at_once_and_count_for_the_whole(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with whole_run(cells=4, work=100.0):
        one, two = Elsewhere(2, 60.0, 2), Elsewhere(2, 40.0, 1)
        one.show([Phase("one", 10, 0)], 1)
        two.show([Phase("two", 10, 0)], 1)
        clock.now += 40
        one.show([Phase("one", 10, 0, step=5, measures=("loss 0.5",))], 1)  # 15 of 100
        two.show([Phase("two", 10, 0, step=5)], 1)  # and 20 more
        line = capsys.readouterr().err.splitlines()[-1]
        assert "two  5/10" in line
        assert "0 of 4 cells done, 35% of the work, 0:01:14 left" in line
        two.show([Phase("two", 10, 0, step=2)], 2)  # it died and starts over
        two.over()
        clock.now += 40
        one.show([Phase("one", 10, 0, step=10, open=False)], 1)
        assert "2 of 4 cells done, 70% of the work" in capsys.readouterr().err


BARS = """
import time
from benchmark.core.phases import Phase
from benchmark.core.progress import Elsewhere, whole_run

with whole_run(cells=2, work=2.0):
    parts = [Elsewhere(1, 1.0, 1), Elsewhere(1, 1.0, 1)]
    for step in range(0, 101, 10):
        for part, name in zip(parts, ("anime", "mnist")):
            part.show([Phase(name, 100, 0, step=step, open=step < 100)], 1)
        time.sleep(0.1)
    for part in parts:
        part.over()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
def test_on_a_terminal_each_has_a_bar_and_the_end_is_clean(tmp_path: Path) -> None:
    from tests.core.terminals import watch

    script = tmp_path / "script.py"
    script.write_text(BARS)
    seen = watch(script)
    assert any(
        all(any(line.startswith(name) for line in view) for name in ("anime", "mnist", "all cells"))
        for view in seen.views
    )
    assert [line.split()[:2] for line in seen.everything()] == [
        ["anime", "100/100"],
        ["mnist", "100/100"],
    ]
