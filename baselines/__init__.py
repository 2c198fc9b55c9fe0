"""The methods that the suite compares: the one under test and its baselines.

To add one, write a frozen dataclass with `fit` in a file of its own, name it here, and test it.
"""

from baselines.coordinate import Coordinate
from baselines.hessian_penalty import HessianPenalty
from baselines.latentclr import LatentCLR
from baselines.orojar import OroJaR
from baselines.random import Random
from baselines.warped import Warped
from benchmark.methods.discovered import Discovered
from benchmark.methods.method import Method

METHODS: dict[str, type[Method]] = {
    "discovered": Discovered,
    "random": Random,
    "coordinate": Coordinate,
    "warped": Warped,
    "hessian_penalty": HessianPenalty,
    "orojar": OroJaR,
    "latentclr": LatentCLR,
}
