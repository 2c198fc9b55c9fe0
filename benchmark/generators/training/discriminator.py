"""SNGAN's residual discriminator: spectral norm on every layer, no batch norm.

With classes it judges how an image and its class belong together, by projection (Miyato & Koyama,
ICLR 2018): the score gains the product of the image's features with the embedding of its class.
"""

from functools import partial
from math import sqrt

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from benchmark.generators.training.resampling import HalvingConv


class ResidualDownBlock(nn.Module):
    """(n, in, h, w) -> (n, out, h/2, w/2), or the same size where `down` is false."""

    def __init__(self, channels_in: int, channels_out: int, down: bool, first: bool = False):
        super().__init__()
        self.conv1 = _normed(nn.Conv2d(channels_in, channels_out, 3, padding=1), sqrt(2.0))
        last = HalvingConv if down else partial(nn.Conv2d, kernel_size=3, padding=1)
        self.conv2 = _normed(last(channels_out, channels_out), sqrt(2.0))
        changes_shape = down or channels_in != channels_out
        bypass = nn.Conv2d(channels_in, channels_out, 1)
        self.bypass = _normed(bypass) if changes_shape else nn.Identity()
        self.down = down
        self.first = first  # the raw image must not pass through a ReLU

    def forward(self, x: Tensor) -> Tensor:
        branch = x if self.first else F.relu(x)
        branch = self.conv2(F.relu(self.conv1(branch)))  # (n, out, h, w), or h/2 and w/2
        if self.down:
            x = F.avg_pool2d(x, 2)  # (n, in, h/2, w/2)
        return branch + self.bypass(x)


class Discriminator(nn.Module):
    """D: (n, C, H, W) images -> (n,) scores, high for real. Halves the image down to 8 pixels.

    Blocks have `width` channels, then twice, then four times as many as the image shrinks.
    n_classes: 0 for images without labels.
    """

    def __init__(self, image_shape: tuple[int, int, int], width: int, n_classes: int = 0) -> None:
        super().__init__()
        image_channels, side, _ = image_shape
        blocks = [ResidualDownBlock(image_channels, width, down=True, first=True)]
        channels, side = width, side // 2
        while side > 8:
            wider = min(2 * channels, 4 * width)
            blocks.append(ResidualDownBlock(channels, wider, down=True))
            channels, side = wider, side // 2
        blocks.append(ResidualDownBlock(channels, 4 * width, down=False))
        blocks.append(ResidualDownBlock(4 * width, 4 * width, down=False))
        self.blocks = nn.Sequential(*blocks)
        self.score = spectral_norm(nn.Linear(4 * width, 1))
        self.embedding: nn.Module | None = None
        if n_classes:
            self.embedding = spectral_norm(nn.Embedding(n_classes, 4 * width))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        features = F.relu(self.blocks(images)).sum(dim=(2, 3))  # (n, 4 width)
        scores = self.score(features).squeeze(1)  # (n,)
        if self.embedding is None:
            return scores
        return scores + (self.embedding(labels) * features).sum(dim=1)  # (n,)


def _normed(conv: nn.Conv2d, gain: float = 1.0) -> nn.Module:
    nn.init.xavier_uniform_(conv.weight, gain)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return spectral_norm(conv)
