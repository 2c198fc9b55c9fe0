"""One process computes in a run's folder; the others are told which, in one line."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.runs import lease as module
from benchmark.runs.lease import FILE, lease


def test_a_second_one_is_told_who_has_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with lease(run):
        second = pytest.raises(BenchError, match=f"in use by process {os.getpid()} on .*--out")
        with second, lease(run):
            pytest.fail("both have it")
        small = ["run", "-g", "planted", "-m", "random", "--out", str(run)]
        done = CliRunner().invoke(main, small)
        assert done.exit_code == 2
        assert len(done.output.strip().splitlines()) == 1
        assert "is in use by process" in done.output
    assert not run.exists()  # nothing came into it


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with (
        pytest.raises(BenchError, match="run is a file; give the folder of a run"),
        lease(tmp_path / "run"),
    ):
        pass


def test_it_ends_with_an_error_too_and_leaves_what_was_written(tmp_path: Path) -> None:
    def fails() -> None:
        with lease(tmp_path / "run"):
            (tmp_path / "run" / "file").write_text("x")
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fails()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["file"]


def test_that_of_a_killed_process_is_taken_over_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = "import sys, time, pathlib; from benchmark.runs.lease import lease\n"
    code += "with lease(pathlib.Path(sys.argv[1])): print('in', flush=True); time.sleep(60)"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "in\n"
    with pytest.raises(BenchError, match=f"process {child.pid}"), lease(tmp_path):
        pass
    child.kill()
    child.wait()
    with lease(tmp_path):
        assert json.loads((tmp_path / FILE).read_text())["pid"] == os.getpid()
    child.stdout.close()
    assert f"left by process {child.pid}" in caplog.text


def test_that_of_another_machine_is_taken_over_when_it_is_silent(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(json.dumps({"token": "x", "host": "elsewhere", "pid": 1, "since": "then"}))
    with pytest.raises(BenchError, match="process 1 on elsewhere since then"), lease(tmp_path):
        pass
    past = time.time() - module.STALE - 1
    os.utime(path, (past, past))
    with lease(tmp_path):
        pass
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": -1, "host": 3}'])
def test_a_damaged_one_holds_until_it_is_silent(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(BenchError, match="in use by process"), lease(tmp_path):
        pass


def test_it_beats_and_notices_when_another_took_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT", 0.02)
    path = tmp_path / FILE

    def loses_it() -> None:
        with lease(tmp_path):
            os.utime(path, (0, 0))
            time.sleep(0.5)
            assert time.time() - path.stat().st_mtime < 10
            path.write_text(json.dumps({"token": "o", "host": "far", "pid": 7, "since": "now"}))
            time.sleep(0.5)

    with pytest.raises(BenchError, match="process 7 on far since now took over"):
        loses_it()
    assert path.exists()  # it is the other's


def test_it_is_kept_when_it_cannot_be_read_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT", 0.02)
    path, read, fails = tmp_path / FILE, module.read_object, 0

    def unreliable(asked: Path) -> dict[str, object]:
        nonlocal fails
        if fails:
            fails -= 1
            raise BenchError("stale file handle")
        return read(asked)

    monkeypatch.setattr(module, "read_object", unreliable)
    with lease(tmp_path) as held:
        fails = 2
        time.sleep(0.5)
        os.utime(path, (0, 0))
        time.sleep(0.5)
        assert time.time() - path.stat().st_mtime < 10  # it goes on beating
        assert not held.lost.is_set()
        monkeypatch.setattr(module, "BEAT", 10.0)
        monkeypatch.setattr(module, "SOON", 0.01)
        time.sleep(0.1)
        fails = 1
        held.check()
        fails = 1
        assert module.stands(path, held.token)
        fails = 1  # as it ends
    assert not path.exists()


def test_one_that_stays_away_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT", 0.02)

    def loses_it() -> None:
        with lease(tmp_path):
            (tmp_path / FILE).unlink()
            time.sleep(0.5)

    with pytest.raises(BenchError, match=r"\.lease\.json was not there; run the command again"):
        loses_it()


def test_of_many_that_want_a_stale_one_never_two_have_it(tmp_path: Path) -> None:
    def want(_: int) -> int:
        try:
            with lease(tmp_path):
                (tmp_path / "inside").touch(exist_ok=False)
                time.sleep(0.002)
                (tmp_path / "inside").unlink()
        except BenchError:
            return 0
        return 1

    for _ in range(5):
        (tmp_path / FILE).write_text("{}")
        os.utime(tmp_path / FILE, (0, 0))
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(want, range(24))) >= 1
