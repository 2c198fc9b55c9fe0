"""Counts and shares of change types, own words under other."""

import pytest

from benchmark.study.tables.change_types import association_table, share_table

from .conftest import ORDER, drawn, gather


def test_counts_are_those_of_the_answers(material) -> None:
    table = share_table(material, ORDER)
    counted = material.judgments.groupby(["generator", "method", "category"]).size()
    for row in table.frame.to_dict("records"):
        expected = counted.get((row["generator"], row["method"], row["category"]), 0)
        assert row["count"] == expected
    shares = table.frame.groupby(["generator", "method"])["share"].sum()
    assert shares.tolist() == pytest.approx([1] * 6)
    assert table.frame["category"].unique().tolist() == ["geometry", "colour", "texture", "other"]


def test_own_words_are_counted_in_a_note(material) -> None:
    other = gather(material.judgments.replace({"category": {"colour": "other"}}), own_words=7)
    table = share_table(other, ORDER)
    assert "7 judgments name a change type in words of their own." in table.notes
    counts = table.frame.groupby("category")["count"].sum()
    assert counts["colour"] == 0
    assert counts["other"] > 0


def test_methods_that_differ_are_told_apart() -> None:
    judgments = drawn(generators=2, directions=20)
    named = judgments["category"].notna()
    forced = judgments["method"].map(
        {"discovered": "geometry", "random": "colour", "coordinate": "texture"}
    )
    apart = gather(judgments.assign(category=forced.where(named, None)))
    frame = association_table(apart).frame
    assert frame["generator"].tolist() == ["g0", "g1", "pooled"]
    assert (frame["p"] < 0.001).all()
    assert (frame["cramers_v"] > 0.95).all()
    alike = association_table(gather(judgments)).frame
    assert (alike["p"] > 0.01).all()


def test_no_category_at_all_is_said(material) -> None:
    silent = gather(material.judgments.assign(category=None))
    table = share_table(silent, ORDER)
    assert set(table.frame["share"]) == {None}
    assert any("was given a category" in note for note in table.notes)
    assert set(association_table(silent).frame["p"]) == {None}
