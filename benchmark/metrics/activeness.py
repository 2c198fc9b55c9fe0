"""Activeness: does a direction change the image at all? A dead one costs K and shows nothing."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd
from torch import Tensor

from benchmark.metrics.metric import Evidence, Metric
from benchmark.metrics.walk import Walk
from benchmark.tables.table import Column

DEAD = 0.01  # of the variance between images of different z


class Activeness(Metric):
    """How much of the image moves along a direction (Peebles et al., ECCV 2020, section 4)."""

    price: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, Column]] = {
        "activeness": Column(
            "How much images change along a direction: the variance of a pixel over eps, averaged "
            "over pixels, z and directions; pixels lie in [-1, 1]. What makes all images one is "
            "active too, so read it beside collapse.",
            kind="number",
            better="high",
            aside=True,
        ),
        "dead_directions": Column(
            f"The share of directions along which images hardly change: by less than {DEAD:.0%} of "
            "the variance between images of different z.",
            better="low",
            aside=True,
        ),
    }
    direction_columns: ClassVar[Mapping[str, Column]] = {
        "activeness": Column(
            "How much images change along the direction: the variance of a pixel over eps, "
            "averaged over pixels and z.",
            kind="number",
            better="high",
        )
    }
    walks: ClassVar[bool] = True

    def along(self, cell: Evidence, walk: Walk) -> dict[str, Any]:
        return {
            "activeness": activeness(walk.images),
            "natural": float(walk.unmoved.double().var(dim=0).mean()),
        }

    def of_cell(self, cell: Evidence, table: pd.DataFrame) -> dict[str, float]:
        dead = table["activeness"] < DEAD * table["natural"]
        return {
            "activeness": float(table["activeness"].mean()),
            "dead_directions": float(dead.mean()),
        }


def activeness(images: Tensor) -> float:
    """Mean over z and pixels of the variance over eps of (s, n, C, H, W) images, s >= 2."""
    return float(images.double().var(dim=0).mean())
