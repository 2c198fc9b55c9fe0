"""Figures drawn by a process of their own are those that this one would draw."""

import logging
import pickle
import subprocess
import sys

import pytest

from benchmark.core.errors import BenchError
from benchmark.metrics.measures import Measures
from benchmark.report.attempts import Attempts
from benchmark.report.figures import drawing_process
from benchmark.report.figures.drawing_process import Figures, drawn_meanwhile
from benchmark.runs.meanings import measures_in
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells, read_run


@pytest.fixture
def processes(monkeypatch) -> list[subprocess.Popen[bytes]]:
    """The processes that are started, as on many cores with much to draw."""
    started: list[subprocess.Popen[bytes]] = []

    class Kept(subprocess.Popen):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            started.append(self)

    monkeypatch.setattr(drawing_process.threads, "cores", lambda: 2)
    monkeypatch.setattr(drawing_process, "FEWEST", 1)
    monkeypatch.setattr(drawing_process.subprocess, "Popen", Kept)
    return started


@pytest.fixture
def figures(run, tmp_path) -> Figures:
    order = ("discovered", "coordinate", "random")
    rows = headline(read_cells(run), {}, order)
    return Figures(rows, measures_in(read_run(run)), (), tmp_path / "figures", order)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_bytes_by_a_process_of_their_own(figures, processes, tmp_path):
    here = Figures(figures.rows, figures.measures, (), tmp_path / "here", figures.order)
    here.draw(Attempts())
    with drawn_meanwhile(figures) as drawn:
        drawn(Attempts())
    assert len(processes) == 1
    assert files(figures.folder) == files(here.folder)
    assert len(files(here.folder)) == 12


def test_figures_need_no_torch(figures):
    """Which takes half of the memory that their process would have, and seconds to import."""
    asked = "import sys; given = sys.stdin.buffer.read(); "
    draws = "from benchmark.report.figures.drawing_process import main; main(given); "
    code = f"{asked}{draws}sys.exit('torch' in sys.modules)"
    given = pickle.dumps(figures)
    told = subprocess.run(
        [sys.executable, "-c", code], input=given, capture_output=True, check=True
    )
    assert pickle.loads(told.stdout) == ([], "")
    assert len(files(figures.folder)) == 12


def test_one_core_or_little_to_draw_starts_no_process(figures, processes, monkeypatch):
    monkeypatch.setattr(drawing_process, "FEWEST", len(figures.rows) + 1)
    with drawn_meanwhile(figures) as drawn:
        drawn(Attempts())
    monkeypatch.setattr(drawing_process, "FEWEST", 1)
    monkeypatch.setattr(drawing_process.threads, "cores", lambda: 1)
    with drawn_meanwhile(figures) as drawn:
        drawn(Attempts())
    assert not processes
    assert len(files(figures.folder)) == 12


def test_a_process_that_dies_has_its_figures_drawn_here(figures, processes):
    with drawn_meanwhile(figures) as drawn:
        processes[0].kill()
        drawn(Attempts())
    assert len(files(figures.folder)) == 12


def test_where_no_process_starts_figures_are_drawn_here(figures, processes, monkeypatch):
    monkeypatch.setattr(drawing_process.sys, "executable", "/nowhere/python")
    with drawn_meanwhile(figures) as drawn:
        drawn(Attempts())
    assert not processes
    assert len(files(figures.folder)) == 12


def test_what_cannot_be_drawn_is_told_once(figures, processes, caplog, capfd):
    broken = Figures(figures.rows, Measures({}, {}, {}), (), figures.folder, figures.order)
    attempts = Attempts()
    with caplog.at_level(logging.WARNING), drawn_meanwhile(broken) as drawn:
        drawn(attempts)
    assert len(processes) == 1
    assert [fault.partition(":")[0] for fault in attempts.faults] == ["the figures cannot be made"]
    assert caplog.messages == attempts.faults
    assert "cannot be made" not in capfd.readouterr().err


def test_what_cannot_be_written_is_an_error_as_it_is_here(figures, processes):
    figures.folder.write_text("in the way")
    with pytest.raises(BenchError, match="cannot write"), drawn_meanwhile(figures) as drawn:
        drawn(Attempts())
    assert len(processes) == 1


def test_no_process_stays_behind(figures, processes):
    with pytest.raises(KeyboardInterrupt), drawn_meanwhile(figures):
        raise KeyboardInterrupt
    assert processes[0].poll() is not None
