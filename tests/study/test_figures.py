"""The figures show what the tables say, and leave out what nobody knows."""

from pathlib import Path

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from benchmark.charts import style
from benchmark.report.captions import STUDY_FIGURES
from benchmark.study import figures
from benchmark.study.analyse import analyse

from .conftest import CLEAR, drawn, gather


@pytest.fixture
def saved(monkeypatch) -> dict[str, Figure]:
    """The figures by name, instead of their files."""
    kept: dict[str, Figure] = {}
    monkeypatch.setattr(style, "save", lambda figure, folder, name: kept.update({name: figure}))
    return kept


def test_mos_bars_span_the_interval(material, saved) -> None:
    analysis = analyse(material)
    figures.draw_mos(analysis, Path())
    table = analysis.table("mos_methods").frame
    axes = saved["mos"].axes
    assert [ax.get_title() for ax in axes] == ["g0", "g1", "pooled"]
    assert [t.get_text() for t in axes[0].get_yticklabels()] == [
        "discovered\nn = 12",
        "coordinate\nn = 12",
        "random\nn = 12",
    ]
    assert axes[2].get_yticklabels()[0].get_text() == "discovered\nn = 24"
    drawn_intervals = {
        tuple(line.get_xdata()) for line in axes[0].lines if len(line.get_xdata()) == 2
    }
    own = table[table["generator"] == "g0"]
    assert set(zip(own["mos_low"], own["mos_high"], strict=True)) <= drawn_intervals


def test_the_pooled_facet_shows_the_directions_of_shared_generators_alone(saved) -> None:
    judgments = drawn(generators=3, directions=6, annotators=10)
    gone = judgments["generator"].eq("g0") & judgments["method"].eq("random")
    figures.draw_mos(analyse(gather(judgments[~gone])), Path())
    *_, pooled = saved["mos"].axes
    assert pooled.get_title() == "pooled"
    assert {t.get_text().split("\n")[1] for t in pooled.get_yticklabels()} == {"n = 12"}
    assert sum("n = 12" in t.get_text() for t in pooled.texts) == 3


def test_bars_of_change_types_fill_the_axis(material, saved) -> None:
    figures.draw_change_types(analyse(material), Path())
    for ax in saved["change_types"].axes:
        ends = {}
        for patch in ax.patches:
            place = patch.get_y()
            ends[place] = ends.get(place, 0) + patch.get_width()
        assert list(ends.values()) == pytest.approx([1, 1, 1])


def answered_unequally() -> pd.DataFrame:
    """Discovered directions 0, 1 and 2 are given a kind 5 times, once and 4 times; random none."""
    judgments = drawn(directions=12, annotators=10, ratings=5)
    judgments = judgments.assign(category=None)
    own = judgments["method"] == "discovered"
    for direction, kind, times in (("0", "geometry", 5), ("1", "colour", 1), ("2", "texture", 4)):
        rows = judgments.index[own & (judgments["direction"] == direction)][:times]
        judgments.loc[rows, "category"] = kind
    return judgments


def test_bars_are_means_over_directions_and_say_of_how_many(saved) -> None:
    """Counts of 5, 1 and 4 from three directions are thirds: a direction counts once."""
    analysis = analyse(gather(answered_unequally()))
    figures.draw_change_types(analysis, Path())
    (ax,) = saved["change_types"].axes
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("33%") == 3
    assert [text for text in texts if text.startswith("n =")] == ["n = 3"]
    assert "directions" in STUDY_FIGURES["change_types"][1]
    assert "all answers" not in STUDY_FIGURES["change_types"][1]
    table = analysis.table("change_types").frame.set_index(["method", "category"])
    for kind in ("geometry", "colour", "texture"):
        assert table.loc[("discovered", kind), "share"] == pytest.approx(1 / 3)


def test_a_method_without_any_kind_keeps_its_place(saved) -> None:
    figures.draw_change_types(analyse(gather(answered_unequally())), Path())
    (ax,) = saved["change_types"].axes
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["discovered", "coordinate", "random"]
    empty = [t.get_position()[1] for t in ax.texts if t.get_text().startswith("no direction")]
    assert empty == [1, 2]
    assert {round(patch.get_y() + 0.35) for patch in ax.patches} == {0}


def test_every_bar_says_its_number_of_directions(material, saved) -> None:
    analysis = analyse(material)
    figures.draw_change_types(analysis, Path())
    table = analysis.table("change_types").frame
    for ax in saved["change_types"].axes:
        own = table[table["generator"] == ax.get_title()].drop_duplicates("method")
        counts = dict(zip(own["method"], own["directions"], strict=True))
        methods = [label.get_text() for label in ax.get_yticklabels()]
        found = {
            methods[round(text.get_position()[1])]: text.get_text()
            for text in ax.texts
            if text.get_text().startswith("n =")
        }
        assert found == {method: f"n = {count}" for method, count in counts.items()}


def test_points_are_the_directions_that_have_both(material, saved) -> None:
    figures.draw_prediction(analyse(material), Path())
    for ax in saved["rca_mos"].axes:
        assert sum(len(points.get_offsets()) for points in ax.collections) == 36
        assert any("rank correlation 0." in text.get_text() for text in ax.texts)


def test_the_correlation_has_its_interval_and_its_number(material, saved) -> None:
    analysis = analyse(material)
    figures.draw_prediction(analysis, Path())
    table = analysis.table("rca_mos").frame.query("method == 'all'").set_index("generator")
    for ax in saved["rca_mos"].axes:
        row = table.loc[ax.get_title()]
        ends = f"[{row['correlation_low']:.2f}, {row['correlation_high']:.2f}]"
        (text,) = ax.texts
        words = f"rank correlation {row['correlation']:.2f} {ends}\nof n = 36 directions"
        assert text.get_text() == words


def test_points_of_one_place_are_stacked_around_it_and_no_others_moved(saved) -> None:
    group = pd.DataFrame(
        {"accuracy": [0.0, 0.0, 0.001, 0.5, 1.0, 0.5], "mos": [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]},
        index=[3, 1, 4, 7, 9, 2],
    )
    aside = figures._aside(group)
    assert aside.loc[[7, 9, 2]].tolist() == [0, 0, 0]
    assert sorted(aside.loc[[3, 1, 4]]) == pytest.approx([-0.022, 0, 0.022])
    many = pd.DataFrame({"accuracy": [0.5] * 40, "mos": [1.0] * 40})
    assert figures._aside(many).abs().max() == pytest.approx(0.09)  # below the next answer's place


def test_what_nobody_knows_is_not_drawn(material, saved) -> None:
    silent = analyse(gather(material.judgments.assign(category=None)))
    figures.write_figures(silent, Path())
    assert set(saved) == {"mos"}


def test_one_direction_is_drawn_without_interval(saved) -> None:
    one = drawn(directions=1, annotators=1, ratings=1)
    figures.write_figures(analyse(gather(one)), Path())
    assert len(saved["mos"].axes[0].texts) == len(CLEAR)
    (legend,) = saved["mos"].legends
    assert "95% interval" not in [text.get_text() for text in legend.get_texts()]


def test_the_same_answers_give_the_same_bytes(material, tmp_path: Path) -> None:
    analysis = analyse(material)
    for name in ("a", "b"):
        figures.write_figures(analysis, tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_in_a_report_a_method_looks_as_in_the_figures_of_the_run(material, saved) -> None:
    of_run = ("ant", "discovered", "bee", "coordinate", "random")
    figures.write_figures(analyse(material), Path(), of_run)
    colour = style.palette(of_run)
    lines = {to_hex(line.get_color()) for ax in saved["mos"].axes for line in ax.lines}
    assert lines == {to_hex(colour[method]) for method in ("discovered", "coordinate", "random")}
    (legend,) = saved["rca_mos"].legends
    shown = [
        (text.get_text(), to_hex(line.get_color()))
        for text, line in zip(legend.get_texts(), legend.get_lines(), strict=True)
    ]
    assert shown == [(method, to_hex(colour[method])) for method in of_run[1::2] + of_run[4:]]
