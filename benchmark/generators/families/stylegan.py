"""What StyleGAN2 and StyleGAN3 share: a mapping network, and a synthesis network after it."""

from collections.abc import Sequence

from torch import Tensor, nn

from benchmark.generators.families.mapping import Mapping
from benchmark.generators.mapped import Mapped


class StyleGAN(Mapped):
    """Base of generators of square images of `side` pixels.

    channels: widths of the synthesis. n_classes: 0 without classes. A family sets `synthesis` after
    this constructor, and says what more its architecture is.
    """

    synthesis: nn.Module  # ws (n, num_ws, w_dim) -> images (n, C, H, W), not clamped

    def __init__(
        self,
        side: int,
        z_dim: int,
        w_dim: int,
        n_classes: int,
        mapping_layers: int,
        channels: Sequence[int],
        image_channels: int,
        num_ws: int,
    ) -> None:
        super().__init__()
        self.side, self.image_shape = side, (image_channels, side, side)
        self.latent_dim = self.z_dim = z_dim
        self.w_dim, self.n_classes, self.num_ws = w_dim, n_classes, num_ws
        self.mapping_layers, self.channels = mapping_layers, tuple(channels)
        self.mapping = Mapping(z_dim, w_dim, n_classes, mapping_layers)

    def architecture(self) -> dict[str, object]:
        return {
            "side": self.side,
            "z_dim": self.z_dim,
            "w_dim": self.w_dim,
            "n_classes": self.n_classes,
            "mapping_layers": self.mapping_layers,
            "channels": self.channels,
            "image_channels": self.image_shape[0],
        }

    def map(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """w (n, w_dim) of z (n, z_dim) and labels (n,), None without classes; not truncated."""
        return self.mapping(z, labels)

    def map_weight(self) -> Tensor:
        """(w_dim, z_dim) of the first dense layer; it meets the class beside z."""
        return self.mapping.first_weight()

    @property
    def w_avg(self) -> Tensor:
        """The mean of w, (w_dim,)."""
        return self.mapping.w_avg

    def synthesise(self, ws: Tensor) -> Tensor:
        """Images (n, C, H, W) of one w a layer, (n, num_ws, w_dim); not clamped to [-1, 1]."""
        images: Tensor = self.synthesis(ws)
        return images
