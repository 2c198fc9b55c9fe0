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
        pixels = np.asarray(Image.open(folder / f"{name}.webp").convert("L"))
        assert 0.005 < (pixels < 250).mean() < 0.9
        root = ElementTree.parse(folder / f"{name}.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(root.findall(".//{http://www.w3.org/2000/svg}path")) > 10


KINDS = ("svg", "webp")


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


def test_a_method_without_a_result_keeps_its_line_and_says_so(tmp_path, monkeypatch):
    kept = {}
    monkeypatch.setattr(style, "save", lambda figure, folder, name: kept.update({name: figure}))
    for method in ("discovered", "random"):
        write_cell(tmp_path, "planted", method, 0)
    write_cell(tmp_path, "planted", "coordinate", 0, failure="ValueError: no memory")
    write_figures(headline(read_cells(tmp_path), {}, ORDER), MEASURES, tmp_path, ORDER)
    for name in ("rca", "price"):
        ax = kept[name].axes[0]
        assert [label.get_text() for label in ax.get_yticklabels()] == list(ORDER)
        (said,) = (text for text in ax.texts if text.get_text() == "failed")
        assert said.xy[1] == ORDER.index("coordinate")


def test_a_drawing_in_fewer_bytes_is_the_same_drawing(tmp_path):
    figure, (ax,) = style.facets(1)
    ax.plot([0, 1, 2], [0.123456, 0.5, 0.25])
    ax.pcolormesh(np.eye(3), rasterized=True)
    style.save(figure, tmp_path, "drawn")
    whole = (tmp_path / "drawn.svg").read_text()
    assert style.lean(whole) == whole  # nothing is left to take away
    assert "\n" not in whole
    paths = ElementTree.fromstring(whole).findall(".//{http://www.w3.org/2000/svg}path")
    numbers = [word for path in paths for word in path.get("d").split() if "." in word]
    assert numbers
    assert all(len(word.partition(".")[2]) <= 2 for word in numbers)


def test_a_picture_of_an_earlier_version_goes(tmp_path):
    (tmp_path / "drawn.png").write_bytes(b"old")
    style.save(style.facets(1)[0], tmp_path, "drawn")
    assert {path.name for path in tmp_path.iterdir()} == {"drawn.svg", "drawn.webp"}
