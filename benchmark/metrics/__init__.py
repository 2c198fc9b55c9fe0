"""Metrics of directions, one per file: a pure function of stored numbers, or a thin driver of G.

To add one, write a `Metric` in a file of its own, name it here, and test it. docs/METRICS.md says
what each measures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.core.offered import Offered

if TYPE_CHECKING:
    from benchmark.metrics.metric import Metric

METRICS: Offered[Metric] = Offered(
    {
        "accuracy": "benchmark.metrics.accuracy:Accuracy",
        "redundancy": "benchmark.metrics.redundancy:Redundancy",
        "collapse": "benchmark.metrics.collapse:Collapse",
        "recovery": "benchmark.metrics.recovery:Recovery",
        "eps_half": "benchmark.metrics.eps_half:EpsHalf",
        "activeness": "benchmark.metrics.activeness:Activeness",
        "attributes": "benchmark.metrics.attribute_correlation:AttributeCorrelation",
        "disentanglement": "benchmark.metrics.disentanglement:Disentanglement",
    },
    use=lambda kind: kind(),
)

# Those that cost too much to be computed unasked: `--metric vp`.
ON_REQUEST: Offered[Metric] = Offered(
    {"vp": "benchmark.metrics.vp:VariationPredictability"}, use=lambda kind: kind()
)

# What a result keeps of directions.
OF_DIRECTIONS = ("by_direction", "words", "matrices")

# The columns that methods and directions are compared by. Tables sort by them, figures draw the
# others beside them; the ends of a column's interval are called NAME_low and NAME_high.
HEADLINE = "rca_fresh"
HEADLINE_OF_A_DIRECTION = "accuracy"
