"""The cheaper layers equal torch's own in float64, forwards and backwards."""

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.seeds import stream
from benchmark.generators.fast.layers import DoubledSum, ToImage


def gradient(module: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """The output, and the gradient of a weighted sum of it."""
    leaf = x.clone().requires_grad_(True)
    y = module(leaf)
    weight = torch.randn(y.shape, generator=stream("weight"), dtype=y.dtype)
    (y * weight).sum().backward()
    assert leaf.grad is not None
    return y.detach(), leaf.grad


class PlainSum(nn.Module):
    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        return self.branch(x) + nn.Upsample(scale_factor=2)(x)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_doubled_sum_equals_the_sum_with_the_upsampled(layout: torch.memory_format) -> None:
    branch = nn.Sequential(nn.Tanh(), nn.ConvTranspose2d(4, 4, 4, 2, 1)).double()
    branch.to(memory_format=layout)  # type: ignore[call-overload]
    x = torch.randn(2, 4, 3, 5, generator=stream("x"), dtype=torch.float64)
    x = x.contiguous(memory_format=layout)
    for ours, plain in zip(
        gradient(DoubledSum(branch), x), gradient(PlainSum(branch), x), strict=True
    ):
        torch.testing.assert_close(ours, plain, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("channels_out", [1, 3])
def test_to_image_equals_the_convolution(channels_out: int, bias: bool) -> None:
    conv = nn.Conv2d(7, channels_out, 3, padding=1, bias=bias).double()
    x = torch.randn(2, 7, 4, 6, generator=stream("x"), dtype=torch.float64)
    for ours, plain in zip(gradient(ToImage(conv), x), gradient(conv, x), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-13, atol=1e-13)
