"""A run's folder of somebody else: nothing in it runs, leads out of it, or stops a reader."""

import json
import os
import pickle
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.core.json_files import sealed, write_json
from benchmark.core.storage import sha256
from benchmark.directions.labels import Label, write_labels
from benchmark.generators.families.planted import Planted
from benchmark.report.attempts import Attempts
from benchmark.report.making import write_report
from benchmark.report.pictures.gallery import write_pictures
from benchmark.report.tables.main_table import write_tables
from benchmark.runs.opening import AtHand, open_generators
from benchmark.runs.replicates import headline
from benchmark.runs.results import Outdated, read_cell, read_cells, read_run
from tests.report.drawn import MEASURES, write_cell

EVIL = """
from pathlib import Path
from benchmark.generators.families.planted import Planted
with Path(r"{mark}").open("a") as file:
    file.write("ran\\n")
def make():
    return Planted()
"""


def bench(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(main, [str(one) for one in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def evil(folder: Path, mark: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evil.py").write_text(EVIL.format(mark=mark))
    return f"{folder / 'evil.py'}:make"


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that exists as soon as the code of the run has run."""
    return tmp_path / "mark"


@pytest.fixture
def foreign(tmp_path: Path, mark: Path) -> Path:
    """A run of a generator that a Python file in its own folder makes."""
    run = tmp_path / "run"
    for method in ("discovered", "random"):
        write_cell(run, "evil-make", method, 0)
    write_json(run / "run.json", {"generators": {"evil-make": evil(run, mark)}})
    return run


@pytest.mark.parametrize("options", ["", "?classes=1", "?x=.py:make"])
def test_a_report_runs_no_file_that_a_run_names(
    foreign: Path, mark: Path, options: str, caplog: pytest.LogCaptureFixture
) -> None:
    reference = read_run(foreign)["generators"]["evil-make"]
    write_json(foreign / "run.json", {"generators": {"evil-make": reference + options}})
    assert bench("report", foreign)[0] == 0
    assert not mark.exists()
    assert not (foreign / "strips").exists()
    assert "no pictures of evil-make" in (foreign / "report.html").read_text("utf-8").lower()
    (warning,) = [record.message for record in caplog.records]
    assert warning.endswith(f"are run; if you trust it, add -g {reference}")


def test_a_report_runs_no_file_that_a_cell_names(tmp_path: Path, mark: Path) -> None:
    evil(tmp_path, mark)
    cell = write_cell(tmp_path / "run", "gen", "random", 0)
    folder = cell.folder(tmp_path / "run")
    named = tmp_path / "run/cells" / f"{tmp_path}/evil.py:make".replace("/", "_")
    shutil.move(folder.parents[1], named)
    assert bench("report", tmp_path / "run")[0] == 2
    assert not mark.exists()


def test_a_study_is_not_built_from_code_that_a_run_names(
    foreign: Path, mark: Path, tmp_path: Path
) -> None:
    code, output = bench("study", "build", foreign, "--out", tmp_path / "study")
    assert (code, mark.exists(), (tmp_path / "study").exists()) == (2, False, False)
    assert len(output.strip().splitlines()) == 1
    assert "if you trust it, add -g" in output


def test_a_file_that_the_command_names_runs_wherever_it_is_now(
    foreign: Path, mark: Path, tmp_path: Path
) -> None:
    shutil.copytree(foreign, tmp_path / "elsewhere" / "run")
    moved = evil(tmp_path / "new place", mark)
    assert bench("report", tmp_path / "elsewhere/run", "-g", moved)[0] == 0
    assert mark.exists()
    assert (tmp_path / "elsewhere/run/strips/evil-make-random.webp").exists()
    arguments = ["--per-method", 2, "--out", tmp_path / "study", "-g", moved]
    code, output = bench("study", "build", tmp_path / "elsewhere/run", *arguments)
    assert code == 0, output


def test_another_file_of_that_name_is_not_taken_for_it(
    foreign: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "evil.py"
    other.write_text(
        "from benchmark.generators.families.planted import Planted\n"
        "def make():\n    return Planted(latent_dim=16, side=16)\n"
    )
    assert bench("report", foreign, "-g", f"{other}:make")[0] == 0
    assert "its weights are not those of the run any more" in caplog.text
    assert not (foreign / "strips").exists()


def test_a_file_whose_code_changed_is_not_taken_for_it(
    tmp_path: Path, mark: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, file = tmp_path / "run", evil(tmp_path, mark)
    cell = write_cell(run, "evil-make", "random", 0)
    path = cell.folder(run) / "result.json"
    content = json.loads(path.read_text())
    for code, opens in ((sha256(tmp_path / "evil.py"), True), ("0" * 64, False)):
        content["config"]["code"] = {"generator": code}
        write_json(path, sealed(content))
        (row,) = headline(read_cells(run), {})
        opened = open_generators([row], {}, AtHand((file,)))
        assert (opened["evil-make", "random"] is not None) == opens
    assert "its code is not that of the run any more" in caplog.text


def test_what_is_no_python_file_is_refused_by_the_report(foreign: Path) -> None:
    code, output = bench("report", foreign, "-g", "planted")
    assert code == 2
    assert "-g wants path/to/file.py:callable here, not 'planted'" in output


class Runs:
    """What a pickle makes of this runs a command."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


def test_weights_that_a_run_names_are_data_wherever_they_lie(
    tmp_path: Path, mark: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Opening them runs nothing, so a path to anywhere does no harm; a pipe is not waited for."""
    run = tmp_path / "run"
    for name in ("pickled", "pipe"):
        write_cell(run, name, "random", 0)
    (tmp_path / "pickled.pt").write_bytes(pickle.dumps({"model": Runs(mark)}))
    os.mkfifo(tmp_path / "pipe.pt")
    named = {name: str(tmp_path / f"{name}.pt") for name in ("pickled", "pipe")}
    opened = open_generators(headline(read_cells(run), {}), named)
    assert opened == {("pickled", "random"): None, ("pipe", "random"): None}
    assert not mark.exists()
    assert "no pictures of pickled" in caplog.text
    assert "pipe.pt is neither a file nor a folder" in caplog.text


def test_a_run_paints_with_the_generators_that_it_has_open(tmp_path: Path, mark: Path) -> None:
    small = [f"--set={setting}" for setting in ("steps=2", "batch=4", "evaluation=40", "k=4")]
    file = evil(tmp_path, mark)
    code, output = bench("run", "-g", file, "-m", "random", *small, "--out", tmp_path / "run")
    assert code == 0, output
    assert (tmp_path / "run/strips/evil-make-random.webp").exists()
    assert mark.read_text() == "ran\n"  # once


UNSAFE = ["../../out", "/tmp/out", "", ".", "..", "a/b", "a\\b", "NUL", "a\x1b[31m", "a\n"]


@pytest.mark.parametrize("name", UNSAFE)
@pytest.mark.parametrize("part", ["generator", "method", "config_hash", "files"])
def test_a_cell_whose_name_leads_elsewhere_is_left_out(
    tmp_path: Path, part: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "a" / "run"
    write_cell(run, "planted", "random", 0)
    path = write_cell(run, "planted", "coordinate", 0).folder(run) / "result.json"
    content = json.loads(path.read_text())
    if part == "files":
        content["files"][name] = "0" * 64
    else:
        content["cell"][part] = name
    write_json(path, sealed(content))
    assert [stored.result.cell.method for stored in read_cells(run)] == ["random"]
    assert "the cell counts as not done" in caplog.text
    assert "\x1b" not in caplog.text


def test_a_cell_in_the_folder_of_another_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cell = write_cell(tmp_path, "planted", "random", 0)
    write_cell(tmp_path, "planted", "random", 1)
    shutil.copytree(
        cell.folder(tmp_path), tmp_path / f"cells/planted/discovered/0-{cell.config_hash}"
    )
    assert {stored.result.cell.method for stored in read_cells(tmp_path)} == {"random"}
    assert "it is the result of another cell" in caplog.text


def test_only_plain_files_of_a_cell_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outside = tmp_path / "outside.parquet"
    for seed, kind in enumerate(("pipe", "link", "folder", "unlisted pipe")):
        folder = write_cell(tmp_path / "run", "planted", "random", seed).folder(tmp_path / "run")
        path = folder / "curves.parquet"
        path.rename(outside)
        if kind == "unlisted pipe":
            content = json.loads((folder / "result.json").read_text())
            del content["files"][path.name]
            write_json(folder / "result.json", sealed(content))
        if kind == "link":
            path.symlink_to(outside)
        elif kind == "folder":
            path.mkdir()
        else:
            os.mkfifo(path)
    (left,) = read_cells(tmp_path / "run")
    assert left.result.cell.seed == 3
    assert left.table("curves") is None
    assert caplog.text.count("curves.parquet is damaged or missing") == 3
    for path in left.folder.glob("*.json"):
        path.unlink()
        os.mkfifo(path)
    assert read_cell(left.folder) is None


def test_an_edited_figure_is_never_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every single byte of the result counts, as a byte may be changed on its way."""
    folder = write_cell(tmp_path, "planted", "random", 0).folder(tmp_path)
    path = folder / "result.json"
    whole = path.read_bytes()
    content = json.loads(whole)
    content["metrics"]["rca_fresh"] = 0.999
    write_json(path, content)
    assert read_cell(folder) is None
    assert "its content is not what was written" in caplog.text
    accepted = []
    for place in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << (place % 7)
        path.write_bytes(flipped)
        with suppress(Outdated):  # told apart, in one line
            if read_cell(folder) is not None:
                accepted.append(json.loads(bytes(flipped)) == json.loads(whole))
    assert all(accepted)  # white space alone


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("headline", [1]),
        ("headline", {"planted": "random"}),
        ("headline", {"planted": {"random": 1}}),
        ("generators", {"planted": 1}),
        ("generators", "planted"),
        ("columns", 3),
        ("columns", {"cell": [1]}),
        ("columns", {"cell": {"x` <img src=x>": {"words": "y"}}}),
        ("columns", {"cell": {"x": {"words": 3}}}),
        ("seeds", 3),
        ("settings", []),
        ("command", 7),
        ("versions", "1"),
    ],
)
def test_a_description_of_a_wrong_type_costs_what_it_says_and_no_more(
    tmp_path: Path, key: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    write_cell(tmp_path, "planted", "random", 0, failure="x")
    write_json(tmp_path / "run.json", {key: value, "preset": "quick"})
    assert read_run(tmp_path) == {"preset": "quick"}
    assert f"what it says of {key} is left out" in caplog.text


@pytest.mark.parametrize("text", ["[]", "3", "{", "[" * 100_000, '"\\ud800"', "\xff"])
def test_a_description_that_is_no_object_is_one_warning(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run.json").write_bytes(text.encode("latin-1"))
    assert read_run(tmp_path) == {}
    assert len(caplog.records) == 1
    (tmp_path / "run.json").unlink()
    os.mkfifo(tmp_path / "run.json")
    assert read_run(tmp_path) == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("status", "fine"),
        ("reason", 3),
        ("metrics", []),
        ("metrics", {"n": "many", "k": 8, "rca_fresh": 0.5}),
        ("metrics", {"n": 5, "k": 8, "rca_fresh": "<b>"}),
        ("seconds", {"fit": None}),
        ("passes", {"fit": 3}),
        ("passes", {"fit": {"forward": 3}}),
        ("passes", {"fit": {"forward": 3, "backward": -1}}),
        ("passes", {"fit": {"forward": 10**400, "backward": 0}}),
        ("files", ["x"]),
        ("config", {"protocol": {"k": "8"}, "method": {}, "generator_hash": ""}),
        ("config", {"protocol": {"k": 8}, "method": {}}),
        ("config", {"protocol": {"k": 8}, "method": {"x` <b>": 1}, "generator_hash": ""}),
        ("versions", 1),
        ("measured", [1]),
    ],
)
def test_a_result_of_a_wrong_type_is_left_out(
    tmp_path: Path, key: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    write_cell(tmp_path, "planted", "coordinate", 0, failure="x")
    path = write_cell(tmp_path, "planted", "random", 0).folder(tmp_path) / "result.json"
    content = json.loads(path.read_text())
    write_json(path, sealed({**content, key: value}))
    assert [stored.result.cell.method for stored in read_cells(tmp_path)] == ["coordinate"]
    assert f"its {key} is of another type" in caplog.text


def test_a_report_writes_into_its_run_alone(tmp_path: Path) -> None:
    write_cell(tmp_path / "run", "planted", "random", 0)
    (tmp_path / "outside").mkdir()
    (tmp_path / "run/strips").symlink_to(tmp_path / "outside")
    code, output = bench("report", tmp_path / "run")
    assert code == 2
    assert "strips is a link" in output
    assert list((tmp_path / "outside").iterdir()) == []


def test_parts_of_killed_processes_go_and_those_of_running_ones_stay(tmp_path: Path) -> None:
    write_cell(tmp_path, "planted", "random", 0, failure="x")
    gone = tmp_path / "cells/planted/.x.parquet.4194303.part"  # beyond the largest process number
    here = tmp_path / f".other.csv.{os.getpid()}.part"
    own = tmp_path / ".mine.part"
    for path in (gone, here, own):
        path.write_text("half")
    write_report(tmp_path)
    assert (gone.exists(), here.exists(), own.exists()) == (False, True, True)


def test_planted_is_what_the_foreign_file_makes() -> None:
    assert Planted().latent_dim == 16  # or the tests above would see another generator


def test_names_that_are_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    for method in ("__bold__", "www.example.org"):
        cell = write_cell(tmp_path, "planted", method, 0)
        name = "![x](http://example.org/x.png)\x1b[31m <b>www.example.org</b>"
        path = cell.folder(tmp_path) / "directions.safetensors"
        write_labels(path, [Label(3, label=name)])
    rows = headline(read_cells(tmp_path), {})
    write_tables(rows, MEASURES, tmp_path)
    write_pictures(rows, {}, None, tmp_path, Attempts())
    for file in ("rca.md", "named.md"):
        text = (tmp_path / file).read_text("utf-8")
        assert "\\_\\_bold\\_\\_" in text
        assert "www\\.example" in text
        for raw in ("__bold__", "www.example", "x](http", " <b>", "http://", "\x1b"):
            assert raw not in text


def test_a_folder_of_runs_names_those_in_it(tmp_path: Path) -> None:
    (tmp_path / "demo" / "cells").mkdir(parents=True)
    with pytest.raises(BenchError, match=f"no run at .*; runs in it: {tmp_path / 'demo'}$"):
        read_cells(tmp_path)
