"""What critic and generator minimise, from scores that are high for real images."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

R1_EVERY = 16  # steps between penalties, each that many times as strong (Karras et al., 2020)


@dataclass(frozen=True)
class Loss:
    """critic: of the scores of real and of fake images, (n,) each. generator: of those of fakes."""

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


HINGE = Loss(  # Lim & Ye, 2017; Miyato et al., 2018
    lambda real, fake: F.relu(1.0 - real).mean() + F.relu(1.0 + fake).mean(),
    lambda fake: -fake.mean(),
)
LOGISTIC = Loss(  # Goodfellow et al., 2014, not saturating
    lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
    lambda fake: F.softplus(-fake).mean(),
)


def r1_penalty(critic: nn.Module, reals: Tensor, labels: Tensor | None) -> Tensor:
    """Half the mean squared gradient of the scores by the real images (Mescheder et al., 2018).

    It keeps a critic without spectral norm from growing ever steeper.
    """
    reals = reals.detach().requires_grad_(True)
    scores = critic(reals, labels)  # (n,)
    (gradient,) = torch.autograd.grad(scores.sum(), reals, create_graph=True)  # (n, C, H, W)
    return 0.5 * gradient.square().sum(dim=(1, 2, 3)).mean()
