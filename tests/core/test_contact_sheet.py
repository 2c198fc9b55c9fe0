"""A contact sheet shows each image in its place, unblurred, on white."""

import numpy as np
import torch

from benchmark.core.contact_sheet import contact_sheet


def test_each_image_is_in_its_place() -> None:
    images = torch.stack([torch.full((1, 3, 4), value) for value in (-1.0, 0.0, 1.0, -0.5, 0.5)])
    sheet = np.asarray(contact_sheet(images, columns=3, gap=2))
    expected = np.full((2 * 5 + 2, 3 * 6 + 2), 255, np.uint8)
    for row, column, grey in ((0, 0, 0), (0, 1, 128), (0, 2, 255), (1, 0, 64), (1, 1, 191)):
        top, left = 2 + 5 * row, 2 + 6 * column
        expected[top : top + 3, left : left + 4] = grey
    np.testing.assert_array_equal(sheet, expected)


def test_colours_stay_and_pixels_are_repeated() -> None:
    image = torch.full((1, 3, 2, 2), -1.0)
    image[0, 0, 0, 1] = 1.0  # red, top right
    sheet = np.asarray(contact_sheet(image, columns=1, gap=1, scale=3))
    assert sheet.shape == (8, 8, 3)
    assert (sheet[1:4, 4:7] == (255, 0, 0)).all()
    assert (sheet[4:7, 1:7] == 0).all()
    assert (sheet[0] == 255).all()


def test_what_is_out_of_range_is_clipped() -> None:
    images = torch.tensor([-3.0, 3.0]).view(2, 1, 1, 1)
    sheet = np.asarray(contact_sheet(images, columns=2, gap=0))
    assert sheet.tolist() == [[0, 255]]


def test_a_graph_behind_the_images_does_not_matter() -> None:
    images = torch.zeros(1, 1, 1, 1, requires_grad=True) + 0
    assert contact_sheet(images.to(torch.bfloat16), columns=1, gap=0).getpixel((0, 0)) == 128
