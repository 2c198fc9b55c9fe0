"""Progress on a terminal of 80 columns, as an emulator shows what was really written to it."""

import re
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals on Windows", allow_module_level=True)

from tests.core.terminals import watch

NAMES = ["discovered", "random", "coordinate", "closed_form", "principal"]
NAMES += ["bent", "latent_clr", "hessian", "jacobian"]
BAR = re.compile("[━╸╺]")

TWO_GROUPS = """
import time
from benchmark.core.progress import Progress, part, phase, whole_run

names = {names}
with whole_run(cells=2 * len(names), work=20.0):
    for group in ("celeba-proggan-small", "mnist-sngan"):
        with part(cells=len(names), work=10.0, phases=2):
            progress = Progress(f"{{group}} seed 0: fresh R", 100_000)
            for step in range(1, 41):
                time.sleep(0.025)
                progress.update(2_500 * step, {{name: 0.123 for name in names}})
            with phase("evaluation"):
                time.sleep(0.4)
        print(group, "is done")
print("the end")
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "script.py"
    path.write_text(f"import sys\nsys.path.insert(0, {str(Path.cwd())!r})\n{text}")
    return path


@pytest.mark.parametrize("methods", [3, 9])
def test_bars_fit_the_terminal_and_leave_no_line_behind(tmp_path: Path, methods: int) -> None:
    names = NAMES[:methods]
    seen = watch(script(tmp_path, TWO_GROUPS.format(names=names)))
    assert seen.status == 0
    assert seen.everything() == [
        "celeba-proggan-small seed 0: fresh R  100,000/100,000  in 0:00:01",
        "celeba-proggan-small is done",
        "mnist-sngan seed 0: fresh R  100,000/100,000  in 0:00:01",
        "mnist-sngan is done",
        "the end",
    ]
    assert not seen.screen.cursor.hidden
    trainings = [view for view in seen.views if any("0 left" in line for line in view)]
    assert trainings
    for view in seen.views:
        bars = [line for line in view if BAR.search(line)]
        assert len(bars) <= 2, view  # the phase and the whole, however often they were drawn
    shown = "\n".join(max(trainings, key=lambda view: sum(map(bool, view))))
    assert all(f"{name} 0.123" in shown for name in names)
    assert re.search(r"^all cells +[━╸╺]+ +\d+/", shown, re.MULTILINE)
    assert re.search(r"seed 0: fresh R +[━╸╺]+ +[\d,]+/100,000  0:00:0\d left$", shown, re.M)
    evaluations = [line for view in seen.views for line in view if line.startswith("evaluation")]
    assert any(BAR.search(line) for line in evaluations)


def test_a_long_label_gives_way_to_the_numbers(tmp_path: Path) -> None:
    seen = watch(
        script(
            tmp_path,
            """
import time
from benchmark.core.progress import Progress
progress = Progress("a generator of a very long name that nobody should choose " * 2, 1_000_000)
for step in range(1, 30):
    time.sleep(0.025)
    progress.update(step * 10_000, {})
""",
        )
    )
    rows = [line for view in seen.views for line in view if BAR.search(line)]
    assert any(re.search(r"…  [━╸╺]+ +[\d,]+/1,000,000  0:00:\d\d left$", row) for row in rows)
    assert seen.everything() == []  # a loop that was left early


ENDLESS = """
import sys, time
from benchmark.core.progress import Progress, part, phase, whole_run

def work():
    progress = Progress("training", 1_000)
    for step in range(1, 1_000):
        time.sleep(0.02)
        progress.update(step, {"loss": 0.5})
        BREAK

try:
    RUN
except KeyboardInterrupt:
    print("stopped", file=sys.stderr)
    sys.exit(130)
except ValueError as error:
    print("error:", error, file=sys.stderr)
    sys.exit(2)
"""
WITHIN = 'with whole_run(cells=1, work=1.0), part(1, 1.0, 1), phase("cell"): work()'


@pytest.mark.parametrize("run", [WITHIN, "work()"])
def test_ctrl_c_leaves_a_clean_terminal(tmp_path: Path, run: str) -> None:
    text = ENDLESS.replace("RUN", run).replace("BREAK", "")
    seen = watch(script(tmp_path, text), stop_at="loss 0.500")
    assert seen.status == 130
    assert [line.removeprefix("^C") for line in seen.everything()] == ["stopped"]
    assert not seen.screen.cursor.hidden


@pytest.mark.parametrize("run", [WITHIN, "work()"])
def test_an_error_leaves_a_clean_terminal(tmp_path: Path, run: str) -> None:
    breaking = 'if step == 40: raise ValueError("it broke")'
    seen = watch(script(tmp_path, ENDLESS.replace("RUN", run).replace("BREAK", breaking)))
    assert seen.status == 2
    assert any("loss 0.500" in line for view in seen.views for line in view)
    assert seen.everything() == ["error: it broke"]
    assert not seen.screen.cursor.hidden


def test_the_bar_of_a_loop_that_was_left_goes(tmp_path: Path) -> None:
    seen = watch(
        script(
            tmp_path,
            """
import time
from benchmark.core.progress import Progress, whole_run

def leave(label):
    progress = Progress(label, 100)
    for step in range(1, 20):
        time.sleep(0.03)
        progress.update(step, {})

with whole_run(cells=2, work=2.0):
    leave("first try")
    leave("second try")
""",
        )
    )
    assert any(line.startswith("first try") for view in seen.views for line in view)
    seconds = [view for view in seen.views if any(line.startswith("second try") for line in view)]
    assert seconds
    assert not any(line.startswith("first try") for view in seconds for line in view)


def test_stdout_in_a_file_stays_there(tmp_path: Path) -> None:
    text, file = TWO_GROUPS.format(names=NAMES[:3]), tmp_path / "stdout"
    seen = watch(script(tmp_path, text), stdout=file)
    assert file.read_text() == "celeba-proggan-small is done\nmnist-sngan is done\nthe end\n"
    assert [line for line in seen.everything() if "done" in line] == []


def test_nested_and_parallel_work(tmp_path: Path) -> None:
    seen = watch(
        script(
            tmp_path,
            """
import threading, time
from benchmark.core.progress import Progress, part, phase, whole_run

def work(i):
    progress = Progress(f"worker {i}", 20)
    for step in range(1, 21):
        time.sleep(0.03)
        progress.update(step, {"loss": 0.5})

with phase("outer"), whole_run(cells=2, work=2.0), whole_run(cells=1, work=1.0), part(1, 1.0, 3):
    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
print("the end")
""",
        )
    )
    assert seen.status == 0
    lines = seen.everything()
    assert sorted(lines[:3]) == [f"worker {i}  20/20  in 0:00:01" for i in range(3)]
    assert lines[3:] == ["the end"]
    fullest = max(seen.views, key=lambda view: sum(bool(BAR.search(line)) for line in view))
    starts = [line.split("  ")[0] for line in fullest if BAR.search(line)]
    assert starts[0] == "outer"
    assert starts[-1] == "all cells"
    assert set(starts) >= {"worker 0", "worker 1", "worker 2"}


def test_a_terminal_that_cannot_be_drawn_over_gets_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'import os\nos.environ["TERM"] = "dumb"\n' + TWO_GROUPS.format(names=NAMES[:3])
    seen = watch(script(tmp_path, text))
    assert not any(BAR.search(line) for view in seen.views for line in view)
    assert any("(0 of 6 cells done, 25% of the work)" in line for line in seen.everything())
