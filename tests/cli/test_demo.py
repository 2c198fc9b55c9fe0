"""`bench demo`: three methods on `planted`, and the report on the screen where there is one."""

from pathlib import Path

import pytest

from benchmark.cli.demo import has_screen
from benchmark.runs import PRESETS, settings
from tests.command_line import done


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was opened, of demos of five steps."""
    found: list[str] = []
    short = (
        (PRESETS / "demo.toml").read_text().replace("steps = 500", "steps = 5\nevaluation = 100")
    )
    (tmp_path / "demo.toml").write_text(short)
    monkeypatch.setattr(settings, "PRESETS", tmp_path)
    monkeypatch.setattr("click.launch", found.append)
    return found


@pytest.mark.parametrize("screen", [True, False])
def test_the_report_is_opened_where_there_is_a_screen(
    screen: bool, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.cli.demo.has_screen", lambda: screen)
    said = done("demo", "--out", tmp_path / "demo")
    report = tmp_path / "demo" / "report.html"
    assert report.exists()
    assert str(report) in said
    assert opened == [str(report)] * screen
    for method in ("discovered", "random", "coordinate"):
        assert f"planted          {method:12} seed 0  rca_fresh" in said


def test_a_screen_is_a_terminal_on_a_machine_with_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    for terminal in (True, False):
        monkeypatch.setattr("sys.stdout.isatty", lambda terminal=terminal: terminal)
        monkeypatch.delenv("DISPLAY", raising=False)
        assert not has_screen()  # over ssh
        monkeypatch.setenv("DISPLAY", ":0")
        assert has_screen() == terminal
