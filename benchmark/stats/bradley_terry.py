"""Strengths of methods by which the odds of every pair of them follow (Bradley & Terry, Biometrika
1952): the log odds that a direction of the one wins is the difference of the two strengths.

Each pair of directions counts once, whatever the number of its judgments, a tie as half a win for
each. Fitted by statsmodels' logistic regression; errors are those of pairs that share a direction.
The intervals hold the truth in 94.6-97% of simulated studies with 8 directions of each method or
more (`tests/stats/test_wins.py`), and in 95-98% with 4 or 6. The truth there is that of
methods: directions of a method differ, so its strength is less than that of a typical direction.
"""

import warnings

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.special import stdtrit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from benchmark.core.dyadic import ENDS, PAIRS, dyadic_variance, ends_of
from benchmark.core.estimates import Estimate, Interval, Undefined
from benchmark.core.finite import complete

HOW = "Bradley-Terry, errors of pairs that share a direction, t"


def strengths(pairs: pd.DataFrame) -> dict[str, Estimate | Undefined]:
    """The strength of each method of one generator, by name; their mean is 0.

    pairs: as `benchmark.stats.wins.pair_scores` makes them. Undefined where some methods won or
    lost everything against all others (Ford, American Mathematical Monthly 1957). Raises BenchError
    where a pair lacks a value.
    """
    complete(pairs, [*ENDS, "score"], PAIRS)
    names = sorted({*pairs["method"], *pairs["method_2"]})
    score = pairs["score"].to_numpy(float)  # (pairs,)
    first, second = (
        (pairs[[column]].to_numpy() == np.array(names, dtype=object)).astype(float)
        for column in ("method", "method_2")
    )  # (pairs, methods)
    won = first.T @ (score[:, None] * second)  # (methods, methods)
    won += second.T @ ((1 - score)[:, None] * first)
    groups, _ = connected_components(won > 0, directed=True, connection="strong")
    if groups > 1:
        reason = "not every method won and lost against others, so strengths are not finite"
        return dict.fromkeys(names, Undefined(reason))
    design = first - second  # (pairs, methods)
    with warnings.catch_warnings():  # a perfect fit is no separation, which was asked for above
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        fitted = GLM(score, design[:, 1:], family=Binomial()).fit()  # the first method's is 0
    strength = np.append(0.0, fitted.params)  # (methods,)
    strength -= strength.mean()
    expected = fitted.fittedvalues  # (pairs,)
    information = design.T @ ((expected * (1 - expected))[:, None] * design)  # (methods, methods)
    # The pseudo-inverse is the inverse among strengths whose mean is 0.
    influence = (score - expected)[:, None] * design @ np.linalg.pinv(information)
    ends = ends_of(pairs)
    half = stdtrit(ends.fewest - 1, 0.975) * dyadic_variance(influence, ends) ** 0.5  # (methods,)
    return {
        name: Estimate(value, ends.too_few or Interval(value - width, value + width, HOW))
        for name, value, width in zip(names, strength.tolist(), half.tolist(), strict=True)
    }
