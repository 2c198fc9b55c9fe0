"""The figures of RCA draw what the table says: chance, value, interval and seeds."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from benchmark.charts import style
from benchmark.metrics import HEADLINE
from benchmark.report.figures.methods import draw_price, draw_rca, write_figures
from benchmark.report.tables.main_table import ENDS, rca_table, seed_table
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from tests.report.drawn import MEASURES, ORDER, write_cell


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The figures by name, and the tables they are of: two generators that differ in K."""
    for k, generator in ((8, "planted"), (5, "own-net")):
        for method, skill in (("discovered", 0.7), ("random", 0.3)):
            for seed in (0, 1):
                write_cell(tmp_path, generator, method, seed, k=k, skill=skill)
    kept: dict[str, Figure] = {}
    monkeypatch.setattr(style, "save", lambda figure, folder, name: kept.update({name: figure}))
    rows = headline(read_cells(tmp_path), {})
    table = rca_table(rows, MEASURES)
    seeds = seed_table([cell for r in rows for cell in r.done], MEASURES)
    draw_rca(table, seeds, MEASURES, Path(), ORDER)
    draw_price(table, seeds, MEASURES, Path(), ORDER)
    return kept, table, seeds


def dotted(ax, of):
    """Where the one dotted line of an axis stands."""
    (line,) = (one for one in ax.lines if one.get_linestyle() == ":")
    (place,) = set(getattr(line, f"get_{of}data")())
    return place


def test_the_line_of_chance_stands_at_one_in_k(drawn):
    kept, _, _ = drawn
    chance = {"own-net": 1 / 5, "planted": 1 / 8}
    for ax in kept["rca"].axes:
        assert dotted(ax, "x") == pytest.approx(chance[ax.get_title().split(",")[0]])
    assert len(kept["price"].axes) > 2
    for ax in kept["price"].axes:
        if ax.get_title(loc="left"):
            name = ax.get_title(loc="left").split(",")[0]
            assert dotted(ax, "x") == pytest.approx(chance[name])


def test_a_method_of_two_configurations_has_a_line_that_says_so(tmp_path, monkeypatch):
    """As in a folder without run.json; figures of one method would else be those of both."""
    for steps in (200, 300):
        write_cell(tmp_path, "planted", "discovered", 0, steps=steps, skill=0.7)
    for seed in (0, 1):
        write_cell(tmp_path, "planted", "random", seed, skill=0.3)
    write_cell(tmp_path, "planted", "coordinate", 0, skill=0.3)
    write_cell(tmp_path, "planted", "coordinate", 0, skill=0.3, steps=300, failure="no memory")
    kept: dict[str, Figure] = {}
    monkeypatch.setattr(style, "save", lambda figure, folder, name: kept.update({name: figure}))
    write_figures(headline(read_cells(tmp_path), {}, ORDER), MEASURES, Path(), ORDER)
    for name in ("rca", "price"):
        ax = kept[name].axes[0]
        assert [text.get_text() for text in ax.get_yticklabels()] == list(ORDER)
        assert "2 configurations" in [text.get_text() for text in ax.texts]
    for name in ("directions", "shifts", "curves"):
        colours = {to_hex(line.get_color()) for ax in kept[name].axes for line in ax.lines}
        assert to_hex(style.palette(ORDER)["discovered"]) not in colours


def test_points_intervals_and_digits_are_those_of_the_table(drawn):
    kept, table, seeds = drawn
    for ax in kept["rca"].axes:
        name = ax.get_title().split(",")[0]
        own = table[table["generator"] == name]
        assert [text.get_text() for text in ax.get_yticklabels()] == list(own["method"])
        for place, row in enumerate(own.to_dict("records")):
            points = [line for line in ax.lines if list(line.get_ydata()) == [place]]
            assert [list(line.get_xdata()) for line in points] == [[row[HEADLINE]]]
            spans = [
                list(one.get_xdata()) for one in ax.lines if list(one.get_ydata()) == [place] * 2
            ]
            assert spans == [[row[ENDS[0]], row[ENDS[1]]]]
            (text,) = (one for one in ax.texts if round(one.xy[1] + 0.2, 6) == place)
            assert text.get_text() == f"{row[HEADLINE]:.3f}"
            assert text.xy[0] == row[HEADLINE]
            of_seeds = seeds[(seeds["generator"] == name) & (seeds["method"] == row["method"])]
            (hollow,) = (
                one
                for one in ax.lines
                if len(one.get_ydata()) == 2 and np.allclose(one.get_ydata(), place + 0.28)
            )
            assert sorted(hollow.get_xdata()) == sorted(of_seeds[HEADLINE])


def panels(figure):
    """Of each generator its panels by the first line of what they show."""
    found, name = {}, ""
    for ax in figure.axes:
        name = ax.get_title(loc="left").split(",")[0] or name
        found.setdefault(name, {})[ax.get_xlabel().split("\n")[0]] = ax
    return found


def test_price_shows_each_measure_of_each_method_on_its_line(drawn):
    kept, table, _ = drawn
    names = {
        "RCA of a fresh R (rca_fresh)": HEADLINE,
        "redundancy (max_cosine)": "max_cosine",
        "effective rank": "effective_rank",
        "collapse": "collapse",
    }
    found = panels(kept["price"])
    assert set(found) == {"planted", "own-net"}
    for generator, own in found.items():
        rows = table[table["generator"] == generator]
        assert set(own) == set(names)
        for label, ax in own.items():
            places = ax.collections[-1].get_offsets()
            assert places[:, 0].tolist() == pytest.approx(list(rows[names[label]]))
            assert places[:, 1].tolist() == list(range(len(rows)))


def test_the_better_end_of_a_price_is_right_and_no_generator_stretches_another(drawn):
    kept, table, _ = drawn
    for generator, own in panels(kept["price"]).items():
        for label, ax in own.items():
            low, high = ax.get_xlim()
            assert (low > high) == label.startswith("redundancy")
            better = "lower" if low > high else "higher"
            assert ax.get_xlabel().split("\n")[1] == f"{better} is better \N{RIGHTWARDS ARROW}"
        rank = table[table["generator"] == generator]["effective_rank"].iloc[0]  # 4 and 2.5
        low, high = own["effective rank"].get_xlim()
        assert low < rank < high
        assert high - low < 1


CHANCES = {"discovered": 1 / 64, "coordinate": 1 / 10, "random": 1 / 64}


@pytest.fixture
def of_two_k(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Figure]:
    """The figures of one generator whose methods differ in K."""
    for method, chance in CHANCES.items():
        write_cell(tmp_path, "planted", method, 0, k=round(1 / chance), n=3000)
    kept: dict[str, Figure] = {}
    monkeypatch.setattr(style, "save", lambda figure, folder, name: kept.update({name: figure}))
    write_figures(headline(read_cells(tmp_path), {}, ORDER), MEASURES, tmp_path, ORDER)
    return kept


def test_rows_of_different_k_have_each_their_own_chance_under_a_title_of_their_range(of_two_k):
    titles = {"rca": "center", "price": "left"}
    for name, place in titles.items():
        ax = of_two_k[name].axes[0]
        assert ax.get_title(loc=place) == "planted, K = 10 to 64"
        assert [text.get_text() for text in ax.get_yticklabels()] == list(CHANCES)
        pieces = [line.get_xydata().tolist() for line in ax.lines if line.get_linestyle() == ":"]
        assert pieces == [
            [[chance, row - 0.5], [chance, row + 0.5]]
            for row, chance in enumerate(CHANCES.values())
        ]


@pytest.mark.parametrize("name", ["directions", "shifts"])
def test_lines_of_different_k_have_each_a_chance_in_their_colour(of_two_k, name):
    (ax,) = of_two_k[name].axes
    across = [line for line in ax.lines if len(set(line.get_ydata())) == 1]
    assert all(line.is_dashed() for line in across)
    colour = style.palette(ORDER)
    found = {to_hex(line.get_color()): line.get_ydata()[0] for line in across}
    assert found == {to_hex(colour[m]): pytest.approx(CHANCES[m]) for m in CHANCES}
