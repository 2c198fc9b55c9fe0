"""A method whose shift depends on z: each direction leads to a place, from wherever z is."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from benchmark.directions.shift import Shift
from benchmark.methods.method import Learned
from benchmark.rca.training import Learner


class TowardsShift(Shift):
    kind = "towards"

    def __init__(self, latent_dim, k, distance):
        super().__init__()
        self.latent_dim, self.k, self.distance = latent_dim, k, distance
        self.places = nn.Parameter(distance * torch.eye(k, latent_dim))  # (K, d)

    def settings(self):
        return {"latent_dim": self.latent_dim, "k": self.k, "distance": self.distance}

    def forward(self, latents, k, eps):
        way = self.places[k] - latents.point  # (n, d)
        return eps.unsqueeze(1) * F.normalize(way, dim=1)  # (n, d)


@dataclass(frozen=True)
class Towards(Learned):
    """Directions that lead to places, which learn."""

    lr: float = 1e-2
    distance: float = 10.0  # of the places from the origin, at first

    def learner(self, task):
        shift = TowardsShift(task.generator.latent_dim, task.protocol.k, self.distance)
        return Learner(
            "towards",
            shift,
            task.generator.image_shape,
            task.protocol,
            task.r_seed,
            task.device,
            lr_shift=self.lr,
        )
