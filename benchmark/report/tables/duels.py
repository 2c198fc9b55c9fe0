"""RCA of methods two by two, each pair compared once for all tables that show it."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from math import comb

import pandas as pd

from benchmark.runs.replicates import Replicates, answers, left_out, single
from benchmark.stats.paired import (
    ByMethod,
    RcaComparison,
    by_method,
    compare_methods,
    direction_accuracies,
)
from benchmark.stats.permutation import enough


class Duels:
    """Comparisons of the methods of some rows of the main table, made when they are asked for.

    rows: those of them that are `single`; `left_out` has a sentence on each of the others.
    """

    def __init__(self, rows: Sequence[Replicates]) -> None:
        self.rows = single(rows)
        self.left_out = left_out(rows)
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

    @cached_property
    def _arrangements(self) -> int:
        """Random ones of each test, enough for each with each on every generator and pooled."""
        methods, generators = ({getattr(r, n) for r in self.rows} for n in ("method", "generator"))
        return enough(comb(len(methods), 2) * (len(generators) + 1))

    def of(self, method: str, baseline: str) -> tuple[RcaComparison, ...]:
        """The method against the baseline, on each generator and pooled, as one family."""
        if (method, baseline) not in self._kept:
            self._kept[method, baseline] = compare_methods(
                self._by_method, method, [baseline], resamples=self._arrangements
            )
        return self._kept[method, baseline]
