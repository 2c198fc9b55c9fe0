"""A marginal model as a check on the permutation test: GEE, judgments clustered by direction.

Generalized estimating equations (Liang & Zeger, Biometrika 1986): logit of the share of yes = a
level for each generator + the log odds ratio of the method, answers about one direction equally
correlated. Robust errors are too small where clusters are few, as the residuals that they are made
of were fitted: they are widened by sqrt((n - 1) / (n - coefficients)) of the n directions, and
taken to t. Three generators with 8 directions of each method reject 5.8% of true nulls, without the
widening 6.6%; one with 6 rejects 4.5%, and 5.5%. With z in place of t ten directions reject 7%.

A robust error is a spread over directions, so it is too small where a method has few of them,
however many the other has: with the degrees of freedom of all directions together, 2 against 10
rejects 18% of true nulls, and 4 against 40 12%. Those of the smaller side of each generator take
their place, and there must be FEWEST_DIRECTIONS of each method on each generator: 4 against 4 on
two generators reject 6.9%. Where all answers about a method on a generator are yes, or all no,
there is no spread at all, and the model rejects 14-24%, even if other generators keep the odds
finite: such designs are refused. An interval is 0.94 (6 directions) to 0.98 times (20) as wide as
Student's t over directions gives. The figures of few directions are those before the widening.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit
from statsmodels.genmod.cov_struct import Exchangeable
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_estimating_equations import GEE

from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.judgments import DIRECTION, answers_about

FEWEST_DIRECTIONS = (
    6  # per method; fewer reject 1.7-6.6% of true nulls, and their intervals are too narrow
)
HOW = "GEE, robust errors clustered by direction, t"


@dataclass(frozen=True)
class MarginalModel:
    """odds_ratio: of yes under the method to yes under the baseline, within a generator."""

    odds_ratio: Estimate
    p: float


def marginal_model(
    judgments: pd.DataFrame, method: str, baseline: str
) -> MarginalModel | Undefined:
    """The method against the baseline over all judgments of the generators that have both."""
    answered = answers_about(judgments, method, baseline)
    if answered.empty:
        return Undefined(f"no generator has rated directions of both {method} and {baseline}")
    if certain := _separation(answered):
        return certain
    by_direction = answered.groupby(DIRECTION, observed=True)
    per_side = by_direction.size().groupby(["generator", "method"], observed=True).size()
    if per_side.min() < FEWEST_DIRECTIONS:
        place = per_side[per_side == per_side.min()].reset_index(name="n").iloc[0]
        return Undefined(
            f"the errors of a model need {FEWEST_DIRECTIONS} rated directions of both methods, "
            f"here {'is' if place['n'] == 1 else 'are'} {place['n']} of {place['method']} on "
            f"{place['generator']}"
        )
    levels = pd.get_dummies(answered["generator"], dtype=float).to_numpy()  # (n, generators)
    effect = (answered["method"] == method).to_numpy(float)  # (n,)
    smaller = int(per_side.groupby("generator", observed=True).min().sum())
    coefficients, directions = 1 + levels.shape[1], int(per_side.sum())
    freedom = 2 * smaller - coefficients
    widening = float(np.sqrt((directions - 1) / (directions - coefficients)))
    model = GEE(
        answered["mos"].to_numpy(float),
        np.column_stack([effect, levels]),
        groups=by_direction.ngroup().to_numpy(),
        family=Binomial(),
        cov_struct=Exchangeable(),
    )
    try:
        with warnings.catch_warnings(action="error"):
            fit = model.fit()
            log_odds, error = float(fit.params[0]), widening * float(fit.bse[0])
    except (Warning, np.linalg.LinAlgError, FloatingPointError):
        return Undefined("the model's estimation did not converge")
    if not 0 < error < np.inf:
        return Undefined("the directions of a method do not differ, so the model has no errors")
    low, high = np.exp(log_odds + stdtrit(freedom, 0.975) * np.array([-error, error]))
    p = float(2 * stdtr(freedom, -abs(log_odds) / error))
    interval = Interval(float(low), float(high), HOW)
    return MarginalModel(Estimate(float(np.exp(log_odds)), interval), p)


def _separation(answered: pd.DataFrame) -> Undefined | None:
    """Why the odds of a method on a generator are not finite, if they are not."""
    shares = answered.groupby(["generator", "method"], observed=True)["mos"].mean()
    certain = shares[shares.isin([0, 1])].reset_index()
    if certain.empty:
        return None
    place = certain.iloc[0]
    where = f" on {place['generator']}" if len(set(answered["generator"])) > 1 else ""
    answer = "yes" if place["mos"] else "no"
    return Undefined(
        f"every answer about {place['method']}{where} is {answer}, so its odds are not finite"
    )
