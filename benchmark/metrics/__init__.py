"""Metrics of directions, one per file: a pure function of stored numbers, or a thin driver of G.

To add one, write a `Metric` in a file of its own, name it here, and test it. docs/METRICS.md says
what each measures.
"""

from benchmark.metrics.accuracy import Accuracy
from benchmark.metrics.activeness import Activeness
from benchmark.metrics.attribute_correlation import AttributeCorrelation
from benchmark.metrics.collapse import Collapse
from benchmark.metrics.disentanglement import Disentanglement
from benchmark.metrics.eps_half import EpsHalf
from benchmark.metrics.metric import Metric
from benchmark.metrics.recovery import Recovery
from benchmark.metrics.redundancy import Redundancy
from benchmark.metrics.vp import VariationPredictability

METRICS: dict[str, Metric] = {
    "accuracy": Accuracy(),
    "redundancy": Redundancy(),
    "collapse": Collapse(),
    "recovery": Recovery(),
    "eps_half": EpsHalf(),
    "activeness": Activeness(),
    "attributes": AttributeCorrelation(),
    "disentanglement": Disentanglement(),
}

# Those that cost too much to be computed unasked: `--metric vp`.
OFFERED: dict[str, Metric] = {"vp": VariationPredictability()}

# The columns that methods and directions are compared by. Tables sort by them, figures draw the
# others beside them; the ends of a column's interval are called NAME_low and NAME_high.
HEADLINE = "rca_fresh"
HEADLINE_OF_A_DIRECTION = "accuracy"
