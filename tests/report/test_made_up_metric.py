"""A metric that only its own file knows is shown everywhere, by what it says of its columns."""

import json
import re
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from benchmark.core.json_files import sealed, write_json
from benchmark.metrics import METRICS
from benchmark.metrics.metric import Metric
from benchmark.report.figures import methods
from benchmark.report.making import write_report
from benchmark.report.tables.main_table import rca_table, seed_table
from benchmark.runs.meanings import measures_in, note_measures
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells, read_run
from benchmark.tables.table import Column
from tests.report.drawn import ORDER, write_cell


class Light(Metric):
    """All that a user must write, the computation aside."""

    columns: ClassVar = {"glare": Column("How much brighter images become.", better="low")}
    direction_columns: ClassVar = {"glow": Column("How bright the direction is.", better="low")}

    def of_cell(self, cell, table):
        raise NotImplementedError


def draw_run(run, glare=True):
    """Two methods with two seeds, one of them in two configurations, and an ablation over K."""
    shown, points = {}, []
    for method in ("discovered", "random"):
        for seed in (0, 1):
            k = 8
            figures = {"glare": 0.625 + seed / 8} if glare else {}
            glow = {"glow": [0.25 + i / 16 for i in range(k)]} if glare else {}
            cell = write_cell(
                run, "planted", method, seed, k=k, figures=figures, of_directions=glow
            )
        shown[method] = cell.config_hash
        points.append({"method": method, "config_hash": cell.config_hash, "k": k})
    write_cell(run, "planted", "random", 0, lr=0.5)  # before the metric was there
    write_json(run / "run.json", {"headline": {"planted": shown}})
    write_json(run / "ablation_k.json", {"planted": {"seeds": [0, 1], "points": points}})
    return run


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The same run with the metric, and without."""
    with_it = draw_run(tmp_path_factory.mktemp("with"))
    note_measures(with_it, {**METRICS, "light": Light()})
    without = draw_run(tmp_path_factory.mktemp("without"), glare=False)
    for run in (with_it, without):
        write_report(run)
    return with_it, without


def page(run):
    return (run / "report.html").read_text("utf-8")


def inside(html, start, end):
    return html.partition(start)[2].partition(end)[0]


PLACES = {
    "rca.csv": lambda run: pd.read_csv(run / "rca.csv")["glare"].tolist() == [0.6875, 0.6875],
    "rca.md": lambda run: "| 0.688 |" in (run / "rca.md").read_text(),
    "words": lambda run: "- `glare`: How much brighter" in (run / "rca.md").read_text(),
    "rca.tex": lambda run: "glare" in (run / "rca.tex").read_text(),
    "seeds.csv": lambda run: pd.read_csv(run / "seeds.csv")["glare"].tolist() == [0.625, 0.75] * 2,
    "directions.csv": lambda run: pd.read_csv(run / "directions.csv")["glow"].max() == 0.6875,
    "recipe.csv": lambda run: pd.read_csv(run / "recipe.csv")["glare"].isna().sum() == 1,
    "recipe.md": lambda run: "- `glare`: " in (run / "recipe.md").read_text(),
    "ablation_k.csv": lambda run: (pd.read_csv(run / "ablation_k.csv")["glare"] == 0.6875).all(),
    "ablation_k.md": lambda run: "- `glare`: " in (run / "ablation_k.md").read_text(),
    "price figure": lambda run: "glare" in drawn_words(run, "price"),
    "ablation figure": lambda run: "glare" in drawn_words(run, "ablation_k"),
    "card": lambda run: "glare 0.688" in inside(page(run), 'id="glance"', "</section>"),
    "what RCA was bought with": lambda run: re.search(
        r"what it was bought with: [^;]*\bglare\b", page(run)
    ),
    "main table of the page": lambda run: (
        "How much brighter" in inside(page(run), 'id="table-rca"', "</details>")
    ),
    "every run of the page": lambda run: (
        "How much brighter" in inside(page(run), 'id="table-seeds"', "</details>")
    ),
    "sorted by": lambda run: '<option value="glow" data-better="low">glow</option>' in page(run),
    "a fact under the picture": lambda run: (
        "; glow 0.250" in inside(page(run), "<figcaption><strong>Direction 0", "</figcaption>")
    ),
}


def drawn_words(run, name):
    """The texts of a figure, which its SVG keeps as comments above their outlines."""
    return re.findall(r"<!-- (.*?) -->", (run / "figures" / f"{name}.svg").read_text())


@pytest.mark.parametrize("place", PLACES)
def test_a_made_up_metric_appears(reports, place):
    with_it, without = reports
    assert PLACES[place](with_it)
    for path in without.rglob("*"):
        if path.suffix in (".csv", ".md", ".tex", ".html", ".svg"):
            assert "glare" not in path.read_text("utf-8"), path


def test_the_better_end_of_each_panel_is_right_and_no_point_is_cut_off(reports, monkeypatch):
    drawn = []
    monkeypatch.setattr(methods.style, "save", lambda figure, *_: drawn.append(figure))
    rows = headline(read_cells(reports[0]), read_run(reports[0])["headline"])
    measures = measures_in(read_run(reports[0]))
    seeds = seed_table([cell for r in rows for cell in r.done], measures)
    methods.draw_price(rca_table(rows, measures), seeds, measures, reports[0], ORDER)
    panels = {ax.get_xlabel().split("\n")[0]: ax for ax in drawn[0].axes}
    others = ["redundancy (max_cosine)", "effective rank", "collapse", "glare"]
    assert list(panels) == ["RCA of a fresh R (rca_fresh)", *others]
    for name, ax in panels.items():
        left, right = ax.get_xlim()
        assert (left > right) == (name in ("redundancy (max_cosine)", "glare"))
        shown = np.concatenate([dots.get_offsets().data[:, 0] for dots in ax.collections])
        assert len(shown) == 4 + 2
        assert min(left, right) < shown.min() <= shown.max() < max(left, right)


def test_what_the_explorer_sorts_by_is_what_was_measured(reports):
    html = page(reports[0])
    stored = json.loads(
        next(reports[0].glob("cells/planted/discovered/0-*/result.json")).read_text()
    )["metrics"]["by_direction"]
    chapter = inside(html, 'data-method="discovered"', "</details>")
    found = re.findall(r'data-k="(\d+)" data-sorted="(.*?)"', chapter)
    assert len(found) == 8
    for k, values in found:
        known = json.loads(values.replace("&#34;", '"'))
        for name in ("accuracy", "collapse", "glow"):
            value, text = known[name]
            assert value == stored[name][int(k)]
            assert float(text) == pytest.approx(value, abs=0.005)


def test_cells_without_the_metric_leave_gaps_and_never_a_nan(reports, tmp_path):
    run = draw_run(tmp_path)
    note_measures(run, {**METRICS, "light": Light()})
    path = next(run.glob("cells/planted/random/1-*/result.json"))
    content = json.loads(path.read_text())
    content["metrics"]["glare"] = None
    content["metrics"]["by_direction"]["glow"][3] = None
    write_json(path, sealed(content))
    path = next(run.glob("cells/planted/discovered/0-*/result.json"))
    content = json.loads(path.read_text())
    del content["metrics"]["by_direction"]["glow"]
    write_json(path, sealed(content))
    write_report(run)
    rca = pd.read_csv(run / "rca.csv").set_index("method")["glare"]
    assert rca["discovered"] == 0.6875
    assert np.isnan(rca["random"])  # a mean over some seeds is no mean over all
    glow = pd.read_csv(run / "directions.csv").set_index(["method", "seed", "k"])["glow"]
    assert glow.isna().sum() == 8 + 1
    assert glow["random", 0, 3] == 0.4375
    card = re.sub("<.*?>", "", inside(page(run), 'id="glance"', "</section>"))
    assert card.count("glare 0.688") == 1
    assert not re.search(r"\bnan\b", page(run), re.IGNORECASE)
