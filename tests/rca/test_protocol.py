"""The terms of a comparison: limits and schedules."""

import math

import pytest

from benchmark.core.errors import BenchError
from benchmark.rca.protocol import Protocol


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("k", 0, "k must be at least 1"),
        ("steps", 0, "steps must be at least 1"),
        ("steps", -5, "steps must be at least 1"),
        ("batch", 1, "batch must be at least 2"),
        ("evaluation", 0, "evaluation must be at least 1"),
        ("threads", 0, "threads must be at least 1"),
        ("lr", 0.0, "lr must be above 0"),
        ("lr", math.nan, "lr must be above 0"),
        ("lr", math.inf, "lr must be above 0"),
        ("lambda_", -1.0, "lambda must be 0 or more"),
        ("lambda_", math.nan, "lambda must be 0 or more"),
        ("min_shift", 6.0, "min_shift must lie in"),
        ("min_shift", -0.1, "min_shift must lie in"),
        ("max_shift", 0.0, "max_shift must be above 0"),
        ("shift_loss", "mas", "did you mean mse or mae"),
        ("schedule", "cosin", "did you mean cosine"),
        ("reconstructor", "resnet", "did you mean resnet18"),
    ],
)
def test_what_cannot_be_is_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        Protocol(**{field: value})


def test_schedules_by_their_formulas() -> None:
    steps = 1000
    constant, cosine, onecycle = (
        [Protocol(steps=steps, schedule=name).rate_factor(i) for i in range(steps)]
        for name in ("constant", "cosine", "onecycle")
    )
    assert set(constant) == {1.0}
    expected = [(1 + math.cos(math.pi * i / steps)) / 2 for i in range(steps)]
    assert cosine == pytest.approx(expected)
    assert onecycle[0] == pytest.approx(0.04)
    assert onecycle[300] == pytest.approx(1.0)
    assert max(onecycle) <= 1.0
    assert onecycle[:300] == sorted(onecycle[:300])
    assert onecycle[300:] == sorted(onecycle[300:], reverse=True)
    assert onecycle[-1] < 1e-4
