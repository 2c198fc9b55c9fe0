"""Metrics of directions, one per file: a pure function of stored numbers, or a thin driver of G.

To add one, write a `Metric` in a file of its own, name it here, and test it.
"""

from benchmark.metrics.accuracy import Accuracy
from benchmark.metrics.collapse import Collapse
from benchmark.metrics.metric import Metric
from benchmark.metrics.recovery import Recovery
from benchmark.metrics.redundancy import Redundancy

METRICS: dict[str, Metric] = {
    "accuracy": Accuracy(),
    "redundancy": Redundancy(),
    "collapse": Collapse(),
    "recovery": Recovery(),
}

# The columns that methods and directions are compared by. Tables sort by them, figures draw the
# others beside them; the ends of a column's interval are called NAME_low and NAME_high.
HEADLINE = "rca_fresh"
HEADLINE_OF_A_DIRECTION = "accuracy"
