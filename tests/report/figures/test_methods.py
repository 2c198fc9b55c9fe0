"""Figures: all there, not blank, well-formed, for every K, whatever is missing."""

from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from benchmark.charts import style
from benchmark.report.figures.methods import write_figures
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from tests.report.drawn import MEASURES, ORDER, write_cell

NAMES = ("rca", "price", "directions", "shifts", "curves", "confusion")


def check(folder, names=NAMES):
    """Every figure is a picture with something on it and an SVG with paths."""
    assert {path.name for path in folder.iterdir()} == {f"{n}.{k}" for n in names for k in KINDS}
    for name in names:
        pixels = np.asarray(Image.open(folder / f"{name}.png").convert("L"))
        assert 0.005 < (pixels < 250).mean() < 0.9
        root = ElementTree.parse(folder / f"{name}.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(root.findall(".//{http://www.w3.org/2000/svg}path")) > 10


KINDS = ("png", "svg")


def test_a_report_has_every_figure_and_leaves_nothing_open(reported):
    check(reported / "figures")
    assert plt.get_fignums() == []


def test_an_svg_names_its_methods_and_holds_no_date(reported):
    text = (reported / "figures" / "rca.svg").read_text()
    assert "<!-- discovered -->" in text
    assert "<!-- random -->" in text
    assert "dc:date" not in text


def test_one_method_one_seed_and_any_number_of_directions(tmp_path):
    for k in (1, 2, 512):
        write_cell(tmp_path / "run", f"net-{k}", "random", 0, k=k)
    write_figures(headline(read_cells(tmp_path / "run"), {}), MEASURES, tmp_path / "figures", ORDER)
    check(tmp_path / "figures")


def test_what_a_cell_did_not_store_is_left_out(run, tmp_path):
    rows = headline(read_cells(run), {})
    for path in run.glob("cells/*/*/*/predictions.parquet"):
        path.unlink()
    for path in run.glob("cells/*/*/*/curves.parquet"):
        path.unlink()
    write_figures(rows, MEASURES, tmp_path / "figures", ORDER)
    check(tmp_path / "figures", ("rca", "price", "directions"))


def test_failures_alone_make_no_figure(tmp_path):
    write_cell(tmp_path / "run", "planted", "random", 0, failure="x")
    write_figures(headline(read_cells(tmp_path / "run"), {}), MEASURES, tmp_path / "figures", ORDER)
    assert not (tmp_path / "figures").exists()


def test_colours_and_markers_follow_the_order_that_is_given():
    for look in (style.palette, style.markers):
        assert list(look(ORDER)) == list(ORDER)
        assert len(set(look(ORDER).values())) == 3
        assert look(["zebra"])["zebra"] == look(ORDER)["discovered"]


def test_a_legend_shows_who_is_there_in_that_order_with_their_own_look():
    figure, _ = style.facets(1)
    style.legend(figure, ["random", "discovered"], ORDER, [style.CHANCE])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "discovered",
        "random",
        "chance, 1 / K",
    ]
    assert [line.get_marker() for line in legend.get_lines()[:2]] == [
        style.markers(ORDER)[name] for name in ("discovered", "random")
    ]


@pytest.mark.parametrize(("n", "shape"), [(1, (1, 1)), (2, (1, 2)), (4, (2, 2)), (5, (2, 3))])
def test_facets_fill_their_rows(n, shape):
    _, axes = style.facets(n)
    assert len(axes) == n
    grid = axes[0].get_gridspec()
    assert (grid.nrows, grid.ncols) == shape
