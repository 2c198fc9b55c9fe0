"""The methods that the suite compares: the one under test and its baselines.

USUAL: those that run where none is named; the others cost more time, and are there for the asking.

To add one, write a frozen dataclass with `fit` in a file of its own, name it here, and test it.
"""

from baselines.coordinate import Coordinate
from baselines.ganspace import GANSpace
from baselines.random import Random
from baselines.sefa import SeFa
from benchmark.methods.discovered import Discovered
from benchmark.methods.method import Method

METHODS: dict[str, type[Method]] = {
    "discovered": Discovered,
    "random": Random,
    "coordinate": Coordinate,
    "sefa": SeFa,
    "ganspace": GANSpace,
}
USUAL = ("discovered", "random", "coordinate")
