"""From a study to its analysis: a true difference is found, none is not, and nothing is NaN."""

import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from statsmodels.stats.multitest import multipletests

from benchmark.cli.main import main
from benchmark.runs.roles import NO_ROLES
from benchmark.study.analyse import Analysis, analyse, analyse_study
from benchmark.study.figures import write_figures
from benchmark.tables.writing import write_table
from study_server import commands
from study_server.simulate import Bot
from study_server.tasks.question import Answer
from tests.stats.conftest import simulate
from tests.stats.test_never_nan import spoiled

from .conftest import CLEAR, ORDER, ROLES, drawn, gather, known_accuracies, let_people_judge, named

TEXT = (".csv", ".md", ".tex", ".svg")


def bench(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def alike(bot: Bot, item_id: str) -> Answer:
    """Every method's directions are clear with the same chance."""
    (source,) = bot.sources[item_id]
    if source.check:
        return bot.truth(item_id)
    own = random.Random(f"{source.method}/{source.direction}")
    clear = (own.random() < 0.5) != (bot.rng.random() < 0.05)
    return named(bot, clear, own)


def assert_same(first: Analysis, second: Analysis, but: str = "") -> None:
    """In all tables but one."""
    for before, after in zip(first.tables, second.tables, strict=True):
        if before.name != but:
            pd.testing.assert_frame_equal(before.frame, after.frame, check_exact=True)
            if before.name != "participants":  # how long people took is not in every schema
                assert before.notes == after.notes
    pd.testing.assert_frame_equal(first.directions, second.directions, check_exact=True)
    assert (first.plan, first.screening) == (second.plan, second.screening)


def test_a_planted_difference_is_found(answered: Path) -> None:
    analysis = analyse_study(answered)
    frame = analysis.table("comparisons").frame
    assert frame["baseline"].tolist() == ["coordinate", "random"]
    assert (frame["p_holm"] < 0.05).all()
    assert (frame["difference_low"] > 0).all()
    assert len(analysis.directions) == 24
    assert (analysis.directions["n"] == 3).all()
    assert (
        analysis.directions.loc[analysis.directions["label"].notna(), "label"]
        .str.endswith(" shift")
        .all()
    )


def test_where_there_is_none_none_is_found(study: Path) -> None:
    let_people_judge(study, alike, 3)
    frame = analyse_study(study).table("comparisons").frame
    assert (frame["p_holm"] > 0.05).all()
    assert (frame["difference_low"] < 0).all()
    assert (frame["difference_high"] > 0).all()


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_an_imported_export_gives_the_same_tables(
    answered: Path, study: Path, tmp_path: Path, kind: str
) -> None:
    before = analyse_study(answered)
    export = tmp_path / f"answers.{kind}"
    assert bench("study", "export", answered, "--format", kind, "--out", export).exit_code == 0
    assert not (study / "private" / "study.sqlite").exists()  # the same study, its answers lost
    imported = bench("study", "import", study, export)
    assert imported.exit_code == 0, imported.output
    # An export does not say how people came and ended.
    assert_same(before, analyse_study(study), but="participants")
    again = bench("study", "import", study, export)
    assert again.exit_code == 2
    assert "already holds" in again.output


def test_the_command_counts_people_and_bots_apart(study: Path, tmp_path: Path) -> None:
    commands.simulate(study, 3)
    refused = bench("study", "analyse", study)
    assert refused.exit_code == 2
    assert "--simulated" in refused.output
    done = bench("study", "analyse", study, "--simulated", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "Simulated: The method against each baseline" in done.output
    assert "is the one stored when the study was built" in done.output
    assert pd.read_csv(tmp_path / "out" / "comparisons.csv")["annotators"].eq("simulated").all()
    participants = pd.read_csv(tmp_path / "out" / "participants.csv").set_index("step")["people"]
    assert participants["analysed"] == participants["judged a direction"] == 3
    paragraph = (tmp_path / "out" / "METHODS.txt").read_text(encoding="utf-8")
    assert paragraph.startswith("3 simulated annotators were invited")
    named = bench("study", "analyse", study, "--simulated", "--method", "randm")
    assert named.exit_code == 2
    assert "did you mean random" in named.output


def test_label_and_plan_as_they_are_typed(answered: Path, tmp_path: Path) -> None:
    nowhere = bench("study", "label", answered, "--run", tmp_path)
    assert nowhere.exit_code == 2
    assert "--run" in nowhere.output
    planned = bench("study", "plan", "--studies", 100, "--out", tmp_path / "plan")
    assert planned.exit_code == 0, planned.output
    assert re.search(
        r"\d+ directions per method, \d ratings each, by \d+ annotators", planned.output
    )
    assert (tmp_path / "plan" / "power.webp").exists()


@pytest.mark.parametrize(
    ("sizes", "change"),
    [
        ({"annotators": 1, "ratings": 1}, {}),
        ({"directions": 1}, {}),
        ({"directions": 1, "annotators": 1, "ratings": 1}, {}),
        ({"directions": 3}, {"mos": 1, "consistent": True, "single": True}),
        ({}, {"category": None}),
        ({"directions": 3}, {"mos": 0, "consistent": False, "single": False, "category": None}),
    ],
)
def test_small_and_uniform_studies_have_numbers_or_reasons(sizes, change) -> None:
    judgments = drawn(**{"generators": 2, "directions": 6, "annotators": 6, **sizes})
    judgments = judgments.assign(**change)
    check_no_nan(analyse(gather(judgments, known_accuracies(judgments))))


@pytest.mark.parametrize("seed", range(6))
def test_spoiled_studies_have_numbers_or_reasons(seed: int) -> None:
    judgments = spoiled(np.random.default_rng(seed), simulate)
    check_no_nan(analyse(gather(judgments)))


def check_no_nan(analysis: Analysis) -> None:
    """Every cell holds an answer, or None and the table a note."""
    for table in analysis.tables:
        values = [value for column in table.frame for value in table.frame[column]]
        assert not any(isinstance(value, float) and value != value for value in values), table.name
        unanswered = table.frame.drop(columns=["category", "label", "rca"], errors="ignore")
        if any(value is None for column in unanswered for value in unanswered[column]):
            assert any(re.search("undefined for|interval for", note) for note in table.notes), (
                table.name
            )
        assert list(table.frame) == list(table.columns)


def test_methods_of_the_study_are_all_there(material) -> None:
    assert set(analyse(material).table("mos_methods").frame["method"]) == set(CLEAR)


def test_roles_come_from_the_study_then_from_the_command_line(
    material,
) -> None:
    def compared(roles, handed=NO_ROLES, method=None):
        table = analyse(replace(material, roles=roles), method, handed).table("comparisons")
        return sorted(set(zip(table.frame["method"], table.frame["baseline"], strict=True))), table

    usual = [("discovered", "coordinate"), ("discovered", "random")]
    assert compared(ROLES)[0] == usual
    assert compared({}, ROLES)[0] == usual
    stored = {"discovered": "baseline", "random": "method", "coordinate": "baseline"}
    assert compared(stored, ROLES)[0] == [("random", "coordinate"), ("random", "discovered")]
    pairs, table = compared({})
    assert pairs == []
    assert any("name who is under test with --method" in note for note in table.notes)
    assert compared({}, method="discovered")[0] == usual


def test_several_under_test_are_one_family_in_every_table_of_comparisons(material) -> None:
    roles = {"discovered": "method", "random": "baseline", "coordinate": "method"}
    analysis = analyse(replace(material, roles=roles))
    frame = analysis.table("comparisons").frame
    assert set(frame["method"]) == {"discovered", "coordinate"}
    assert set(frame["baseline"]) == {"random"}
    holm = multipletests(frame["p"].astype(float), method="holm")[1]
    np.testing.assert_allclose(frame["p_holm"].astype(float), holm)
    assert set(analysis.table("sensitivity").frame["method"]) == {"discovered", "coordinate"}
    assert analysis.order == ("coordinate", "discovered", "random")


def test_every_table_has_the_order_of_the_roles(material) -> None:
    analysis = analyse(material)
    for name in ("mos_methods", "change_types", "mos_directions"):
        frame = analysis.table(name).frame
        for _, group in frame.groupby("generator"):
            assert list(dict.fromkeys(group["method"])) == list(ORDER), name
    first, *_ = (group for _, group in analysis.table("rca_mos").frame.groupby("generator"))
    assert first["method"].tolist() == ["all", *ORDER]


def test_every_file_of_bots_carries_the_word_and_no_other(material, tmp_path: Path) -> None:
    bots = gather(material.judgments.assign(simulated=True), material.accuracies, simulated=True)
    for name, given in (("bots", bots), ("people", material)):
        analysis, folder = analyse(given), tmp_path / name
        for table in analysis.tables:
            write_table(table, folder)
        write_figures(analysis, folder / "figures")
    files = [path for path in (tmp_path / "bots").rglob("*") if path.suffix in TEXT]
    assert len(files) == 9 * 3 + 3
    for path in files:
        assert "simulated" in path.read_text().casefold(), path
        beside = tmp_path / "people" / path.relative_to(tmp_path / "bots")
        assert "simulated annotators" not in beside.read_text(), path
