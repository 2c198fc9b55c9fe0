"""What stands aside of the main table: in tables of its own, and nowhere else in the way."""

import pandas as pd
import pytest

from benchmark.metrics import METRICS
from benchmark.report.making import write_report
from benchmark.report.tables.main_table import metrics_table, write_tables
from benchmark.report.tables.rescoring import matrix_table, write_rescoring
from benchmark.runs.meanings import note_measures
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from benchmark.tables.table import Column
from tests.report.drawn import MEASURES, write_cell

ASIDE = {"activeness": 0.25, "dead_directions": 0.5, "eps_half": None, "attribute_share": 0.75}
K = 4


@pytest.fixture
def run(tmp_path):
    """Two methods that were measured by all metrics, and a third before there were so many."""
    for method in ("discovered", "random"):
        for seed in (0, 1):
            figures = {
                **ASIDE,
                "activeness": 0.25 + seed,
                "attribute_correlation": 0.5,
                "words": {"attribute": ["smile", None, "<b>hat</b>", "=1+1"]},
                "matrices": {
                    "rescoring": {"smile": [0.1, 0.2, 0.3, 0.4], "hat": [seed, 0, None, 0]}
                },
            }
            write_cell(tmp_path, "planted", method, seed, k=K, figures=figures)
    write_cell(tmp_path, "planted", "coordinate", 0, k=K)
    note_measures(tmp_path, METRICS)
    return tmp_path


def rows_of(run):
    return headline(read_cells(run), {})


def test_the_main_table_has_two_more_columns_and_the_others_stand_aside(run):
    write_tables(rows_of(run), MEASURES, run)
    main, more = (pd.read_csv(run / f"{name}.csv") for name in ("rca", "metrics"))
    assert {"attribute_correlation"} == {*main} & {*ASIDE, "attribute_correlation", "mig", "vp_1"}
    assert list(more) == [
        *("generator", "method", "activeness", "dead_directions", "attribute_share", "seeds")
    ]
    assert more.set_index("method")["activeness"].to_dict() == pytest.approx(
        {"discovered": 0.75, "random": 0.75, "coordinate": float("nan")}, nan_ok=True
    )
    note = "`eps_half` is empty for discovered on planted, random on planted: it was measured"
    assert note in (run / "rca.md").read_text()
    assert note not in (run / "metrics.md").read_text()


def test_at_most_two_of_our_own_columns_joined_the_main_table():
    assert set(MEASURES.of_main) - {
        *("rca_fresh", "rca_joint", "top5", "shift_error", "max_cosine", "effective_rank"),
        *("collapse", "recovery"),
    } == {"eps_half", "attribute_correlation"}


def test_words_stand_beside_the_figures_of_directions(run):
    write_tables(rows_of(run), MEASURES, run)
    table = pd.read_csv(run / "directions.csv", keep_default_na=False)
    own = table[(table["method"] == "random") & (table["seed"] == 1)]
    assert own["attribute"].tolist() == ["smile", "", "<b>hat</b>", "'=1+1"]
    assert (table[table["method"] == "coordinate"]["attribute"] == "").all()


def test_the_rescoring_matrix_is_a_long_table(run):
    write_rescoring(rows_of(run), run)
    table = pd.read_csv(run / "rescoring.csv").set_index(["method", "seed", "k", "attribute"])
    assert len(table) == 2 * 2 * K * 2
    assert table["value"]["random", 1, 0, "hat"] == 1.0
    assert table["value"]["discovered", 0, 3, "smile"] == 0.4
    assert table["value"].isna().sum() == 4
    assert matrix_table(rows_of(run), "nothing", "attribute", Column("It.")) is None


def test_the_file_of_re_scoring_holds_six_digits_and_the_table_all(tmp_path):
    third = {"rescoring": {"smile": [1 / 3, -2e-9 / 3, 0.5, None]}}
    write_cell(tmp_path, "planted", "random", 0, k=K, figures={"matrices": third})
    write_rescoring(rows_of(tmp_path), tmp_path)
    values = [line.split(",")[-1] for line in (tmp_path / "rescoring.csv").read_text().split()]
    assert values == ["value", "0.333333", "-6.66667e-10", "0.5", ""]
    table = matrix_table(rows_of(tmp_path), "rescoring", "attribute", Column("It."))
    assert table.frame["value"].iloc[0] == 1 / 3


def test_a_run_without_any_has_no_such_tables(tmp_path):
    write_cell(tmp_path, "planted", "random", 0)
    write_report(tmp_path)
    assert metrics_table(rows_of(tmp_path), MEASURES) is None
    assert not list(tmp_path.glob("metrics.*"))
    assert not list(tmp_path.glob("rescoring.*"))
    assert "More metrics" not in (tmp_path / "report.html").read_text("utf-8")


def test_the_page_shows_them_and_says_words_as_they_are(run):
    write_report(run)
    html = (run / "report.html").read_text("utf-8")
    assert 'id="table-metrics"' in html
    assert 'id="table-seed_agreement"' in html
    assert "; attribute smile" in html
    assert "<b>hat</b>" not in html
    assert "attribute &lt;b&gt;hat&lt;/b&gt;" in html
    every_run = html.partition('id="table-seeds"')[2].partition("</table>")[0]
    assert "activeness" not in every_run
