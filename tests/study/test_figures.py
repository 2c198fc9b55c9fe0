"""The figures show what the tables say, and leave out what nobody knows."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from benchmark.charts import style
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
    assert [ax.get_title() for ax in axes] == ["g0", "g1"]
    assert [t.get_text() for t in axes[0].get_yticklabels()] == [
        "discovered",
        "coordinate",
        "random",
    ]
    drawn_intervals = {
        tuple(line.get_xdata()) for line in axes[0].lines if len(line.get_xdata()) == 2
    }
    own = table[table["generator"] == "g0"]
    assert set(zip(own["mos_low"], own["mos_high"], strict=True)) <= drawn_intervals


def test_bars_of_change_types_fill_the_axis(material, saved) -> None:
    figures.draw_change_types(analyse(material), Path())
    for ax in saved["change_types"].axes:
        ends = {}
        for patch in ax.patches:
            place = patch.get_y()
            ends[place] = ends.get(place, 0) + patch.get_width()
        assert list(ends.values()) == pytest.approx([1, 1, 1])


def test_points_are_the_directions_that_have_both(material, saved) -> None:
    figures.draw_prediction(analyse(material), Path())
    for ax in saved["rca_mos"].axes:
        assert sum(len(points.get_offsets()) for points in ax.collections) == 36
        assert any("rank correlation 0." in text.get_text() for text in ax.texts)


def test_what_nobody_knows_is_not_drawn(material, saved) -> None:
    silent = analyse(gather(material.judgments.assign(category=None)))
    figures.write_figures(silent, Path())
    assert set(saved) == {"mos"}


def test_one_direction_is_drawn_without_interval(saved) -> None:
    one = drawn(directions=1, annotators=1, ratings=1)
    figures.write_figures(analyse(gather(one)), Path())
    assert len(saved["mos"].axes[0].texts) == len(CLEAR)


def test_the_same_answers_give_the_same_bytes(material, tmp_path: Path) -> None:
    analysis = analyse(material)
    for name in ("a", "b"):
        figures.write_figures(analysis, tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
