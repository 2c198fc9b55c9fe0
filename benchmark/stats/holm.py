"""Holm's correction for many tests, of which some may have no answer."""

from collections.abc import Sequence

import numpy as np

from benchmark.stats.results import Undefined


def adjusted(p_values: Sequence[float | Undefined]) -> list[float | Undefined]:
    """The p-values adjusted over their family (Holm, Scandinavian Journal of Statistics 1979).

    The smallest of m is multiplied by m, the next by m - 1, and none falls below one before it. An
    undefined one stays as it is and does not count: it can reject nothing.
    """
    defined = np.array([p for p in p_values if not isinstance(p, Undefined)])  # (m,)
    order = np.argsort(defined)  # (m,)
    steps = defined[order] * np.arange(len(order), 0, -1)  # (m,)
    corrected = np.empty_like(defined)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    remaining = iter(corrected.tolist())
    return [p if isinstance(p, Undefined) else next(remaining) for p in p_values]
