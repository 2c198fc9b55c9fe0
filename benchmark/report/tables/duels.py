"""RCA of methods two by two, each pair compared once for all tables that show it."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

import pandas as pd

from benchmark.runs.replicates import Replicates, answers, configurations, single
from benchmark.stats.paired import (
    ByMethod,
    RcaComparison,
    by_method,
    compare_methods,
    direction_accuracies,
)


class Duels:
    """Comparisons of the methods of some rows of the main table, made when they are asked for.

    rows: those of them that are `single`; `left_out` has a sentence on each of the others.
    """

    def __init__(self, rows: Sequence[Replicates]) -> None:
        self.rows = single(rows)
        self.left_out = [
            f"Left out is {method} on {generator}: it has {n} configurations in this run."
            for (generator, method), n in configurations(rows).items()
            if n > 1
        ]
        self._kept: dict[tuple[str, str], tuple[RcaComparison, ...]] = {}

    @cached_property
    def accuracies(self) -> pd.DataFrame:
        """As `direction_accuracies` gives them; no rows where R was never asked.

        The answers of one method on one generator at a time: all of a run would fill the memory.
        """
        places: dict[tuple[str, str], list[Replicates]] = defaultdict(list)
        for r in self.rows:
            places[r.generator, r.method].append(r)
        parts = [
            direction_accuracies(found)
            for place in sorted(places)
            if not (found := answers(places[place])).empty
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"method": []})

    @cached_property
    def _by_method(self) -> ByMethod:
        return by_method(self.accuracies)

    def of(self, method: str, baseline: str) -> tuple[RcaComparison, ...]:
        """The method against the baseline, on each generator and pooled, as one family."""
        if (method, baseline) not in self._kept:
            found = compare_methods(self._by_method, method, [baseline])
            self._kept[method, baseline] = found
        return self._kept[method, baseline]
