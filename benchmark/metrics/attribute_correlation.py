"""Attributes: what does a direction change, in the eyes of a network trained on real images?"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from benchmark.generators.judge import NamingJudge, judge_of
from benchmark.metrics.metric import Evidence, Metric
from benchmark.metrics.walk import Walk
from benchmark.tables.table import Column

MATRIX = "rescoring"  # of a cell: how each attribute changes along each direction
RESCORED = Column(
    "Re-scoring: how far the judge's probability of the attribute moves for the largest shift "
    "along the direction, from -0.5 to 0.5; the mean over z, and of both signs of eps.",
    kind="difference",
)


class AttributeCorrelation(Metric):
    """How well the best attribute follows each direction, and how much better than all others."""

    price: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, Column]] = {
        "attribute_correlation": Column(
            "How far a judge, a network trained on real images, sees one attribute change along a "
            "direction: |covariance| of its probability, scaled to [-1, 1], with eps, over the "
            "deviation of eps, of the attribute where it is largest; the mean over directions. "
            "The judge errs, and more on images of a generator.",
            kind="number",
            better="high",
        ),
        "attribute_share": Column(
            "How much of all that a judge sees change is the attribute that changes most: 1 if a "
            "direction changes a single one; the mean over directions.",
            better="high",
            aside=True,
        ),
    }
    direction_columns: ClassVar[Mapping[str, Column]] = {
        "attribute": Column("What a judge sees change most along the direction.", kind="text"),
        "attribute_correlation": Column(
            "How far that attribute follows the direction; 0 is not at all.",
            kind="number",
            better="high",
        ),
        "attribute_share": Column(
            "Its part in the changes of all attributes; 1 if it alone changes.", better="high"
        ),
    }
    walks: ClassVar[bool] = True

    def __init__(self) -> None:
        self.judges: dict[str, NamingJudge | None] = {}  # by data set, read once

    def applies(self, cell: Evidence) -> bool:
        return self._judge(cell) is not None

    def along(self, cell: Evidence, walk: Walk) -> dict[str, Any]:
        judge = self._judge(cell)
        assert judge is not None, "`applies` has looked"
        stops, n = walk.images.shape[:2]
        judge.network.to(walk.images.device)
        seen = judge.probabilities(walk.images.flatten(0, 1))  # (s * n, a)
        shown = seen.view(stops, n, -1).numpy()  # (s, n, a)
        found = correlations(shown, walk.eps.numpy())  # (a,)
        best, total = int(found.argmax()), float(found.sum())
        return {
            "attribute": judge.names[best] if total else None,
            "attribute_correlation": float(found[best]),
            "attribute_share": float(found[best]) / total if total else None,
            "changes": changes(shown),
        }

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        return {
            "attribute_correlation": float(table["attribute_correlation"].mean()),
            "attribute_share": float(table["attribute_share"].astype(float).mean()),
        }

    def matrices(self, cell: Evidence, table: pd.DataFrame) -> dict[str, pd.DataFrame]:
        judge = self._judge(cell)
        assert judge is not None, "`applies` has looked"
        matrix = np.stack(table["changes"].tolist())  # (K, a)
        return {MATRIX: pd.DataFrame(matrix, columns=list(judge.names))}

    def _judge(self, cell: Evidence) -> NamingJudge | None:
        data = cell.original.trained_on
        if data not in self.judges:
            self.judges[data] = judge_of(data)
        return self.judges[data]


def correlations(shown: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """(a,) absolute attribute correlations of one direction (WarpedGANSpace, ICCV 2021).

    shown: (s, n, a) probabilities at s shifts of n latents. eps: (s,). Each path's covariance of
    the attribute, scaled to [-1, 1], with eps, over the standard deviation of eps; the mean over
    latents, absolute. At most about 1, for an attribute that jumps from 0 to 1 halfway.
    """
    scaled = 2.0 * shown - 1.0  # (s, n, a)
    away = eps - eps.mean()  # (s,)
    covariance = np.tensordot(away, scaled - scaled.mean(axis=0), 1) / (len(eps) - 1)  # (n, a)
    found: np.ndarray = np.abs(covariance.mean(axis=0)) / eps.std(ddof=1)
    return found


def changes(shown: np.ndarray) -> np.ndarray:
    """(a,) mean change of each probability for a shift by +max: the mean of that by +max and of the
    reverse of that by -max, in [-1/2, 1/2] (re-scoring, as of InterFaceGAN, CVPR 2020)."""
    found: np.ndarray = (shown[-1] - shown[0]).mean(axis=0) / 2.0
    return found
