"""StyleGAN's mapping network: z, and the class where there are classes, to w.

Karras et al., CVPR 2019, section 2; the normalised embedding of the class is that of Karras et al.,
NeurIPS 2020. Weights are stored at unit variance and scaled as they are used, so that all layers
learn at one rate (Karras et al., ICLR 2018, section 4.1).
"""

from collections.abc import Mapping as Entries

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.fast.styled import SLOPE

RATE = 0.01  # of the mapping network's learning, against that of the images' layers
GAIN = 2**0.5  # after it, which keeps the mean square


def normalised(x: Tensor) -> Tensor:
    """(n, d) at a mean square of one."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()  # (n, d)


class Dense(nn.Module):
    """(n, in) -> (n, out), affine, its weights scaled by rate / sqrt(in) and its bias by rate."""

    def __init__(
        self, features_in: int, features_out: int, bias: float = 0.0, rate: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(features_out, features_in) / rate)
        self.bias = nn.Parameter(torch.full((features_out,), bias))
        self.gain, self.rate = rate / features_in**0.5, rate

    def scaled_weight(self) -> Tensor:
        """The Jacobian (out, in) of the output by the input."""
        return self.weight * self.gain

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.scaled_weight(), self.bias * self.rate)  # (n, out)


class Mapping(nn.Module):
    """z (n, z_dim) and the class of each, if there are classes, to w (n, w_dim).

    w_avg: (w_dim,), the mean of w, towards which truncation pulls. Whoever trains the network sets
    it, from the w of many z.
    """

    w_avg: Tensor

    def __init__(self, z_dim: int, w_dim: int, n_classes: int, layers: int) -> None:
        super().__init__()
        self.n_classes = n_classes
        if n_classes:
            self.embed = Dense(n_classes, w_dim)
        width = z_dim + (w_dim if n_classes else 0)
        self.steps = tuple(f"fc{i}" for i in range(layers))
        for name in self.steps:
            self.add_module(name, Dense(width, w_dim, rate=RATE))
            width = w_dim
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def first_weight(self) -> Tensor:
        """(w_dim, z_dim): how the first layer depends on z at a mean square of one."""
        first = self.get_submodule(self.steps[0])
        assert isinstance(first, Dense)
        z_dim = first.weight.shape[1] - (first.weight.shape[0] if self.n_classes else 0)
        return first.scaled_weight()[:, :z_dim]  # (w_dim, z_dim)

    def forward(self, z: Tensor, labels: Tensor | None) -> Tensor:
        w = normalised(z)  # (n, z_dim)
        if self.n_classes:
            assert labels is not None
            classes = F.one_hot(labels, self.n_classes).to(z)  # (n, classes)
            w = torch.cat([w, normalised(self.embed(classes))], dim=1)  # (n, z_dim + w_dim)
        for name in self.steps:
            w = F.leaky_relu(self.get_submodule(name)(w), SLOPE) * GAIN  # (n, w_dim)
        return w


def mapping_sizes(state: Entries[str, Tensor]) -> dict[str, int]:
    """The arguments of a generator's mapping network that the shapes of its state show."""
    layers = 0
    while f"mapping.fc{layers}.weight" in state:
        layers += 1
    w_dim, inputs = state["mapping.w_avg"].shape[0], state["mapping.fc0.weight"].shape[1]
    embed = state.get("mapping.embed.weight")  # (w_dim, classes)
    return {
        "z_dim": inputs if embed is None else inputs - w_dim,
        "w_dim": w_dim,
        "n_classes": 0 if embed is None else embed.shape[1],
        "mapping_layers": layers,
    }
