"""Counts and shares of change types, own words under other."""

import pandas as pd
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
    """Of the judgments in the table alone: not of check pages, repeats or who is left out."""
    first = material.judgments.replace({"category": {"colour": "other"}})
    aside = [first.assign(check="good"), first.assign(repeat=1), first.assign(annotator="z")]
    everyone = gather(pd.concat([first, *aside]))
    table = share_table(everyone.without({"z"}), ORDER)
    counts = table.frame.groupby("category")["count"].sum()
    assert counts["colour"] == 0
    assert counts["other"] > 0
    note = f"{counts['other']} judgments name a change type in words of their own."
    assert note in table.notes


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
