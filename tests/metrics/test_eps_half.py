"""The shift at which R tells directions apart, against fits of others and curves that are known."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from benchmark.generators.families.planted import Planted
from benchmark.metrics.eps_half import RIDGE, EpsHalf, curve, of_half, thresholds
from benchmark.metrics.metric import measure
from benchmark.rca.protocol import Protocol

from .cells import cell_of

N = 16_000


def answers(
    halves: list[float], n: int = N, top: float = 1.0, steep: float = 3.0, first: float = 0.0
) -> pd.DataFrame:
    """Direction i is named with probability top / (1 + (halves[i] / |eps|)^steep)."""
    rng = np.random.default_rng(3)
    k = rng.integers(0, len(halves), n)
    eps = np.where(rng.random(n) < 0.5, -1, 1) * rng.uniform(first, 6, n)
    with np.errstate(over="ignore"):
        right = rng.random(n) < top / (1 + (np.array(halves)[k] / np.abs(eps)) ** steep)
    k_hat = np.where(right, k, (k + 1) % len(halves))
    return pd.DataFrame({"k": k, "eps": eps, "k_hat": k_hat})


def test_known_curves_are_found() -> None:
    found = thresholds(answers([0.5, 2.0, 4.0, 5.0]), Protocol(k=4))
    assert found == pytest.approx([0.5, 2.0, 4.0, 5.0], rel=0.06)


@pytest.mark.parametrize("top", [1.0, 0.6])
def test_the_fit_is_that_of_a_general_optimiser(top: float) -> None:
    rng = np.random.default_rng(0)
    x, k = rng.normal(-1, 1, 900), rng.integers(0, 3, 900)
    right = (rng.random(900) < top / (1 + np.exp(-(0.5 + k * x)))).astype(float)
    level, slope, likelihood = curve(x, right, k, 3, top)

    for i in range(3):
        own, said = x[k == i], right[k == i]

        def loss(b: np.ndarray, own: np.ndarray = own, said: np.ndarray = said) -> float:
            p = top / (1 + np.exp(-(b[0] + b[1] * own)))
            logs = said * np.log(p) + (1 - said) * np.log(1 - p + 1e-300)
            return float(-logs.sum() + RIDGE / 2 * (b @ b))

        best = minimize(loss, [0, 0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
        assert [level[i], slope[i]] == pytest.approx(best.x, abs=1e-4)
        assert likelihood[i] == pytest.approx(-best.fun)


@pytest.mark.parametrize("cut", [0.3, 1.5, 5.5])
def test_right_beyond_a_length_and_wrong_before_it_is_that_length(cut: float) -> None:
    eps = np.linspace(-6, 6, 2001)
    frame = pd.DataFrame({"k": 0, "eps": eps, "k_hat": (np.abs(eps) < cut).astype(int)})
    assert thresholds(frame, Protocol(k=2))[0] == pytest.approx(cut, rel=0.03)


def test_what_never_reaches_half_has_no_length() -> None:
    found = thresholds(answers([1.0, 1.0, 60.0], top=0.4), Protocol(k=4))
    assert np.isnan(found).all()  # the fourth was never asked about


def test_twins_share_their_answers_and_stay_below_half() -> None:
    """R can but guess between two equal directions."""
    single = answers([1.0, 1.0])
    guessed = np.random.default_rng(1).random(N) < 0.45
    twins = single.assign(k_hat=np.where(guessed, single["k_hat"], single["k"] + 2))
    assert not np.isnan(thresholds(single, Protocol(k=4))[:2]).any()
    assert np.isnan(thresholds(twins, Protocol(k=4))).all()


def test_always_right_is_the_shortest_length_that_counts() -> None:
    frame = pd.DataFrame({"k": 0, "eps": np.linspace(-6, 6, 501), "k_hat": 0})
    assert thresholds(frame, Protocol(k=2))[0] == pytest.approx(0.006)
    assert thresholds(frame, Protocol(k=2, min_shift=0.5))[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([3.0, 1.0, 2.0, 4.0], 2.0),
        ([3.0, 1.0, np.nan, np.nan], 3.0),
        ([3.0, np.nan, np.nan], np.nan),
        ([3.0, 1.0, np.nan], 3.0),
        ([], np.nan),
    ],
)
def test_half_of_the_directions_are_the_first_half(lengths: list[float], expected: float) -> None:
    found = of_half(np.array(lengths), len(lengths))
    assert found == pytest.approx(expected, nan_ok=True)


def test_it_is_stored_as_nothing_where_it_is_never_reached() -> None:
    planted = Planted()
    for halves, expected in (([1.0, 2.0], 1.0), ([1.0, 50.0, 50.0], None)):
        cell = cell_of(planted, planted.axes[:, : len(halves)], answers(halves))
        found = measure({"eps_half": EpsHalf()}, cell)
        assert found["eps_half"] == (expected and pytest.approx(expected, rel=0.06))
        assert len(found["by_direction"]["eps_half"]) == len(halves)
    assert found["by_direction"]["eps_half"][1:] == [None, None]
