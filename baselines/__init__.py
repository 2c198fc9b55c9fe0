"""The methods that the suite compares: the one under test and its baselines.

To add one, write a frozen dataclass with `fit` in a file of its own, name it here, and test it.
"""

from baselines.coordinate import Coordinate
from baselines.random import Random
from benchmark.methods.discovered import Discovered
from benchmark.methods.method import Method

METHODS: dict[str, type[Method]] = {
    "discovered": Discovered,
    "random": Random,
    "coordinate": Coordinate,
}
