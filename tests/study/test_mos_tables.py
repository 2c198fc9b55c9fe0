"""The tables of MOS against counts by hand."""

from pathlib import Path

import pandas as pd
import pytest

from benchmark.core.judgments import DIRECTION
from benchmark.study.tables.mos_tables import direction_table, method_table
from benchmark.tables.writing import write_table

from .conftest import CLEAR, ORDER, drawn, gather, known_accuracies


def test_methods_have_the_mean_of_their_directions(material) -> None:
    frame = method_table(material, ORDER).frame
    by_direction = material.judgments.groupby(DIRECTION)["mos"].mean()
    expected = by_direction.groupby(level=[0, 1]).mean()
    shares = (by_direction > 0.5).groupby(level=[0, 1]).mean()
    assert len(frame) == 9
    for row in frame[frame["generator"] != "pooled"].to_dict("records"):
        place = row["generator"], row["method"]
        assert row["mos"] == pytest.approx(expected[place])
        assert row["interpretable"] == pytest.approx(shares[place])
        assert row["mos_low"] < row["mos"] < row["mos_high"]
        assert (row["directions"], row["ratings"]) == (12, 60)


def test_all_generators_together_count_the_same(material) -> None:
    """However many directions each has; a method on one generator alone has no such row."""
    judgments = material.judgments
    first = judgments["generator"] == sorted(judgments["generator"].unique())[0]
    fewer = judgments[~(first & (judgments["direction"].astype(int) < 5))]
    alone = fewer["generator"].ne(judgments.loc[first, "generator"].iloc[0])
    fewer = fewer[~(alone & fewer["method"].eq("random"))]
    frame = method_table(gather(fewer), ORDER).frame
    pooled = frame[frame["generator"] == "pooled"].set_index("method")
    by_direction = fewer.groupby(DIRECTION)["mos"].mean()
    by_generator = by_direction.groupby(level=[0, 1]).mean()
    clear = (by_direction > 0.5).groupby(level=[0, 1]).mean()
    assert set(pooled.index) == {"discovered", "coordinate"}
    for method, row in pooled.iterrows():
        assert row["mos"] == pytest.approx(by_generator.xs(method, level=1).mean())
        assert row["interpretable"] == pytest.approx(clear.xs(method, level=1).mean())
        assert row["mos_low"] < row["mos"] < row["mos_high"]
        assert row["directions"] == (by_direction.xs(method, level=1)).size == 19
        assert row["ratings"] == (fewer["method"] == method).sum()
    assert list(frame["generator"][-2:]) == ["pooled", "pooled"]


def test_methods_are_pooled_over_the_generators_that_they_share() -> None:
    judgments = drawn(generators=4, directions=6, annotators=10)
    where, method = judgments["generator"], judgments["method"]
    uneven = judgments[~(where.isin(["g0", "g3"]) & method.eq("random"))]
    table = method_table(gather(uneven), ORDER)
    pooled = table.frame[table.frame["generator"] == "pooled"].set_index("method")
    means = uneven[uneven["generator"].isin(["g1", "g2"])].groupby(DIRECTION)["mos"].mean()
    assert set(pooled.index) == set(ORDER)
    for name, row in pooled.iterrows():
        assert row["mos"] == pytest.approx(means.xs(name, level=1).groupby(level=0).mean().mean())
        assert row["directions"] == 12
    assert any("`pooled` is over g1 and g2 alone" in note for note in table.notes)
    apart = uneven[~(where.isin(["g1", "g2"]) & method.eq("discovered"))[uneven.index]]
    table = method_table(gather(apart), ORDER)
    assert not table.frame["generator"].eq("pooled").any()
    assert any("Nothing is pooled" in note for note in table.notes)


def test_rca_stands_beside_mos_where_it_is_known(material) -> None:
    known = known_accuracies(material.judgments).iloc[1:]
    frame = direction_table(gather(material.judgments, known), ORDER).frame
    assert frame["rca"].isna().sum() == 1
    notes = direction_table(gather(material.judgments, known), ORDER).notes
    assert any("Of 1 directions the study knows no RCA" in note for note in notes)
    both = frame.dropna(subset=["rca"]).merge(known, on=DIRECTION)
    assert len(both) == 71
    assert (both["rca"] == both["accuracy"]).all()
    unknown = direction_table(gather(material.judgments), ORDER).frame["rca"]
    assert unknown.isna().all()


def test_every_rated_direction_has_a_row_and_the_others_a_note(material) -> None:
    table = direction_table(material, ORDER)
    assert len(table.frame) == 72
    assert not any("no rating" in note for note in table.notes)
    more = gather(material.judgments, shown=80)
    assert "8 of 80 directions have no rating." in direction_table(more, ORDER).notes


def test_one_direction_and_one_annotator_give_a_score_and_a_reason() -> None:
    judgments = drawn(
        methods={"discovered": CLEAR["discovered"]}, directions=1, annotators=1, ratings=1
    )
    table = method_table(gather(judgments), ORDER)
    row = table.frame.iloc[0]
    assert row["mos"] in (0.0, 1.0)
    assert row["mos_low"] is None
    assert any("mos has no interval" in note for note in table.notes)


def test_names_that_are_formulas_or_markup_are_guarded_where_they_are_written(
    material, tmp_path: Path
) -> None:
    odd = {"0": "=1+1", "1": "<b>bold</b>", "2": "@SUM(A1)"}
    judgments = material.judgments
    named = judgments.assign(label=judgments["direction"].map(odd))
    write_table(direction_table(gather(named), ORDER), tmp_path)
    stored = pd.read_csv(tmp_path / "mos_directions.csv", dtype=str)
    assert set(stored["label"].dropna()) == {"'=1+1", "<b>bold</b>", "'@SUM(A1)"}
    text = (tmp_path / "mos_directions.md").read_text()
    assert r"\<b>bold\</b>" in text
    assert "<b>" not in text.replace(r"\<b>", "")


def test_ties_of_change_types_are_named(material) -> None:
    judgments = material.judgments
    one = judgments[judgments["direction"] == "0"].groupby(DIRECTION).head(2)
    tied = one.assign(category=["geometry", "colour"] * (len(one) // 2))
    table = direction_table(gather(tied), ORDER)
    assert all(pd.isna(table.frame["category"]))
    assert any("colour and geometry were named equally often" in note for note in table.notes)
