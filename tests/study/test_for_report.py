"""What the report takes over from the analysis of a study."""

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.study.for_report import read_figures, read_judged
from tests.report.drawn import draw_judged, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of the test's own, without a report."""
    return write_run(tmp_path / "run")


@pytest.fixture
def asked(monkeypatch):
    """What the analysis was asked for; it answers with drawn judgments."""
    calls = []

    def analyse_study(*arguments, roles, task):
        calls.append((*arguments, roles, task))
        judged = draw_judged(simulated=arguments[2])
        if "nobody" in str(arguments[0]):
            raise BenchError("nobody has judged anything in nobody")
        return SimpleNamespace(
            simulated=judged.simulated,
            tables=list(judged.tables),
            directions=judged.directions,
            plan="The plan is unchanged.",
            screening="",
            staff="",
            origins=[
                {**asdict(one.cell), "directions_sha256": one.directions_sha256}
                for one in judged.cells
            ],
        )

    def write_figures(analysis, folder, order):
        assert order == ("discovered", "random")  # of the run, in the order of its roles
        (folder / "deeper").mkdir()
        (folder / "mos.csv").write_text("mos")
        (folder / "mos.png").write_bytes(b"png")
        (folder / "deeper" / "mos.svg").write_bytes(b"<svg/>")
        (folder / "change_types.png").write_bytes(b"png")

    monkeypatch.setattr("benchmark.study.for_report.analyse_study", analyse_study)
    monkeypatch.setattr("benchmark.study.for_report.write_figures", write_figures)
    return calls


def test_tables_directions_and_the_better_figures_are_taken_over(asked, run):
    given = Path("study"), run, True, "sqlite://", {"mine": "method"}, "mine.py:Mine"
    judged = read_judged(*given)
    assert asked == [given]
    assert judged.simulated
    assert [table.name for table in judged.tables] == ["mos"]
    assert judged.figures == (("change_types", ".png", b"png"), ("mos", ".svg", b"<svg/>"))
    assert judged.cells == draw_judged().cells
    assert judged.remarks == ("The plan is unchanged.",)


def test_a_folder_without_pictures_has_no_figures(tmp_path):
    assert read_figures(tmp_path) == ()


def test_the_command_puts_the_study_on_the_page(run, asked):
    arguments = ["report", str(run), "--study", "study", "--simulated"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "report.html" in done.output
    assert "Simulated study" in (run / "report.html").read_text("utf-8")
    assert "simulated" in (run / "comparison.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--simulated"], "name it with --study"),
        (["--database", "sqlite://"], "name it with --study"),
        (["--study", "nobody"], "nobody has judged anything"),
    ],
)
def test_what_cannot_be_right_is_one_line(run, asked, arguments, message):
    done = CliRunner().invoke(main, ["report", str(run), *arguments])
    assert done.exit_code == 2
    assert message in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (run / "report.html").exists()
