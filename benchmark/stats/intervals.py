"""Intervals of shares."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.proportion import proportion_confint

Floats = NDArray[np.float64]


def wilson(successes: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's score interval (JASA 1927) of each share successes / n.

    successes and n broadcast to one shape, that of both ends returned; ends lie in [0, 1]. Without
    a trial (n = 0) nothing is known: the interval is (0, 1). Raises ValueError where successes are
    not in [0, n] or the level is not in (0, 1).
    """
    successes, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    if not np.all((successes >= 0) & (successes <= n)):  # NaN fails this too
        raise ValueError("successes must lie between 0 and the number of trials")
    if not 0 < level < 1:
        raise ValueError(f"the level must lie between 0 and 1, not {level}")
    tried = n > 0
    low, high = proportion_confint(
        successes, np.where(tried, n, 1), alpha=1 - level, method="wilson"
    )
    return np.where(tried, np.clip(low, 0, 1), 0.0), np.where(tried, np.clip(high, 0, 1), 1.0)
