"""A small generator that maps z to w first, to move in both."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.generators.mapped import Mapped


class SmallMapped(Mapped):
    """16 x 16 images, a sum of what each of four layers draws of its w; counts how often it maps.

    In w some dimensions spread a hundred times as wide as others, as those of trained mappings do.
    """

    family = "small-mapped"

    def __init__(self, n_classes: int = 0) -> None:
        super().__init__()
        self.z_dim, self.w_dim, self.num_ws, self.n_classes = 6, 5, 4, n_classes
        self.latent_dim, self.image_shape = 6, (1, 16, 16)
        self.classes = tuple(range(n_classes))
        rng = torch.Generator().manual_seed(0)
        self.into_w = nn.Linear(6, 5)
        self.of_class = nn.Embedding(max(1, n_classes), 5)
        self.styles = nn.ModuleList(nn.Linear(5, 8) for _ in range(4))
        self.draw = nn.ModuleList(nn.Linear(8, 256) for _ in range(4))
        for value in self.parameters():
            value.data.copy_(torch.randn(value.shape, generator=rng) / 3)
        self.into_w.weight.data *= torch.tensor([10.0, 3.0, 1.0, 0.3, 0.1])[:, None]
        self.register_buffer("mean_w", self.into_w.bias.detach().clone())
        self.mapped = 0

    def map(self, z: Tensor, labels: Tensor | None) -> Tensor:
        self.mapped += 1
        w: Tensor = self.into_w(z)  # (n, 5)
        return w if labels is None else w + self.of_class(labels)

    def map_weight(self) -> Tensor:
        return self.into_w.weight

    @property
    def w_avg(self) -> Tensor:
        return self.mean_w

    def synthesise(self, ws: Tensor) -> Tensor:
        total = torch.zeros(len(ws), 256).to(ws)
        for w, style, draw in zip(ws.unbind(1), self.styles, self.draw, strict=True):
            total = total + draw(F.relu(style(w)))  # (n, 256)
        return torch.tanh(total).unflatten(1, (1, 16, 16))

    def style_weights(self, layer: int) -> Tensor:
        return self.styles[layer].weight

    def image_layers(self) -> tuple[str, ...]:
        return tuple(f"styles.{i}" for i in range(4))


def make() -> SmallMapped:
    return SmallMapped()


def make_with_classes() -> SmallMapped:
    return SmallMapped(3)
