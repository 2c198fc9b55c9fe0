"""Runs joined: equal terms side by side, everything else apart and with a word."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.core.json_files import sealed, write_json
from benchmark.directions.labels import HUMAN_ANNOTATION, Label, add_labels
from benchmark.runs.merging import merge
from benchmark.runs.results import read_cells, read_run
from benchmark.runs.slimming import slim
from tests.report.drawn import write_cell


def a_run(folder: Path, cells: list[tuple[str, str, int]], **terms: object) -> Path:
    headline: dict[str, dict[str, str]] = {}
    for generator, method, seed in cells:
        cell = write_cell(folder, generator, method, seed, **terms)
        headline.setdefault(generator, {})[method] = cell.config_hash
    write_json(folder / "run.json", {"headline": headline, "seeds": [0], "preset": "quick"})
    return folder


def test_equal_terms_stand_side_by_side(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "discovered", 0), ("planted", "random", 0)])
    two = a_run(tmp_path / "two", [("planted", "sefa", 0), ("planted", "discovered", 1)])
    assert merge([one, two], tmp_path / "both") == []
    cells = {
        (c.result.cell.generator, c.result.cell.method, c.result.cell.seed): c
        for c in read_cells(tmp_path / "both")
    }
    wanted = {("discovered", 0), ("random", 0), ("sefa", 0), ("discovered", 1)}
    assert cells.keys() == {("planted", *rest) for rest in wanted}
    was = next(c for c in read_cells(two) if c.result.cell.method == "sefa")
    now = cells["planted", "sefa", 0]
    assert now.result == was.result
    assert now.table("predictions").equals(was.table("predictions"))
    description = read_run(tmp_path / "both")
    assert set(description["headline"]["planted"]) == {"discovered", "random", "sefa"}
    assert description["preset"] == "quick"
    assert description["seeds"] == [0, 1]


def test_other_terms_are_kept_apart_by_name(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    two = a_run(tmp_path / "two", [("planted", "random", 0)], steps=77)
    (note,) = merge([one, two], tmp_path / "both")
    assert note == "planted of two is kept apart as planted-two: steps 200 and 77"
    found = {c.result.cell.generator for c in read_cells(tmp_path / "both")}
    assert found == {"planted", "planted-two"}
    assert read_run(tmp_path / "both")["generators"]["planted-two"] == "planted"


def test_other_weights_are_kept_apart_however_they_are_called(tmp_path, monkeypatch):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    monkeypatch.setattr("tests.report.drawn.weights_hash", lambda generator: "f" * 64)
    two = a_run(tmp_path / "two", [("planted", "sefa", 0)])
    (note,) = merge([one, two], tmp_path / "both")
    assert "kept apart as planted-two: weights" in note


def test_other_settings_of_a_method_are_kept_apart(tmp_path):
    one, two = (
        a_run(tmp_path / name, [("planted", "sefa", 0)], method_settings={"normalise": choice})
        for name, choice in (("one", True), ("two", False))
    )
    (note,) = merge([one, two], tmp_path / "both")
    assert note == "sefa of two is kept apart as sefa-two: normalise True and False"


def test_what_is_equal_in_later_runs_stands_side_by_side_as_well(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    two = a_run(tmp_path / "two", [("planted", "random", 0)], steps=77)
    three = a_run(tmp_path / "three", [("planted", "random", 0), ("planted", "sefa", 0)], steps=77)
    merge([one, two, three], tmp_path / "all")
    found = [(c.result.cell.generator, c.result.cell.method) for c in read_cells(tmp_path / "all")]
    assert sorted(found) == [
        ("planted", "random"), ("planted-two", "random"), ("planted-two", "sefa")
    ]  # fmt: skip
    runs = [
        a_run(tmp_path / name, [("planted", "sefa", seed)], method_settings={"normalise": choice})
        for name, choice, seed in (("a", True, 0), ("b", False, 0), ("c", False, 1))
    ]
    (note,) = merge(runs, tmp_path / "of methods")
    assert note == "sefa of b is kept apart as sefa-b: normalise True and False"
    assert set(read_run(tmp_path / "of methods")["headline"]["planted"]) == {"sefa", "sefa-b"}


def test_a_name_that_another_generator_has_is_not_given_twice(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    two = a_run(tmp_path / "two", [("planted", "random", 0)], steps=77)
    three = a_run(tmp_path / "three", [("planted-two", "random", 0)], steps=5)
    notes = merge([one, two, three], tmp_path / "all")
    assert notes[1] == "planted-two of three is kept apart as planted-two-three: the name is taken"
    assert len(read_cells(tmp_path / "all")) == 3
    with pytest.raises(BenchError, match="two has planted on other terms, and there is a planted-"):
        merge([three, one, two], tmp_path / "again")


def test_the_same_cell_counts_once_and_other_answers_are_said(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    two = a_run(tmp_path / "two", [("planted", "random", 0)])
    three = a_run(tmp_path / "three", [("planted", "random", 0)], skill=0.9)
    (note,) = merge([one, two, three], tmp_path / "all")
    assert note.startswith("random on planted, seed 0: three has other answers")
    (kept,) = read_cells(tmp_path / "all")
    assert kept.result == read_cells(one)[0].result


def test_what_cannot_be_joined_is_said_in_a_line(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    with pytest.raises(BenchError, match="no run at"):
        merge([one, tmp_path / "none"], tmp_path / "both")
    (tmp_path / "full").mkdir()
    with pytest.raises(BenchError, match="exists already"):
        merge([one, one], tmp_path / "full")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full", "one"]


def test_a_run_without_a_note_of_what_counts_is_joined_whole(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    two = a_run(tmp_path / "two", [("planted", "sefa", 0)])
    (two / "run.json").unlink()
    assert merge([one, two], tmp_path / "both") == []
    found = {c.result.cell.method for c in read_cells(tmp_path / "both")}
    assert found == {"random", "sefa"}
    write_cell(two, "planted", "sefa", 0, method_settings={"normalise": False})
    with pytest.raises(BenchError, match=r"sefa on planted has 2 configurations in .*two, and"):
        merge([one, two], tmp_path / "more")


def test_the_command_writes_one_report(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "discovered", 0), ("planted", "random", 0)])
    two = a_run(tmp_path / "two", [("planted", "sefa", 0)])
    out = tmp_path / "both"
    result = CliRunner().invoke(main, ["compare", str(one), str(two), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "sefa" in (out / "leaderboard.csv").read_text()
    assert (out / "report.html").exists()
    assert CliRunner().invoke(main, ["compare", str(one), "--out", str(out)]).exit_code == 2


@pytest.mark.parametrize("command", [["run", "-m", "sefa"], ["ablate", "k"], ["converge"]])
def test_nothing_is_computed_into_joined_runs(command, tmp_path):
    """Two of their generators may be one, asked other questions under each name."""
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    two = a_run(tmp_path / "two", [("planted", "random", 0)], steps=77)
    merge([one, two], tmp_path / "both")
    before = sorted((tmp_path / "both").rglob("*"))
    words = [*command, "-g", "planted", "--out", str(tmp_path / "both"), "--yes"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "holds several runs" in result.output
    assert sorted((tmp_path / "both").rglob("*")) == before


def test_a_folder_called_like_the_number_of_another_run_is_no_clash(tmp_path):
    runs = [
        a_run(tmp_path / place, [("planted", "random", 0)], steps=steps)
        for place, steps in (("first", 200), ("run3", 77), ("a/x", 78), ("b/x", 79))
    ]
    merge(runs, tmp_path / "all")
    assert {c.result.cell.generator for c in read_cells(tmp_path / "all")} == {
        "planted",
        *(f"planted-run{i}" for i in (2, 3, 4)),
    }


def test_a_cell_that_is_done_once_says_where_it_failed(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    two = a_run(tmp_path / "two", [("planted", "random", 0)], failure="no memory")
    (note,) = merge([one, two], tmp_path / "both")
    assert note == "random on planted, seed 0: failed in two, and done in another run"
    (kept,) = read_cells(tmp_path / "both")
    assert kept.result.status == "done"


def test_a_name_that_is_too_long_is_an_error_of_one_line(tmp_path):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])
    with pytest.raises(BenchError, match="cannot write"):
        merge([one, one], tmp_path / ("a" * 300))


def test_what_only_one_run_measured_of_equal_answers_is_kept_in_either_order(tmp_path):
    one, two = (a_run(tmp_path / name, [("planted", "random", 0)]) for name in ("one", "two"))
    (path,) = two.glob("cells/*/*/*/result.json")
    content = json.loads(path.read_text())
    content["measured"].append("vp")
    content["metrics"] |= {"vp_1": 0.39}
    content["metrics"]["by_direction"] = {"vp_of": [0.5] * 8}
    write_json(path, sealed(content))
    for i, runs in enumerate(([one, two], [two, one])):
        assert merge(runs, tmp_path / f"both {i}") == []
        (kept,) = read_cells(tmp_path / f"both {i}")
        assert kept.result.metrics["vp_1"] == 0.39
        assert kept.result.metrics["by_direction"]["vp_of"] == [0.5] * 8
        assert list(kept.result.measured).count("vp") == 1


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (BenchError("full"), 2)])
def test_stopped_in_its_report_it_says_what_goes_on(tmp_path, monkeypatch, error, code):
    one = a_run(tmp_path / "one", [("planted", "random", 0)])

    def stop(*args: object, **others: object) -> None:
        raise error

    monkeypatch.setattr("benchmark.report.making.write_report", stop)
    out = tmp_path / "both"
    result = CliRunner().invoke(main, ["compare", str(one), str(one), "--out", str(out)])
    assert result.exit_code == code
    assert f"bench report {out}" in result.output
    assert "same command" not in result.output


def test_a_generator_of_ones_own_is_painted_where_the_command_names_its_file(tmp_path):
    own = tmp_path / "own.py"
    own.write_text(
        "from benchmark.generators.families.planted import Planted\n\n"
        "def make():\n    return Planted()\n"
    )
    runs = [a_run(tmp_path / n, [("own-make", m, 0)]) for n, m in (("a", "random"), ("b", "sefa"))]
    for run in runs:
        description = json.loads((run / "run.json").read_text())
        write_json(run / "run.json", {**description, "generators": {"own-make": f"{own}:make"}})
    out = tmp_path / "both"
    command = ["compare", *map(str, runs), "--out", str(out), "-g", f"{own}:make"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert len(list((out / "strips").iterdir())) == 2


def test_what_a_slim_copy_lacks_is_taken_from_the_run_that_has_it(tmp_path, monkeypatch):
    whole = a_run(tmp_path / "whole", [("planted", "random", seed) for seed in (0, 1)])
    monkeypatch.setattr("benchmark.runs.slimming.LARGE", 10)
    slim(whole, tmp_path / "slim")
    for order in (["slim", "whole"], ["whole", "slim"]):
        out = tmp_path / "-".join(order)
        assert merge([tmp_path / name for name in order], out) == []
        assert all(c.directions() for c in read_cells(out))


def said(run: Path, words: dict[str, str]) -> Path:
    """What people say of direction 3 of the run's one cell, by whose words they are."""
    (cell,) = read_cells(run)
    for source, word in words.items():
        add_labels(cell.folder / "directions.safetensors", [Label(3, label=word)], source)
    return run


def test_what_people_said_comes_along(tmp_path):
    """A study labels the run that it was built from; both people's names are of one cell here."""
    ours = said(a_run(tmp_path / "ours", [("planted", "random", 0)]), {"study a": "zoom"})
    theirs = a_run(tmp_path / "theirs", [("planted", "random", 0)])
    said(theirs, {"study a": "an older word", "study b": "rotation"})
    (cell,) = read_cells(theirs)
    (cell.folder / HUMAN_ANNOTATION).write_text("1: hair\n")
    assert merge([ours, theirs], tmp_path / "both") == []
    (joined,) = read_cells(tmp_path / "both")
    assert {(one.source, one.label) for one in joined.labels()} == {
        ("study a", "zoom"),
        ("study b", "rotation"),
        (HUMAN_ANNOTATION, "hair"),
    }


def test_what_people_said_of_other_directions_stays_behind(tmp_path):
    ours = a_run(tmp_path / "ours", [("planted", "random", 0)])
    theirs = said(a_run(tmp_path / "theirs", [("planted", "random", 0)], skill=0.9), {"b": "zoom"})
    merge([ours, theirs], tmp_path / "both")
    (joined,) = read_cells(tmp_path / "both")
    assert joined.labels() == ()


def test_names_that_cannot_be_read_cost_themselves_alone(tmp_path):
    ours = said(a_run(tmp_path / "ours", [("planted", "random", 0)]), {"study a": "zoom"})
    (cell,) = read_cells(ours)
    (cell.folder / HUMAN_ANNOTATION).write_text("zoom 22\n")
    theirs = a_run(tmp_path / "theirs", [("planted", "sefa", 0)])
    (note,) = merge([ours, theirs], tmp_path / "both")
    assert "is left out" in note
    assert "should be like '22: zoom'" in note
