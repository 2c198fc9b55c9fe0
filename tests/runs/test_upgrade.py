"""An older run is converted whole: what it stored stays, what follows from it is added."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import binomtest

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.core.json_files import write_json
from benchmark.core.storage import sha256
from benchmark.metrics.accuracy import figures_of
from benchmark.runs.meanings import measures_in
from benchmark.runs.results import read_cell, read_cells, read_run
from benchmark.runs.upgrade import ALWAYS, KNOWN, upgrade

ROLES = {"discovered": "method", "random": "baseline"}
K = 4


def old_cell(run, method, seed, status="done", **metrics):
    """A cell as the version before wrote it; R was never asked about the last direction."""
    folder = run / "cells" / "net" / method / f"{seed}-abc"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    answers = pd.DataFrame(
        {
            "k": rng.integers(0, K - 1, 200).astype(np.int16),
            "k_hat": rng.integers(0, K - 1, 200).astype(np.int16),
            "eps": rng.uniform(-6, 6, 200).astype(np.float32),
            "eps_hat": rng.uniform(-6, 6, 200).astype(np.float32),
            "rank": rng.integers(0, K, 200).astype(np.int16),
        }
    )
    answers.to_parquet(folder / "predictions.parquet")
    figures = {
        **figures_of(answers, None),
        "n": 200,
        "k": K,
        "chance": 1 / K,
        "max_cosine": 0.125,
        "effective_rank": float("nan"),
        "collapse": 0.75,
        "collapse_by_direction": [0.5, 0.75, 1.0, 0.75],
        **metrics,
    }
    content = {
        "cell": {"generator": "net", "method": method, "seed": seed, "config_hash": "abc"},
        "status": status,
        "config": {
            "generator_hash": "0" * 64,
            "protocol": {"k": K},
            "method": {},
            "unknown": {"kept": [1, 2]},
        },
        "reason": "" if status == "done" else "ValueError: no",
        "metrics": figures if status == "done" else {},
        "seconds": {"fit": 1.0} if status == "done" else {},
        "device": "old",
        "versions": {},
        "files": {"predictions.parquet": sha256(folder / "predictions.parquet")},
    }
    if status != "done":
        content["files"] = {}
    (folder / "result.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def run(tmp_path):
    old_cell(tmp_path, "discovered", 0)
    old_cell(tmp_path, "random", 0, recovery=0.5)
    old_cell(tmp_path, "random", 1, status="failed")
    old_cell(tmp_path, "mine", 0)
    write_json(tmp_path / "run.json", {"command": "bench run", "own": {"kept": True}})
    return tmp_path


def contents(run):
    return {path: path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}


def test_what_is_added_follows_from_what_was_stored(run):
    before = json.loads((run / "cells/net/discovered/0-abc/result.json").read_text())
    done = upgrade(run, ROLES)
    assert (len(done.brought), done.left, done.damaged) == (5, (), {})
    after = read_cell(run / "cells/net/discovered/0-abc").result
    assert (after.role, after.measured) == ("method", [*ALWAYS, KNOWN])  # later ones did not judge
    kept = set(before["metrics"]) - {"collapse_by_direction", "effective_rank"}
    assert {name: after.metrics[name] for name in kept} == {n: before["metrics"][n] for n in kept}
    assert after.metrics["effective_rank"] is None  # as JSON holds what is no number
    assert "collapse_by_direction" not in after.metrics
    columns = after.metrics["by_direction"]
    assert columns["collapse"] == before["metrics"]["collapse_by_direction"]
    answers = pd.read_parquet(run / "cells/net/discovered/0-abc/predictions.parquet")
    for k in range(K - 1):
        asked = answers[answers["k"] == k]
        right = int((asked["k_hat"] == k).sum())
        oracle = binomtest(right, len(asked)).proportion_ci(method="wilson")
        assert columns["n"][k] == len(asked)
        assert columns["accuracy"][k] == pytest.approx(right / len(asked))
        assert columns["accuracy_low"][k] == pytest.approx(oracle.low)
        assert columns["accuracy_high"][k] == pytest.approx(oracle.high)
    assert (columns["n"][K - 1], columns["accuracy"][K - 1]) == (0, None)


def test_everything_reads_back_and_is_in_strict_json(run):
    upgrade(run, ROLES)
    cells = {(c.result.cell.method, c.result.cell.seed): c for c in read_cells(run)}
    assert len(cells) == 4
    assert {m: c.result.role for (m, _), c in cells.items()} == {**ROLES, "mine": ""}
    failed = cells["random", 1].result
    assert (failed.reason, failed.metrics, list(failed.measured)) == ("ValueError: no", {}, [])
    assert cells["random", 0].result.metrics["recovery"] == 0.5
    assert cells["random", 0].result.config["unknown"] == {"kept": [1, 2]}
    assert len(cells["mine", 0].ranking()) == K - 1
    for path in run.rglob("*.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)  # NaN is no JSON


def test_run_json_keeps_what_it_says_and_learns_what_columns_mean(run):
    upgrade(run, ROLES)
    description = read_run(run)
    assert (description["command"], description["own"]) == ("bench run", {"kept": True})
    assert description["columns"]["cell"].keys() == measures_in({}).cell.keys()


def test_a_second_time_changes_nothing(run):
    upgrade(run, ROLES)
    first = contents(run)
    done = upgrade(run, {})
    assert (done.brought, len(done.left)) == ((), 5)
    assert contents(run) == first


def test_a_metric_that_was_not_stored_whole_stays_unmeasured(tmp_path):
    folder = old_cell(tmp_path, "random", 0)
    content = json.loads((folder / "result.json").read_text())
    del content["metrics"]["collapse_by_direction"]
    (folder / "result.json").write_text(json.dumps(content))
    upgrade(tmp_path, ROLES)
    assert list(read_cell(folder).result.measured) == ["accuracy", "redundancy"]
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize("name", ["result.json", "predictions.parquet"])
def test_a_damaged_cell_is_named_and_left(run, name):
    folder = run / "cells/net/discovered/0-abc"
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    (run / "run.json").write_text('{"command": ')
    before = contents(run)
    done = upgrade(run, ROLES)
    after = contents(run)
    assert set(done.damaged) == {folder / "result.json", run / "run.json"}
    assert all(after[path] == before[path] for path in done.damaged)
    assert len(done.brought) == 3


def test_the_command_says_what_it_did(run, tmp_path):
    shutil.copytree(run, tmp_path / "copy")
    result = CliRunner().invoke(main, ["upgrade", str(tmp_path / "copy")])
    assert result.exit_code == 0
    assert "5 files converted, 0 needed no change" in result.output
    again = CliRunner().invoke(main, ["upgrade", str(tmp_path / "copy")])
    assert again.exit_code == 0
    assert "0 files converted, 5 needed no change" in again.output
    (tmp_path / "copy" / "run.json").write_text("{")
    damaged = CliRunner().invoke(main, ["upgrade", str(tmp_path / "copy")])
    assert damaged.exit_code == 1
    assert "damaged, and left as it is" in damaged.output


def test_readers_of_an_older_run_are_sent_here(run):
    with pytest.raises(BenchError, match=f"by an earlier version; `bench upgrade {run}`"):
        read_cells(run)


def test_a_folder_without_a_run_is_said_so(tmp_path):
    with pytest.raises(BenchError, match="no run at"):
        upgrade(tmp_path, ROLES)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rca_fresh", 0.999, "its rca_fresh is 0.999, and its answers say"),
        ("top5", 0.5, "its top5 is 0.5, and its answers say"),
        ("n", 201, "its n is 201, and its answers say 200"),
    ],
)
def test_a_figure_that_the_answers_contradict_is_not_sealed(run, name, value, words):
    path = run / "cells/net/random/0-abc/result.json"
    content = json.loads(path.read_text())
    content["metrics"][name] = value
    write_json(path, content)
    done = upgrade(run, ROLES)
    assert list(done.damaged) == [path]
    assert words in done.damaged[path]
    assert "sha256" not in json.loads(path.read_text())


def test_what_was_sealed_and_edited_is_not_sealed_again(run):
    upgrade(run, ROLES)
    path = run / "cells/net/random/0-abc/result.json"
    content = json.loads(path.read_text())
    content["metrics"]["max_cosine"] = 0.0
    write_json(path, content)
    done = upgrade(run, ROLES)
    assert done.damaged == {path: "ValueError: its content is not what was written"}


def test_one_older_cell_among_others_is_left_out_with_a_word(run, caplog):
    upgrade(run, ROLES)
    shutil.rmtree(run / "cells/net/mine")
    old_cell(run, "mine", 0)
    assert {c.result.cell.method for c in read_cells(run)} == {"discovered", "random"}
    assert f"`bench upgrade {run}` converts it" in caplog.text
