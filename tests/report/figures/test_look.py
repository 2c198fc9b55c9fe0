"""A method has one place in the order and one colour in every figure of a run and of its study."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from benchmark.charts import style
from benchmark.report.figures.methods import write_figures
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from tests.report.drawn import MEASURES, write_cell

ORDER = ("zebra", "discovered", "ant", "random")  # not by name, as roles come first
SKILLS = dict(zip(ORDER, (0.8, 0.6, 0.4, 0.2), strict=True))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> dict[str, Figure]:
    """Every figure of a run with these methods, by name."""
    run = tmp_path_factory.mktemp("look")
    for generator in ("planted", "own-net"):
        for method, skill in SKILLS.items():
            write_cell(run, generator, method, 0, skill=skill, n=2000)
    kept: dict[str, Figure] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "save", lambda figure, folder, name: kept.update({name: figure}))
        write_figures(headline(read_cells(run), {}, ORDER), MEASURES, run, ORDER)
    return kept


def named(texts):
    return [text.get_text() for text in texts if text.get_text() in ORDER]


def test_every_figure_has_the_methods_in_their_order(drawn):
    assert set(drawn) == {"rca", "price", "directions", "shifts", "order", "curves", "confusion"}
    for name, figure in drawn.items():
        lists = [named(legend.get_texts()) for legend in figure.legends]
        lists += [named(ax.get_yticklabels()) for ax in figure.axes]
        lists.append(named(ax.title for ax in figure.axes))
        found = [one for one in lists if one]
        assert found, name
        assert all(one == list(ORDER) for one in found), name


def test_every_figure_draws_a_method_in_its_colour(drawn):
    colour = {method: to_hex(value) for method, value in style.palette(ORDER).items()}
    assert len(set(colour.values())) == len(ORDER)
    for name, figure in drawn.items():
        for legend in figure.legends:
            for text, line in zip(legend.get_texts(), legend.get_lines(), strict=True):
                if text.get_text() in ORDER:
                    assert to_hex(line.get_color()) == colour[text.get_text()], name
        for ax in figure.axes:
            rows = named(ax.get_yticklabels())
            points = [one for one in ax.collections if len(one.get_offsets()) == len(rows)]
            for one in points if rows else ():
                assert [to_hex(c) for c in one.get_facecolors()] == [colour[m] for m in rows], name
            for line in ax.lines if rows else ():
                place = {round(float(y)) for y in line.get_ydata()}
                if line.get_linestyle() != ":" and len(place) == 1:
                    assert to_hex(line.get_color()) == colour[rows[place.pop()]], name


def test_lines_over_an_axis_stand_as_high_as_their_method_is_good(drawn):
    """The skills differ by much, so the mean height of a line tells whose it is."""
    colour = [to_hex(value) for value in style.palette(ORDER).values()]
    for name in ("directions", "shifts"):
        for ax in drawn[name].axes:
            height = {
                to_hex(line.get_color()): np.mean(line.get_ydata())
                for line in ax.lines
                if to_hex(line.get_color()) in colour
            }
            assert sorted(height, key=height.get, reverse=True) == colour, name
    (ax,) = drawn["order"].axes
    place = {to_hex(line.get_color()): np.mean(line.get_ydata()) for line in ax.lines}
    assert sorted(place, key=place.get) == colour


def test_of_forty_methods_no_two_look_alike():
    names = [str(i) for i in range(40)]
    assert len({to_hex(colour) for colour in style.palette(names).values()}) == 40


def test_ten_methods_have_ten_looks_that_can_be_told_apart_on_white():
    names = [str(i) for i in range(10)]
    colours, markers = style.palette(names), style.markers(names)
    assert len(set(markers.values())) == len({to_hex(c) for c in colours.values()}) == 10
    for colour in colours.values():
        red, green, blue = (int(to_hex(colour)[i : i + 2], 16) / 255 for i in (1, 3, 5))
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.75
