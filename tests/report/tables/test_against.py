"""The comparison says what the statistics say, and says why where they cannot."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp
from statsmodels.stats.multitest import multipletests

from benchmark.core.json_files import sealed, write_json
from benchmark.report.page.glance import glances
from benchmark.report.tables.against import clear_winners, comparison_table
from benchmark.report.tables.main_table import rca_table, write_tables
from benchmark.report.words import COMPARISON
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from benchmark.runs.roles import NO_ROLES, assign_roles, known_roles
from benchmark.stats.comparison import compare_scores
from benchmark.stats.paired import compare_rca
from benchmark.tables.writing import write_table
from tests.report.drawn import MEASURES, draw_judged, write_cell


def rows_of(run):
    return headline(read_cells(run), {})


def roles_of(run, handed=NO_ROLES, named=()):
    stored = [(c.result.cell.method, c.result.role) for c in read_cells(run)]
    return assign_roles(known_roles(stored, handed), named)


def answers(run):
    """All stored answers as the statistics want them, read from the files themselves."""
    parts = []
    for path in sorted(run.glob("cells/*/*/*/predictions.parquet")):
        generator, method, folder = path.parts[-4:-1]
        place = {"generator": generator, "method": method, "seed": int(folder.split("-")[0])}
        parts.append(pd.read_parquet(path).assign(**place))
    return pd.concat(parts, ignore_index=True)


def few_seeds(here):
    return f"a claim about new runs needs at least 5 seeds, here {here}"


def test_a_row_is_what_the_paired_comparison_says(run):
    (line,) = comparison_table(rows_of(run), roles_of(run)).frame.to_dict("records")
    (oracle,) = compare_rca(answers(run), "discovered", ["random"])
    assert line["rca_difference"] == oracle.difference.value > 0
    assert line["rca_difference_low"] == oracle.difference.interval.low
    assert line["rca_difference_high"] == oracle.difference.interval.high
    assert (line["rca_p"], line["rca_p_adjusted"]) == (oracle.p, oracle.p_adjusted)
    assert (line["directions"], line["seeds"], line["note"]) == (8, 2, few_seeds("are 2"))
    first, second = oracle.by_seed
    assert line["rca_by_seed"] == f"seed 0: {first:+.3f}, seed 1: {second:+.3f}"


def test_the_claim_about_new_runs_stands_beside_that_about_these_runs(tmp_path):
    for seed in range(6):
        for method, skill in (("discovered", 0.7), ("random", 0.4), ("coordinate", 0.65)):
            write_cell(tmp_path, "planted", method, seed, skill=skill)
    table = comparison_table(rows_of(tmp_path), roles_of(tmp_path))
    lines = table.frame.to_dict("records")
    oracles = compare_rca(answers(tmp_path), "discovered", ["coordinate", "random"])
    for line, oracle in zip(lines, oracles, strict=True):
        test = ttest_1samp(oracle.by_seed, 0)
        ends = test.confidence_interval(0.95)
        assert line["rca_p_new_runs"] == pytest.approx(test.pvalue)
        assert line["rca_difference_new_runs"] == pytest.approx(np.mean(oracle.by_seed))
        assert line["rca_difference_new_runs_low"] == pytest.approx(ends.low)
        assert line["rca_difference_new_runs_high"] == pytest.approx(ends.high)
        assert line["rca_p_new_runs_signs"] == oracle.new_runs.p_signs
        assert line["rca_p"] == oracle.p != line["rca_p_new_runs"]
        assert line["note"] == ""
    holm = multipletests([line["rca_p_new_runs"] for line in lines], method="holm")[1]
    np.testing.assert_allclose([line["rca_p_new_runs_adjusted"] for line in lines], holm)
    write_table(table, tmp_path)
    for kind in ("csv", "md", "tex"):
        text = (tmp_path / f"comparison.{kind}").read_text().replace("\\_", "_")
        for name in ("rca_p", "rca_p_new_runs", "rca_difference_new_runs"):
            assert name in text


def test_words_keep_the_two_claims_apart():
    assert "these trained runs" in COMPARISON["rca_p"].words
    assert "new runs" not in COMPARISON["rca_p"].words
    assert "paired by seed" in COMPARISON["rca_p_new_runs"].words
    for name in ("rca_difference_new_runs", "rca_p_new_runs_adjusted"):
        assert "new runs" in COMPARISON[name].words


def test_two_generators_and_two_baselines_are_one_family_and_pooled(run):
    for method, skill in (("discovered", 0.6), ("random", 0.5)):
        for seed in (0, 1):
            write_cell(run, "own-net", method, seed, skill=skill)
    write_cell(run, "planted", "coordinate", 0, skill=0.3)
    frame = comparison_table(rows_of(run), roles_of(run)).frame
    assert list(zip(frame["generator"], frame["baseline"], strict=True)) == [
        ("own-net", "coordinate"),
        ("planted", "coordinate"),
        ("own-net", "random"),
        ("planted", "random"),
        ("all", "random"),
    ]
    family = frame.dropna(subset="rca_p")
    assert len(family) == 4
    assert (family["rca_p_adjusted"] >= family["rca_p"]).all()
    (note,) = frame.loc[frame["rca_p"].isna(), "note"]
    assert note == "no answers of coordinate here"


def test_unequal_k_is_a_reason_and_never_nan(tmp_path):
    write_cell(tmp_path, "planted", "discovered", 0, k=8)
    write_cell(tmp_path, "planted", "random", 0, k=4)
    table = comparison_table(rows_of(tmp_path), roles_of(tmp_path))
    (line,) = table.frame.to_dict("records")
    assert line["rca_difference"] is None
    assert line["rca_p_adjusted"] is None
    assert "equal K" in line["note"]
    assert "not on equal terms on planted: k 8 and 4" in line["note"]
    write_table(table, tmp_path)
    for kind in ("csv", "md", "tex"):
        assert "nan" not in (tmp_path / f"comparison.{kind}").read_text().lower()


def test_a_method_of_two_configurations_is_left_out_and_said_so(run):
    write_cell(run, "planted", "coordinate", 0, skill=0.3)
    write_cell(run, "planted", "random", 0, lr=1.0)
    table = comparison_table(rows_of(run), roles_of(run))
    assert list(table.frame["baseline"]) == ["coordinate"]
    assert "Left out is random on planted: it has 2 configurations in this run." in table.notes


@pytest.mark.parametrize(
    ("methods", "reason"),
    [
        (["random"], "No comparison: random is alone here, so there is nothing to compare."),
        (["discovered"], "No comparison: discovered is alone here"),
        (["random", "coordinate"], "No comparison: coordinate and random are baselines; name "),
    ],
)
def test_without_a_method_under_test_and_a_baseline_a_note_says_so(tmp_path, methods, reason):
    for method in methods:
        write_cell(tmp_path, "planted", method, 0)
    table = comparison_table(rows_of(tmp_path), roles_of(tmp_path))
    assert table.frame.empty
    (note,) = table.notes
    assert note.startswith(reason)
    write_table(table, tmp_path)
    assert "There are no rows." in (tmp_path / "comparison.md").read_text()


def test_a_side_that_only_failed_is_said_so(run):
    for path in run.glob("cells/planted/discovered/*"):
        shutil.rmtree(path)
    write_cell(run, "planted", "discovered", 0, failure="x")
    table = comparison_table(rows_of(run), roles_of(run))
    assert table.frame.empty
    assert table.notes[-1] == "No comparison: the run holds no answers of both sides."


def test_failures_alone_have_no_comparison(tmp_path):
    write_cell(tmp_path, "planted", "random", 0, failure="x")
    assert comparison_table(rows_of(tmp_path), roles_of(tmp_path)) is None


def test_each_of_several_under_test_meets_every_baseline_in_one_family(run):
    for seed in (0, 1):
        write_cell(run, "planted", "mine", seed, skill=0.9, role="method")
        write_cell(run, "planted", "coordinate", seed, skill=0.3)
    table = comparison_table(rows_of(run), roles_of(run))
    frame = table.frame
    assert list(zip(frame["method"], frame["baseline"], strict=True)) == [
        ("discovered", "coordinate"),
        ("discovered", "random"),
        ("mine", "coordinate"),
        ("mine", "random"),
    ]
    assert table.title == "discovered and mine against the baselines"
    oracles = [
        compare_rca(answers(run), method, [baseline])[0]
        for method, baseline in zip(frame["method"], frame["baseline"], strict=True)
    ]
    assert list(frame["rca_p"]) == [oracle.p for oracle in oracles]
    holm = multipletests([oracle.p for oracle in oracles], method="holm")[1]
    np.testing.assert_allclose(frame["rca_p_adjusted"].astype(float), holm)


def test_naming_one_narrows_the_comparison_and_its_family(run):
    for seed in (0, 1):
        write_cell(run, "planted", "mine", seed, skill=0.9, role="method")
    table = comparison_table(rows_of(run), roles_of(run, named=["mine"]))
    (line,) = table.frame.to_dict("records")
    assert (line["method"], line["baseline"]) == ("mine", "random")
    assert line["rca_p_adjusted"] == line["rca_p"]
    assert "discovered could be put to the test too, with --under-test." in table.notes[0]


def test_a_run_without_discovered_compares_what_it_has(tmp_path):
    """Who is under test is what the cells say, whatever anything is called."""
    for method, role in (("random", "method"), ("zebra", "baseline")):
        write_cell(tmp_path, "planted", method, 0, role=role)
    (line,) = comparison_table(rows_of(tmp_path), roles_of(tmp_path)).frame.to_dict("records")
    assert (line["method"], line["baseline"]) == ("random", "zebra")


def test_terms_are_those_of_the_two_that_are_compared(run):
    write_cell(run, "planted", "mine", 0, role="method", batch=7)
    for path in run.glob("cells/planted/random/*/result.json"):
        content = json.loads(path.read_text())
        content["config"]["protocol"]["batch"] = 7
        write_json(path, sealed(content))
    frame = comparison_table(rows_of(run), roles_of(run)).frame.set_index("method")
    assert frame.loc["mine", "note"] == few_seeds("is 1")
    unequal = "not on equal terms on planted: batch None and 7"
    assert frame.loc["discovered", "note"] == f"{few_seeds('are 2')}; {unequal}"


def test_methods_on_other_weights_are_not_on_equal_terms(run, monkeypatch):
    monkeypatch.setattr("tests.report.drawn.weights_hash", lambda generator: "f" * 64)
    write_cell(run, "planted", "mine", 0, role="method")
    frame = comparison_table(rows_of(run), roles_of(run)).frame.set_index("method")
    weights = f"not on equal terms on planted: weights {'f' * 10} and "
    assert weights in frame.loc["mine", "note"]
    assert "weights" not in frame.loc["discovered", "note"]


def test_people_stand_beside_r(run):
    judged = draw_judged(simulated=False)
    table = comparison_table(rows_of(run), roles_of(run), judged)
    (line,) = table.frame.to_dict("records")
    (oracle,) = compare_scores(judged.directions, "discovered", ["random"])
    assert line["mos_difference"] == oracle.difference.value
    assert (line["mos_p"], line["mos_odds_ratio"]) == (oracle.p, oracle.odds_ratio)
    assert (line["mos_directions"], line["answers"]) == ("7 and 7", "people")
    assert list(table.frame) == list(table.columns)
    assert "imulated" not in table.title


def test_all_pairs_that_people_judged_are_one_family(run):
    shares = {"discovered": 0.8, "mine": 0.6, "random": 0.35, "coordinate": 0.3}
    rng = np.random.default_rng(3)
    for method, role in (("mine", "method"), ("coordinate", "baseline")):
        write_cell(run, "planted", method, 0, role=role)
    scores = pd.DataFrame(
        [
            {"generator": "planted", "method": method, "direction": str(k), "mos": mos}
            for method, share in shares.items()
            for k, mos in enumerate(rng.binomial(10, share, 8) / 10)
        ]
    )
    judged = replace(draw_judged(simulated=False), directions=scores)
    frame = comparison_table(rows_of(run), roles_of(run), judged).frame
    pairs = list(zip(frame["method"], frame["baseline"], strict=True))
    assert len(set(pairs)) == 4
    p = [compare_scores(scores, method, [baseline])[0].p for method, baseline in pairs]
    assert frame["mos_p"].tolist() == p
    holm = multipletests(p, method="holm")[1]
    np.testing.assert_allclose(frame["mos_p_adjusted"].astype(float), holm)
    assert (holm < 0.9).all()  # one that is cut off at 1 would say nothing of the family


def test_a_pair_that_the_study_left_out_says_so(run):
    write_cell(run, "planted", "coordinate", 0, skill=0.3)
    frame = comparison_table(rows_of(run), roles_of(run), draw_judged()).frame.set_index("baseline")
    assert frame.loc["coordinate", "mos_difference"] is None
    unjudged = "the study judged no directions of both"
    assert frame.loc["coordinate", "note"] == f"{few_seeds('is 1')}; {unjudged}"


def test_simulated_answers_are_called_so_in_every_file(run):
    write_table(comparison_table(rows_of(run), roles_of(run), draw_judged()), run)
    for kind in ("csv", "md", "tex"):
        assert "simulated" in (run / f"comparison.{kind}").read_text()


def test_the_page_says_what_each_column_means_and_the_tabular_has_its_rules(run):
    table = comparison_table(rows_of(run), roles_of(run))
    write_table(table, run)
    text = (run / "comparison.md").read_text()
    assert text.startswith("# discovered against the baselines\n")
    for name in table.frame:
        assert f"- `{name}`: " in text
    tex = (run / "comparison.tex").read_text()
    assert r"\caption{discovered against the baselines. " in tex
    assert r"\toprule" in tex
    assert r"\bottomrule" in tex


def bold(run):
    rows = rows_of(run)
    return clear_winners(rows, comparison_table(rows, roles_of(run)))


def test_bold_is_what_the_comparison_finds_ahead_of_all_others(tmp_path):
    for method, skill in (("discovered", 0.9), ("random", 0.2), ("coordinate", 0.25)):
        write_cell(tmp_path, "planted", method, 0, k=12, n=3000, skill=skill)
    frame = comparison_table(rows_of(tmp_path), roles_of(tmp_path)).frame
    assert (frame["rca_p_adjusted"] < 0.05).all()
    assert bold(tmp_path) == [("planted", "discovered")]
    write_tables(rows_of(tmp_path), MEASURES, tmp_path, bold(tmp_path))
    lines = [line for line in (tmp_path / "rca.md").read_text().splitlines() if "**" in line]
    assert [line.split(" | ")[1] for line in lines] == ["discovered"]


def test_nothing_is_bold_by_a_p_that_is_small_only_alone(tmp_path):
    for method, skill in (("discovered", 0.7), ("random", 0.5), ("coordinate", 0.1)):
        write_cell(tmp_path, "x", method, 0, k=16, n=2000, skill=skill)
        write_cell(tmp_path, "y", method, 0, k=16, n=2000, skill=0.3)
    frame = comparison_table(rows_of(tmp_path), roles_of(tmp_path)).frame
    pairs = frame.set_index(["generator", "baseline"])
    assert pairs.loc[("x", "coordinate"), "rca_p_adjusted"] < 0.05
    close = pairs.loc[("x", "random")]
    assert close["rca_p"] < 0.05 < close["rca_p_adjusted"]
    assert bold(tmp_path) == []


def test_nothing_is_bold_that_the_comparison_does_not_call_ahead(tmp_path):
    """The highest figure with an interval of its own above all others is not enough."""
    for method, skill in (("discovered", 0.9), ("random", 0.2)):
        write_cell(tmp_path, "planted", method, 0, k=4, n=4000, skill=skill)  # 4 pairs: p >= 0.125
    table = rca_table(rows_of(tmp_path), MEASURES).sort_values("rca_fresh")
    first, second = table.to_dict("records")
    assert first["rca_fresh_high"] < second["rca_fresh_low"]
    assert bold(tmp_path) == []


def test_nothing_is_bold_that_is_the_mean_over_other_seeds(tmp_path):
    for method, skill in (("discovered", 0.9), ("random", 0.2)):
        write_cell(tmp_path, "planted", method, 0, k=12, n=3000, skill=skill)
    assert bold(tmp_path) == [("planted", "discovered")]
    write_cell(tmp_path, "planted", "discovered", 1, k=12, n=3000, skill=0.05)
    assert bold(tmp_path) == []


def test_nothing_is_bold_on_unequal_terms_or_beside_what_was_not_compared(tmp_path):
    kinds = {"k": 12, "n": 3000}
    write_cell(tmp_path / "a", "planted", "discovered", 0, skill=0.9, **kinds)
    write_cell(tmp_path / "a", "planted", "random", 0, skill=0.2, batch=7, **kinds)
    assert bold(tmp_path / "a") == []
    rows = rows_of(tmp_path / "a")
    table = comparison_table(rows, roles_of(tmp_path / "a"))
    (glance,) = glances(rca_table(rows, MEASURES), MEASURES, table)
    assert table.frame.loc[0, "rca_p_adjusted"] < 0.05
    assert "; but not on equal terms on planted: batch None and 7." in glance.sentences[0]
    for method, skill in (("discovered", 0.9), ("random", 0.2)):
        write_cell(tmp_path / "b", "planted", method, 0, skill=skill, **kinds)
    write_cell(tmp_path / "b", "planted", "mine", 0, skill=0.3, role="method", **kinds)
    assert bold(tmp_path / "b") == []  # nobody compared the two that are under test
