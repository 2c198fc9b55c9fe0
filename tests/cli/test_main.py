"""`bench` as a user types it: what it prints, what it refuses, and how it ends."""

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmark.cli.main import main
from benchmark.generators import stored
from benchmark.metrics import METRICS
from tests.conftest import Install

TINY = [
    "--set",
    "steps=5",
    "--set",
    "batch=4",
    "--set",
    "evaluation=100",
    "--set",
    "k=4",
]


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_run_report_and_rerun(tmp_path: Path) -> None:
    first = bench("run", "-g", "planted", *TINY, "--out", tmp_path)
    assert first.exit_code == 0, first.output
    assert "rca_fresh" in first.output
    table = (tmp_path / "rca.csv").read_bytes()
    again = bench("run", "-g", "planted", *TINY, "--out", tmp_path)
    assert again.exit_code == 0
    assert (tmp_path / "rca.csv").read_bytes() == table
    (tmp_path / "rca.csv").unlink()
    report = bench("report", tmp_path)
    assert report.exit_code == 0, report.output
    assert (tmp_path / "rca.csv").read_bytes() == table


def test_the_cost_is_stated_and_only_a_long_run_on_a_terminal_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["run", "-g", "planted", "-m", "random", *TINY, "--out", tmp_path]
    stated = "1 x 5 steps"

    class Terminal(BytesIO):
        def isatty(self) -> bool:
            return True

    def run(answer: bytes, *options: str) -> Result:
        return CliRunner().invoke(main, [*map(str, command), *options], input=Terminal(answer))

    monkeypatch.setattr("benchmark.cli.shared.LONG", 0.0)
    refused = run(b"\n")
    assert stated in refused.output
    assert "Start? [y/N]" in refused.output
    assert refused.exit_code == 1
    assert not list(tmp_path.iterdir()), "a run that nobody started left something behind"
    assert run(b"y\n").exit_code == 0
    nothing_left = run(b"")
    assert nothing_left.exit_code == 0
    assert "steps" not in nothing_left.output
    assert "Start?" not in run(b"", "--force", "--yes").output
    monkeypatch.setattr("benchmark.cli.shared.LONG", 3600.0)
    short = run(b"", "--force")
    assert stated in short.output
    assert "Start?" not in short.output
    monkeypatch.setattr("benchmark.cli.shared.LONG", 0.0)
    no_terminal = bench(*command, "--force")
    assert no_terminal.exit_code == 0
    assert stated in no_terminal.output
    assert "Start?" not in no_terminal.output


def test_list_says_what_there_is_and_why_something_is_not() -> None:
    output = bench("list").output
    for name in ("planted", "mnist-sngan", "discovered", "random", "coordinate", "quick", "paper"):
        assert name in output
    for name in METRICS:
        assert f"\n  {name} " in output
    assert "trains two small R's. Asked for by --metric vp." in " ".join(output.split())
    assert "not available: no weights at" in output
    assert "of installed packages" not in output


def test_lines_of_the_list_fit_100_columns_and_wrap_under_their_words() -> None:
    lines = bench("list").output.splitlines()
    wide = [line for line in lines if len(line) > 100]
    assert all(len(line.split()) == 1 for line in wide)  # a path stays whole
    wrapped = [line for line in lines if line.startswith(" " * 25)]
    assert wrapped
    assert all(line[25] != " " for line in wrapped)


def test_list_shows_plug_ins_with_their_package_and_loads_no_weights(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "def make():\n    'Stripes.\\n\\n    More.'\n    raise ValueError('made')\n"
        "class Pairs:\n    'Two at once.'\n"
    )
    offers = {
        "generators": {"zebra": "more_plugin:make"},
        "methods": {"broken": "more_gone:Twin"},
        "tasks": {"pairs": "more_plugin:Pairs"},
    }
    install("more 1.0", code, offers)
    monkeypatch.setattr(stored, "load_weights", lambda path: pytest.fail(f"loaded {path}"))
    result = bench("list")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "zebra generator of more 1.0; Stripes." in output
    assert "pairs task of more 1.0; Two at once." in output
    assert (
        "broken method of more 1.0; not available: 'broken' of package more 1.0 cannot be loaded"
    ) in output


OWN_PLUGINS = """
from dataclasses import dataclass
import torch
from baselines.random import Random
from benchmark.generators.base import Generator, Usual
from benchmark.metrics.metric import Metric
from benchmark.tables.table import Column
from shade import shade

class Tiny(Generator):
    latent_dim, image_shape = 4, (1, 32, 32)
    usual = Usual(k=3, max_shift=0.5)
    def forward(self, latents):
        return shade(latents.point[:, :1, None, None]).expand(-1, 1, 32, 32)

@dataclass(frozen=True)
class Twin(Random):
    power: float = 2.0

class Count(Metric):
    columns = {"count": Column("How many directions.", kind="count")}
    def of_cell(self, cell, table):
        return {"count": float(cell.shift.k)}
"""


def test_all_of_ones_own_from_one_file(tmp_path: Path) -> None:
    (tmp_path / "shade.py").write_text("import torch\nshade = torch.tanh\n")
    file = tmp_path / "mine.py"
    file.write_text(OWN_PLUGINS)
    few = [part for part in TINY if part not in ("--set", "k=4")]
    tiny = [part for setting in few for part in ("--set", setting)]
    named = ["-m", "random", "-m", f"{file}:Twin", "--metric", f"{file}:Count"]
    out = tmp_path / "run"
    result = bench(
        *("run", "-g", f"{file}:Tiny", *named, *tiny),
        *("--set", "mine-Twin.power=3", "--out", out),
    )
    assert result.exit_code == 0, result.output
    (mine,) = (out / "cells" / "mine-Tiny" / "mine-Twin").iterdir()
    stored = json.loads((mine / "result.json").read_text())
    assert stored["metrics"]["count"] == 3
    assert stored["config"]["method"] == {"power": 3.0}
    assert stored["config"]["protocol"]["max_shift"] == 0.5
    assert set(stored["config"]["code"]) == {"generator", "method"}
    (theirs,) = (out / "cells" / "mine-Tiny" / "random").iterdir()
    assert set(json.loads((theirs / "result.json").read_text())["config"]["code"]) == {"generator"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["study", "export", "s", "--out", "a.csv", "--format", "jsonl"], "names another format"),
        (["run"], "name generators with -g, or take every available one with --all"),
        (["run", "--all", "-g", "planted"], "--all takes every available generator and -g some"),
        (["run", "-g", "./gone"], "there is no file or folder ./gone"),
        (["run", "-g", "anime"], "did you mean anime-sngan or anime-sngan-small?"),
        (["run", "-g", "mnist-sgan"], "unknown generator 'mnist-sgan'; did you mean mnist-sngan"),
        (["run", "-g", "planted", "-m", "discoverd"], "did you mean discovered"),
        (["run", "-g", "planted", "-m", "nowhere.py:Mine"], "no Python file at nowhere.py"),
        (["run", "-g", "planted", "--metric", "nowhere.py:Mine"], "no Python file at nowhere.py"),
        (["run", "-g", "planted", "--metric", "collaps"], "did you mean collapse"),
        (["run", "-g", "nowhere.py:make"], "/nowhere.py"),
        (["run", "-g", "planted?classes=1"], "the generator Planted has no options"),
        (["run", "-g", "planted", "--preset", "quik"], "did you mean quick"),
        (["run", "-g", "planted", "--set", "stepz=1"], "did you mean steps"),
        (["run", "-g", "planted", "--set", "steps=0"], "steps must be at least 1"),
        (["run", "-g", "planted", "--set", "batch=-3"], "batch must be at least 2"),
        (["run", "-g", "planted", "--seeds", "one"], "--seeds wants different whole numbers"),
        (["run", "-g", "planted", "--device", "abacus"], "device 'abacus' cannot be used"),
        (
            ["run", "-g", "planted", "--set", "k=17", "--set", "discovered.space=orthonormal"],
            "17 orthonormal directions do not fit 16 latent dimensions",
        ),
        (["report", "nowhere"], "no run at nowhere"),
        (["train-generator", "mnist-sngan", "--data", "nowhere.npz"], "nowhere.npz"),
        (["train-generator", "mnist-sgan", "--data", "x.npz"], "did you mean mnist-sngan"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = bench(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir()), "a refused command left something behind"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = bench("run", "-g", "planted", *TINY, "--out", tmp_path / "file" / "run")
    assert result.exit_code == 2
    assert "cannot write" in result.output
    assert str(tmp_path / "file" / "run") in result.output


def test_a_failed_cell_makes_exit_code_1_and_shows_in_the_table(tmp_path: Path) -> None:
    module = tmp_path / "broken.py"
    module.write_text(
        "import torch\nfrom benchmark.generators.base import Generator\n"
        "class Broken(Generator):\n"
        "    latent_dim, image_shape = 4, (1, 32, 32)\n"
        "    def forward(self, latents):\n"
        "        return latents.point.sum() * torch.full((len(latents), 1, 32, 32), float('nan'))\n"
    )
    result = bench("run", "-g", f"{module}:Broken", "-m", "random", *TINY, "--out", tmp_path / "r")
    assert result.exit_code == 1
    assert "1 cell failed" in result.output
    assert "are not finite numbers" in (tmp_path / "r" / "rca.md").read_text()


def test_help_needs_no_torch() -> None:
    code = (
        "import sys\nfrom benchmark.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'scipy', 'matplotlib', 'seaborn'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "train-generator" in done.stdout
