"""Holm's correction for many tests, of which some may have no answer."""

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests

from benchmark.stats.results import Undefined


def adjusted(p_values: Sequence[float | Undefined]) -> list[float | Undefined]:
    """The p-values adjusted over their family (Holm, Scandinavian Journal of Statistics 1979).

    An undefined one stays as it is and does not count: it can reject nothing.
    """
    defined = [p for p in p_values if not isinstance(p, Undefined)]
    if not defined:
        return list(p_values)
    corrected = iter(multipletests(defined, method="holm")[1])
    return [p if isinstance(p, Undefined) else float(next(corrected)) for p in p_values]
