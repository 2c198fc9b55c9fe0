"""The reconstructor R: sees a pair of images, names the direction k and the shift eps."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RESNET_SIDE = 256  # what ResNet-18 samples larger images down to
LEAST_SIDE = 32  # what smaller images are enlarged to


class Reconstructor(nn.Module):
    """R(G(z), G(z + eps A e_k)) -> logits (n, K) over directions and the shift (n,).

    Two heads over one backbone that reads both images stacked along channels (Voynov & Babenko
    2020, section 3). Images with a side above `input_side` are sampled down to it first. Sides
    below LEAST_SIDE are enlarged to it, as LeNet needs: bilinear, as the 28 pixels of MNIST are
    enlarged to 32 before training. Nearest would double every seventh line, and an edge that moves
    would jump.
    """

    def __init__(
        self,
        backbone: nn.Module,
        direction_head: nn.Module,
        shift_head: nn.Module,
        input_side: int | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.direction_head = direction_head
        self.shift_head = shift_head
        self.input_side = input_side

    def forward(self, images: Tensor, shifted: Tensor) -> tuple[Tensor, Tensor]:
        pair = torch.cat([images, shifted], dim=1)  # (n, 2C, H, W)
        if self.input_side is not None and max(pair.shape[-2:]) > self.input_side:
            pair = F.interpolate(pair, self.input_side)  # (n, 2C, side, side), nearest
        if min(pair.shape[-2:]) < LEAST_SIDE:
            height, width = (max(side, LEAST_SIDE) for side in pair.shape[-2:])
            pair = F.interpolate(pair, (height, width), mode="bilinear")  # (n, 2C, height, width)
        features = self.backbone(pair)  # (n, F)
        return self.direction_head(features), self.shift_head(features).squeeze(1)


class GlobalMean(nn.Module):
    """(n, C, H, W) -> (n, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))  # (n, C)


def lenet(image_shape: tuple[int, int, int], n_directions: int, width: int = 2) -> Reconstructor:
    """LeNet-5 (LeCun et al., 1998) with batch norm, the paper's R for MNIST and AnimeFaces.

    Channels are 3w, 8w and 60w, each head has one hidden layer of 42w units; the authors' w is 2.
    Images below 32 x 32 are enlarged to that.
    """

    def stage(channels_in: int, channels_out: int) -> list[nn.Module]:
        return [nn.Conv2d(channels_in, channels_out, 5), nn.BatchNorm2d(channels_out), nn.ReLU()]

    def head(n_out: int) -> nn.Module:
        hidden = 42 * width
        return nn.Sequential(
            nn.Linear(60 * width, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, n_out),
        )

    backbone = nn.Sequential(
        *stage(2 * image_shape[0], 3 * width),
        nn.MaxPool2d(2),
        *stage(3 * width, 8 * width),
        nn.MaxPool2d(2),
        *stage(8 * width, 60 * width),
        GlobalMean(),
    )
    return Reconstructor(backbone, head(n_directions), head(1))


class ResidualBlock(nn.Module):
    """ResNet's basic block: (n, in, h, w) -> (n, out, h/stride, w/stride)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.bypass = nn.Sequential()
        if stride != 1 or channels_in != channels_out:
            self.bypass.append(nn.Conv2d(channels_in, channels_out, 1, stride, bias=False))
            self.bypass.append(nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.branch(x) + self.bypass(x))  # (n, out, h/stride, w/stride)


def resnet18(image_shape: tuple[int, int, int], n_directions: int) -> Reconstructor:
    """ResNet-18 (He et al., 2016) on 2C channels, the paper's R for ProgGAN and BigGAN.

    Images above 256 x 256 are sampled down to that, as the authors do.
    """
    stages: list[nn.Module] = []
    channels = 64
    for width, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        stages += [ResidualBlock(channels, width, stride), ResidualBlock(width, width, 1)]
        channels = width
    backbone = nn.Sequential(
        nn.Conv2d(2 * image_shape[0], 64, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        *stages,
        GlobalMean(),
    )
    for layer in backbone.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    heads = nn.Linear(512, n_directions), nn.Linear(512, 1)
    return Reconstructor(backbone, *heads, input_side=RESNET_SIDE)


INPUT_SIDE = {"lenet": None, "resnet18": RESNET_SIDE}  # what each one samples images down to
RECONSTRUCTORS = {"lenet": lenet, "resnet18": resnet18}
