"""The scripts of a handed-over study: R and Python find its tables again from its data alone."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.study.analyse import analyse
from benchmark.study.exclusions import screened
from benchmark.study.handover.frames import as_csv
from benchmark.study.handover.main_tables import (
    main_comparisons,
    main_contests,
    main_methods,
    main_wins,
    t_interval,
)
from benchmark.study.handover.package import write_scripts
from study_server.tasks import Pairs
from tests.stats.test_wins import simulate_pairs
from tests.study.conftest import ROLES, drawn, gather

ANALYSIS = Path(sys.modules["benchmark.study.handover"].__path__[0]) / "analysis"
KEYS = {
    "methods": ["generator", "method"],
    "comparisons": ["generator", "method", "baseline"],
    "wins": ["generator", "method"],
    "contests": ["generator", "method", "other"],
}
PAIRS = {
    "wins": "directions pairs judgments ties wins wins_low wins_high decided",
    "contests": "pairs judgments ties wins wins_low wins_high decided p p_holm",
}
CLOSED_FORM = {
    "methods": "directions ratings mos mos_t_low mos_t_high interpretable interpretable_low "
    "interpretable_high",
    "comparisons": "method_directions baseline_directions difference difference_t_low "
    "difference_t_high odds_ratio",
}
WITHOUT_DRAWS = {  # where directions are few, these need no random numbers either
    "methods": CLOSED_FORM["methods"] + " mos_low mos_high",
    "comparisons": CLOSED_FORM["comparisons"] + " difference_low difference_high p p_holm",
}
COMMANDS = {
    "python": [sys.executable, "-I", "analysis/reproduce.py"],
    "r": ["Rscript", "--vanilla", "analysis/reproduce.R"],
}
LANGUAGES = [
    "python",
    pytest.param(
        "r",
        marks=pytest.mark.skipif(
            shutil.which("Rscript") is None, reason="no R: apt-get install r-base-core"
        ),
    ),
]


OUT = "somebody left out"


def as_exported(judgments: pd.DataFrame, score: str) -> pd.DataFrame:
    """The judgments that count amid what else an export holds: checks, and what says the opposite,
    as earlier revisions, hidden repeats and somebody who is left out."""
    opposite = judgments.assign(**{score: 1 - judgments[score]})
    revised = np.arange(len(judgments)) % 3 == 0
    latest = np.where(revised, 10, 0)
    checks = judgments.drop_duplicates("annotator").assign(check="good", method="edited")
    if "method_2" in checks:
        checks = checks.assign(method_2="still")
    return pd.concat(
        [
            judgments.assign(revision=latest),
            opposite[revised].assign(revision=9),  # as text it comes after 10
            opposite[~revised].assign(revision=0, repeat=1),
            opposite.assign(revision=0, annotator=OUT),
            checks.assign(revision=0),
        ]
    )


def handed_over(folder: Path, judgments: pd.DataFrame) -> Path:
    """The part of a package that its scripts read."""
    material = gather(judgments)
    analysis = analyse(material)
    out = {one.annotator for one in screened(material)[1] if one.excluded}
    out.add(OUT)
    people = pd.DataFrame({"annotator": [*sorted(set(judgments["annotator"])), OUT]})
    roles = pd.DataFrame({"method": list(ROLES), "role": list(ROLES.values())})
    for name, frame in {
        "data/study-x_description-judgments_data.csv": as_exported(judgments, "mos"),
        "data/study-x_description-annotators_data.csv": people.assign(
            counted=~people["annotator"].isin(out)
        ),
        "data/study-x_description-directions_data.csv": roles,
        "results/main_methods.csv": main_methods(analysis),
        "results/main_comparisons.csv": main_comparisons(analysis),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(as_csv(frame), encoding="utf-8")
    write_scripts("mos_methods", folder / "analysis")
    return folder


def pairs_handed_over(folder: Path, judgments: pd.DataFrame) -> Path:
    """The same of a study of pairs."""
    settings = gather(drawn(directions=4, annotators=6)).settings
    asked = judgments.assign(which=judgments["mos"].astype(str))
    analysis = analyse(gather(asked, task=Pairs(settings), shown=1))
    score = judgments.rename(columns={"mos": "score"})
    people = [*sorted(set(judgments["annotator"])), OUT]
    for name, frame in {
        "data/study-x_description-judgments_data.csv": as_exported(score, "score"),
        "data/study-x_description-annotators_data.csv": pd.DataFrame(
            {"annotator": people, "counted": [*[True] * (len(people) - 1), False]}
        ),
        "results/main_wins.csv": main_wins(analysis),
        "results/main_contests.csv": main_contests(analysis),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(as_csv(frame), encoding="utf-8")
    write_scripts("wins", folder / "analysis")
    return folder


def run_script(folder: Path, language: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMANDS[language], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def check_reproduced(folder: Path, language: str, exact: dict[str, str]) -> None:
    done = run_script(folder, language)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The tables are those in results." in done.stdout
    for name, columns in exact.items():
        stored = pd.read_csv(folder / "results" / f"main_{name}.csv").set_index(KEYS[name])
        again = pd.read_csv(folder / "results" / f"{language}_{name}.csv").set_index(KEYS[name])
        assert len(stored) == len(again) > 0
        again = again.loc[stored.index]
        for column in columns.split():
            own, other = (frame[column].astype(float).to_numpy() for frame in (stored, again))
            np.testing.assert_allclose(other, own, rtol=0, atol=1e-9, err_msg=column)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_study_with_bootstraps_and_random_labels(tmp_path: Path, language: str) -> None:
    judgments = drawn(generators=2, directions=12, annotators=10)
    check_reproduced(handed_over(tmp_path, judgments), language, CLOSED_FORM)


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_directions_some_missing_some_unanimous_need_no_draws(
    tmp_path: Path, language: str
) -> None:
    judgments = drawn(seed=3, generators=3, directions=4, annotators=6)
    first, second, third = sorted(judgments["generator"].unique())
    gone = (judgments["generator"] == first) & (judgments["method"] == "random")
    gone |= judgments["generator"].eq(third) & judgments["method"].ne("discovered")
    judgments = judgments[~gone]
    clear = (judgments["generator"] == second) & (judgments["method"] == "discovered")
    judgments = judgments.assign(mos=judgments["mos"].where(~clear, 1))
    folder = handed_over(tmp_path, judgments)
    stored = pd.read_csv(folder / "results" / "main_comparisons.csv")
    assert stored["exact"].sum() == 4  # both baselines, one pooled, where they have directions
    check_reproduced(folder, language, WITHOUT_DRAWS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["02", "NA"])
def test_a_baseline_whose_name_looks_like_a_number_or_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, language: str
) -> None:
    judgments = drawn(directions=4, annotators=6)
    monkeypatch.setitem(ROLES, name, "baseline")
    named = judgments.assign(method=judgments["method"].replace("random", name))
    done = run_script(handed_over(tmp_path, named), language)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The tables are those in results." in done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_script_sees_where_a_table_says_something_else(tmp_path: Path, language: str) -> None:
    folder = handed_over(tmp_path, drawn(directions=4, annotators=6))
    path = folder / "results" / "main_methods.csv"
    table = pd.read_csv(path)
    table.assign(mos=table["mos"] + 1e-6).to_csv(path, index=False)
    done = run_script(folder, language)
    assert done.returncode == 1
    assert "methods mos differs" in done.stdout
    assert "NOT those" in done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_study_of_pairs(tmp_path: Path, language: str) -> None:
    levels = {"a": 0.8, "b": 0.0, "c": -0.4}
    judgments = simulate_pairs(np.random.default_rng(5), levels, 6, generators=2)
    folder = pairs_handed_over(tmp_path, judgments)
    check_reproduced(folder, language, PAIRS)
    path = folder / "results" / "main_wins.csv"
    table = pd.read_csv(path)
    table.assign(strength=table["strength"] + 1e-5).to_csv(path, index=False)
    done = run_script(folder, language)
    assert done.returncode == 1
    assert "wins strength differs" in done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("names", [("1", "02"), ("NA", "null", "b")])
def test_methods_whose_names_look_like_numbers_or_gaps(
    tmp_path: Path, names: tuple[str, ...], language: str
) -> None:
    levels = dict(zip(names, (0.8, 0.0, -0.4), strict=False))
    judgments = simulate_pairs(np.random.default_rng(5), levels, 4)
    done = run_script(pairs_handed_over(tmp_path, judgments), language)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The tables are those in results." in done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_pairs_of_few_directions_or_of_one_who_wins_all(tmp_path: Path, language: str) -> None:
    few = simulate_pairs(np.random.default_rng(1), {"a": 0.0, "b": 0.0}, 3)
    clear = simulate_pairs(np.random.default_rng(2), {"a": 0.0, "b": 0.0}, 5)
    won = np.where(clear["method"] == "a", 1.0, 0.0)
    both = pd.concat([few, clear.assign(mos=won, generator="g9", generator_2="g9")])
    folder = pairs_handed_over(tmp_path, both.reset_index(drop=True))
    stored = pd.read_csv(folder / "results" / "main_wins.csv").set_index(["generator", "method"])
    assert stored.loc[("g9", "a"), "wins"] == 1
    assert stored.loc["g0", "wins_low"].isna().all()
    check_reproduced(folder, language, PAIRS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pairs_that_all_have_one_score(tmp_path: Path, language: str) -> None:
    few = simulate_pairs(np.random.default_rng(1), {"a": 0.0, "b": 0.0}, 3)
    alike = simulate_pairs(np.random.default_rng(2), {"a": 0.0, "b": 0.0}, 5, ratings=3)
    pair = ["method", "direction", "method_2", "direction_2"]
    one_of_three = alike.groupby(pair).cumcount() == 0
    won = np.where(alike["method"] == "a", one_of_three, ~one_of_three).astype(float)
    both = pd.concat([few, alike.assign(mos=won, generator="g9", generator_2="g9")])
    folder = pairs_handed_over(tmp_path, both.reset_index(drop=True))
    stored = pd.read_csv(folder / "results" / "main_wins.csv").set_index(["generator", "method"])
    share, low, high = stored.loc[("g9", "a"), ["wins", "wins_low", "wins_high"]]
    assert share == pytest.approx(1 / 3)
    assert high - low > 0.2
    check_reproduced(folder, language, PAIRS)


@pytest.mark.parametrize("name", ["reproduce_mos", "reproduce_wins"])
def test_the_scripts_need_nothing_of_ours(name: str) -> None:
    source = (ANALYSIS / f"{name}.py").read_text(encoding="utf-8")
    imported = set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE))
    assert imported <= {"itertools", "math", "sys", "pathlib", "typing", "numpy", "pandas", "scipy"}
    assert not re.search(r"library\(|require\(|::", (ANALYSIS / f"{name}.R").read_text())


def test_the_t_interval_is_welch_s() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.random(7), rng.random(12)
    welch = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    np.testing.assert_allclose(t_interval([first, second], [1, -1]), (welch.low, welch.high))
    single = stats.ttest_1samp(first, 0).confidence_interval()
    np.testing.assert_allclose(t_interval([first], [1]), (single.low, single.high))
    assert t_interval([np.ones(5)], [1]) == (None, None)
    assert t_interval([np.ones(1), first], [1, -1]) == (None, None)
