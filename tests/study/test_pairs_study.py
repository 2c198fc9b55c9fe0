"""The pairs task, from the command line to the tables: which of two changes one single thing?"""

import json
import random
import shutil
from collections import Counter
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from benchmark.directions.labels import Label, add_labels
from benchmark.stats.wins import PAIR, VALUES, pair_scores
from benchmark.study.analyse import analyse_study
from benchmark.study.for_report import read_judged
from benchmark.study.labelling import label_study
from benchmark.study.tables.pair_tables import contest_table
from study_server import commands
from study_server.bundle import load_bundle
from study_server.study_settings import Settings
from study_server.tasks import Pairs, Source
from tests.command_line import done

from .conftest import default_settings

METHODS = ("discovered", "random", "coordinate")


@pytest.fixture(scope="module")
def study(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of pairs that bots have judged."""
    folder = tmp_path_factory.mktemp("pairs")
    settings = folder / "study.toml"
    settings.write_text(default_settings().replace("ratings_per_item = 5", "ratings_per_item = 2"))
    said = done(
        *("study", "build", run, "--task", "pairs", "--per-method", 4),
        *("--settings", settings, "--out", folder / "study"),
    )
    assert (
        "24 pairs, 2 ratings each: 48 ratings; 2 people or more, at 24 pairs and 6 repeats and "
        "checks each, about 8 minutes a person\n"
    ) in said
    done("study", "simulate", folder / "study", "--annotators", 4)
    return folder / "study"


def drawn(methods: int, directions: int, generators: int = 1, seed: int = 0) -> list:
    sources = [
        Source(f"g{g}", f"m{m}", k)
        for g in range(generators)
        for m in range(methods)
        for k in range(directions)
    ]
    return Pairs(Settings({}, {}, "1")).items(sources, random.Random(seed))


@pytest.mark.parametrize("generators", [1, 2])
@pytest.mark.parametrize("directions", [1, 2, 3, 8])
@pytest.mark.parametrize("methods", [2, 3, 5])
def test_every_method_meets_every_other_equally_often_on_either_side(
    methods: int, directions: int, generators: int
) -> None:
    pairs = drawn(methods, directions, generators)
    assert all(a.generator == b.generator and a.method != b.method for a, b in pairs)
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    sides = Counter((a.generator, a.method, b.method) for a, b in pairs)
    for generator in range(generators):
        for m, n in combinations(range(methods), 2):
            left = sides[f"g{generator}", f"m{m}", f"m{n}"]
            right = sides[f"g{generator}", f"m{n}", f"m{m}"]
            assert left + right == (1 if directions == 1 else 2 * directions)
            assert abs(left - right) <= 1
    shown = Counter(source for pair in pairs for source in pair)
    assert len(shown) == generators * methods * directions
    assert len(set(shown.values())) == 1
    if directions > 1:
        assert len(set(Counter(a for a, _ in pairs).values())) == 1  # as A as often as any other


@pytest.mark.parametrize("methods", [2, 4])
def test_the_pairs_of_a_generator_hang_together(methods: int) -> None:
    pairs = drawn(methods, 9)
    reached, queue = set(), [pairs[0][0]]
    while queue:
        here = queue.pop()
        if here not in reached:
            reached.add(here)
            queue += [other for pair in pairs if here in pair for other in pair]
    assert len(reached) == 9 * methods


def test_another_seed_draws_other_pairs_and_the_same_seed_the_same() -> None:
    assert drawn(2, 9, seed=1) == drawn(2, 9, seed=1)
    assert set(map(frozenset, drawn(2, 9, seed=1))) != set(map(frozenset, drawn(2, 9, seed=2)))


def test_checks_are_clear_on_either_side(study: Path) -> None:
    bundle = load_bundle(study)
    checks = {key: kind for key, kind in bundle.checks.items() if kind}
    assert Counter(checks.values())["good"] == Counter(checks.values())["still"] > 0
    for key, kind in checks.items():
        sources = bundle.sources[key]
        clear = [source.check for source in sources].index("good")
        said = bundle.task.truth(sources, random.Random(0))
        assert said == {"which": "ab"[clear]}
        assert bundle.task.score(said) == bundle.task.expected[kind]
    others = {frozenset(s.check for s in bundle.sources[key]) for key in checks}
    assert others == {frozenset({"good", "still"})}


def test_pairs_are_kept_in_the_private_map_alone(study: Path) -> None:
    hidden = json.loads((study / "private" / "map.json").read_text("utf-8"))
    pairs = [of_item for of_item in hidden["items"].values() if not of_item[0]["check"]]
    assert len(pairs) == 24
    assert hidden["provenance"]["seed"] == 0
    public = (study / "manifest.json").read_text("utf-8")
    assert not any(name in public for name in METHODS)
    assert len({len(item["shows"]) for item in json.loads(public)["items"]}) == 1


def test_the_status_speaks_of_pairs(study: Path) -> None:
    said = commands.status(study, simulated=True)
    assert said["pairs complete"] == "24 of 24"
    assert "directions complete" not in said


def test_the_analysis_says_who_wins_and_gives_no_mos(study: Path, tmp_path: Path) -> None:
    text = done("study", "analyse", study, "--simulated", "--out", tmp_path)
    assert "Whose directions are chosen?" in text
    assert "the study gives no MOS of its own" in text
    assert not list(tmp_path.glob("mos_*.csv"))
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {"wins"}
    wins = pd.read_csv(tmp_path / "wins.csv")
    assert wins["method"].tolist() == ["discovered", "coordinate", "random"]
    assert (wins["pairs"] == 16).all()
    assert wins["wins"].mean() == pytest.approx(0.5)
    contests = pd.read_csv(tmp_path / "contests.csv")
    assert len(contests) == 3
    assert (contests["pairs"] == 8).all()
    assert pd.read_csv(tmp_path / "wins_mos.csv").empty
    assert "a rating study of the same run gives it" in (tmp_path / "wins_mos.md").read_text()
    with commands.looked_at(study) as opened:
        from study_server.export import counting, judgments

        counted = counting(judgments(opened), opened.bundle.task, simulated=True)
    screened = pd.read_csv(tmp_path / "screening.csv").set_index("annotator")["excluded"]
    kept = counted[~counted["annotator"].map(screened)]
    share = {
        method: pd.concat([own["score"], 1 - other["score"]]).mean()
        for method in METHODS
        for pairs in [pair_scores(kept)]
        for own, other in [(pairs[pairs["method"] == method], pairs[pairs["method_2"] == method])]
    }
    assert wins.set_index("method")["wins"].to_dict() == pytest.approx(share, abs=1e-6)


def test_mos_of_a_rating_study_of_the_same_run_stands_beside_the_wins(
    study: Path, run: Path, tmp_path: Path
) -> None:
    own = shutil.copytree(run, tmp_path / "run")
    for method, base in zip(METHODS, (0.8, 0.2, 0.4), strict=True):
        (path,) = own.glob(f"cells/planted/{method}/0-*/directions.safetensors")
        labels = [Label(k, base + k / 100, n=4) for k in range(8)]
        add_labels(path, labels, "study 1")
        add_labels(path, [Label(k, 0.0, n=2) for k in range(8)], "study 2")
    table = analyse_study(study, own, simulated=True).table("wins_mos").frame
    assert table["method"].tolist() == ["all", "discovered", "coordinate", "random"]
    assert table["directions"].tolist() == [12, 4, 4, 4]
    by_method = table.set_index("method")["mos"]
    assert by_method["discovered"] == pytest.approx(0.8, abs=0.08)
    assert by_method["random"] < by_method["coordinate"] < by_method["discovered"]


def test_the_report_takes_the_tables_and_no_mos(study: Path, run: Path) -> None:
    judged = read_judged(study, run, simulated=True)
    assert [table.name for table in judged.tables][:3] == ["wins", "contests", "wins_mos"]
    assert judged.directions.empty
    assert [name for name, _, _ in judged.figures] == ["wins"]


def test_labels_are_left_to_a_rating_study(study: Path, run: Path) -> None:
    with pytest.raises(BenchError, match="the task pairs compares directions and names none"):
        label_study(study, run)


def test_notes_speak_of_columns_that_the_table_has() -> None:
    pairs = pd.DataFrame(
        [["g", "a", k, "b", j, 2, 0, 0.5] for k in range(2) for j in range(2)],
        columns=[*PAIR, *VALUES],
    )
    table = contest_table(pairs, ["a", "b"], SimpleNamespace(unanswered=(), simulated=False))
    assert table.frame["p_holm"].isna().all()  # of two directions of a method
    notes = [note for note in table.notes if "need 4 directions" in note]
    assert any("p_holm" in note for note in notes)
    assert not any("p_adjusted" in note for note in notes)
