"""RCA against MOS: the rank correlation of scipy, over the directions that have both."""

import pytest
from scipy.stats import spearmanr

from benchmark.study.tables.prediction import UNKNOWN, prediction_table

from .conftest import ORDER, gather


def test_the_correlation_is_scipys(material) -> None:
    frame = prediction_table(material, ORDER).frame
    assert frame["method"].tolist() == ["all", *ORDER] * 2
    keys = ["generator", "method", "direction"]
    scores = material.judgments.groupby(keys)["mos"].mean().reset_index()
    both = scores.merge(material.accuracies, on=keys)
    g0 = both[both["generator"] == "g0"]
    expected = spearmanr(g0["mos"], g0["accuracy"]).statistic
    row = frame.iloc[0]
    assert row["correlation"] == pytest.approx(expected)
    assert row["correlation_low"] < expected < row["correlation_high"]
    assert row["directions"] == 36


def test_a_study_without_rca_says_so(material) -> None:
    table = prediction_table(gather(material.judgments), ORDER)
    assert len(table.frame) == 0
    assert table.notes == (UNKNOWN,)
