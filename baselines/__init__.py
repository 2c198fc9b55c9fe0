"""The methods that the suite compares: the one under test and its baselines.

USUAL: those that run where none is named; the others cost more time, and are there for the asking.

To add one, write a frozen dataclass with `fit` in a file of its own, name it here, and test it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.core.offered import Offered

if TYPE_CHECKING:
    from benchmark.methods.method import Method

METHODS: Offered[type[Method]] = Offered(
    {
        "discovered": "benchmark.methods.discovered:Discovered",
        "random": "baselines.random:Random",
        "coordinate": "baselines.coordinate:Coordinate",
        "sefa": "baselines.sefa:SeFa",
        "ganspace": "baselines.ganspace:GANSpace",
        "warped": "baselines.warped:Warped",
        "hessian_penalty": "baselines.hessian_penalty:HessianPenalty",
        "orojar": "baselines.orojar:OroJaR",
        "latentclr": "baselines.latentclr:LatentCLR",
    }
)
USUAL = ("discovered", "random", "coordinate")
