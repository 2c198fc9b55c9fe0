"""Agreement between people, and of people with themselves."""

import krippendorff
import numpy as np
import pandas as pd
import pytest

from benchmark.study.tables.agreement_table import agreement_table

from .conftest import gather


def test_alpha_is_that_of_the_reference_package(material) -> None:
    frame = agreement_table(material).frame
    row = frame[(frame["question"] == "mos") & (frame["agreement"] == "between annotators")]
    table = material.judgments.pivot_table("mos", ["generator", "method", "direction"], "annotator")
    oracle = krippendorff.alpha(table.to_numpy().T, level_of_measurement="nominal")
    assert row["alpha"].item() == pytest.approx(oracle, abs=1e-12)
    assert row["alpha_low"].item() < oracle < row["alpha_high"].item()
    assert row["units"].item() == 72


def test_repeats_are_compared_with_the_first_showing(material) -> None:
    table = agreement_table(material)
    own = table.frame[table.frame["agreement"] == "within annotators"]
    assert own["percent"].tolist() == [None] * 4
    assert any("nothing was judged twice" in note for note in table.notes)
    again = material.judgments.iloc[:40].assign(repeat=1)
    contrary = again.assign(mos=np.where(np.arange(40) < 10, 1 - again["mos"], again["mos"]))
    repeated = gather(pd.concat([material.judgments, contrary], ignore_index=True))
    frame = agreement_table(repeated).frame
    row = frame[(frame["question"] == "mos") & (frame["agreement"] == "within annotators")]
    by_annotator = contrary["mos"].eq(again["mos"]).groupby(contrary["annotator"]).mean()
    assert row["units"].item() == 40
    assert row["percent"].item() == pytest.approx(by_annotator.mean())


def test_unanimous_answers_have_no_alpha(material) -> None:
    table = agreement_table(gather(material.judgments.assign(mos=1)))
    row = table.frame[(table.frame["question"] == "mos")].iloc[0]
    assert row["percent"] == 1
    assert row["alpha"] is None
    assert any("all answers are the same" in note for note in table.notes)
