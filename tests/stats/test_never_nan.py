"""Whatever is missing, every statistic gives finite numbers or a reason."""

from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd
import pytest

from benchmark.core.estimates import Undefined
from benchmark.stats.agreement import agreement, repeat_agreement
from benchmark.stats.association import associations
from benchmark.stats.categories import change_types
from benchmark.stats.comparison import compare
from benchmark.stats.correlation import rca_against_mos
from benchmark.stats.gee import marginal_model
from benchmark.stats.mos import direction_mos, method_mos
from benchmark.stats.population import Population
from benchmark.stats.twoway import two_way_difference
from study_server.screening import Limits, screen
from study_server.tasks import Rating

CATEGORIES = ["geometry", "colour", "texture"]
PEOPLE = {"found": Population(0.5), "random": Population(0.5)}


def spoiled(rng: np.random.Generator, simulated) -> pd.DataFrame:
    """A small study with missing answers, maybe unanimous, maybe with repeats and check items."""
    annotators = int(rng.integers(1, 5))
    judgments = simulated(
        rng,
        PEOPLE,
        generators=int(rng.integers(1, 3)),
        directions=int(rng.integers(1, 12)),
        annotators=annotators,
        ratings=int(rng.integers(1, annotators + 1)),
    ).judgments.astype({"mos": float})
    if rng.random() < 0.3:
        judgments["mos"] = float(rng.integers(2))
    if rng.random() < 0.3:
        judgments.loc[judgments["method"] == "random", "mos"] = 1.0
    if rng.random() < 0.3:
        judgments["category"] = judgments["category"].where(judgments["method"] == "found", None)
    judgments.loc[rng.random(len(judgments)) < rng.choice([0, 0.3, 0.8]), "mos"] = np.nan
    again = judgments[rng.random(len(judgments)) < 0.3].assign(repeat=1)
    checks = judgments[rng.random(len(judgments)) < 0.3].assign(check="still", direction="check")
    return pd.concat([judgments, again, checks], ignore_index=True)


def assert_finite(result: object, path: str) -> None:
    """Walk through results, tuples and frames down to the numbers."""
    if isinstance(result, Undefined):
        assert result.reason
        assert "nan" not in result.reason
    elif is_dataclass(result):
        for field in fields(result):
            assert_finite(getattr(result, field.name), f"{path}.{field.name}")
    elif isinstance(result, tuple):
        for i, part in enumerate(result):
            assert_finite(part, f"{path}[{i}]")
    elif isinstance(result, pd.DataFrame):
        assert not result.isna().any(axis=None), path
    elif isinstance(result, float):
        assert np.isfinite(result), path


@pytest.mark.parametrize("seed", range(25))
def test_no_statistic_of_a_spoiled_study_is_nan(simulated, seed):
    judgments = spoiled(np.random.default_rng(seed), simulated)
    rated = set(judgments[judgments["check"].isna()].dropna(subset=["mos"])["method"])
    scores = direction_mos(judgments)
    accuracies = scores.drop(columns="mos").assign(accuracy=scores["n"] / 10)
    assert_finite(scores, "direction_mos")
    assert_finite(method_mos(judgments), "method_mos")
    if rated == set(PEOPLE):
        assert_finite(compare(judgments, "found", ["random"]), "compare")
    assert_finite(marginal_model(judgments, "found", "random"), "marginal_model")
    assert_finite(two_way_difference(judgments, "found", "random"), "two_way_difference")
    for question in ("consistent", "single", "mos", "category"):
        assert_finite(agreement(judgments, question), f"agreement({question})")
        assert_finite(repeat_agreement(judgments, question), f"repeat_agreement({question})")
    assert_finite(change_types(judgments, CATEGORIES), "change_types")
    assert_finite(associations(judgments, CATEGORIES), "associations")
    assert_finite(screen(judgments, Limits(), ["consistent", "single"], Rating.expected), "screen")
    assert_finite(rca_against_mos(accuracies, scores), "rca_against_mos")
