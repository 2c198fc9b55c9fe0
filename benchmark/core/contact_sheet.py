"""Image tensors as pictures that a person looks at."""

import torch
from PIL import Image
from torch import Tensor


def contact_sheet(images: Tensor, columns: int, gap: int = 2, scale: int = 1) -> Image.Image:
    """(n, C, H, W) images in [-1, 1] on a white sheet of `columns` columns.

    gap: white pixels between images. scale: each pixel becomes scale x scale, unblurred.
    """
    pixels = images.detach().cpu().float().clamp(-1, 1).add(1).mul(127.5).round().to(torch.uint8)
    pixels = pixels.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)
    pixels = pixels.permute(0, 2, 3, 1)  # (n, H, W, C)
    n, height, width, channels = pixels.shape
    rows = -(-n // columns)
    sheet = torch.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, channels),
        255,
        dtype=torch.uint8,
    )
    for i, image in enumerate(pixels):
        top = gap + (i // columns) * (height + gap)
        left = gap + (i % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return Image.fromarray(sheet.squeeze(2).numpy() if channels == 1 else sheet.numpy())
