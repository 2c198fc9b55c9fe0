"""Strips show the best directions of the lowest seed."""

import numpy as np
import pandas as pd
import torch

from benchmark.generators.families.planted import Planted
from benchmark.report.pictures.painted import Painted
from benchmark.report.pictures.strips import draw_strips
from benchmark.runs.results import read_cells
from tests.report.drawn import write_cell


def test_the_ranking_is_by_accuracy_and_leaves_out_what_was_never_asked(tmp_path):
    write_cell(tmp_path, "planted", "random", 0, k=40, n=60)
    (stored,) = read_cells(tmp_path)
    answers = pd.read_parquet(stored.folder / "predictions.parquet")
    expected = {}
    for k in range(40):
        asked = answers[answers["k"] == k]
        if len(asked):
            expected[k] = (asked["k_hat"] == k).sum() / len(asked)
    found = stored.ranking()
    assert len(expected) < 40
    assert dict(found) == expected
    assert [a for _, a in found] == sorted(expected.values(), reverse=True)


def test_all_methods_of_a_generator_show_the_same_images(run):
    cells = read_cells(run)
    first, *others = (Painted(Planted(), stored).latents.point for stored in cells)
    assert len(others) == 3
    assert first.shape[0] >= 4
    assert all((first == z).all() for z in others)


def test_the_shifts_are_seven_or_more_with_zero_in_the_middle(run):
    eps = Painted(Planted(), read_cells(run)[0]).eps
    assert len(eps) >= 7
    assert eps[len(eps) // 2] == 0
    assert (eps[0], eps[-1]) == (-6, 6)


def test_images_that_are_not_shifted_are_made_once_and_stand_in_the_middle(run):
    made = []

    class Watched(Planted):
        def forward(self, latents):
            made.append(len(latents))
            return super().forward(latents)

    painted = Painted(Watched(), read_cells(run)[0])
    n, middle = len(painted.latents), len(painted.eps) // 2
    for k in (0, 1, 1):
        images = painted.images(k)  # (n, E, C, H, W)
        torch.testing.assert_close(
            images[:, middle], Planted()(painted.latents), atol=1 / 255, rtol=0
        )
        for i, eps in enumerate(painted.eps):
            if i != middle:
                moved = painted.latents.moved(eps * painted.directions.shift.matrix()[:, k])
                torch.testing.assert_close(images[:, i], Planted()(moved), atol=1.01 / 255, rtol=0)
    assert sum(made) == n + 2 * n * (len(painted.eps) - 1)


def test_a_picture_has_eight_strips_or_as_many_as_there_are(tmp_path):
    sizes = []
    for i, k in enumerate((1, 2, 3, 8, 40)):
        write_cell(tmp_path / str(i), "planted", "random", 0, k=k, n=2000)
        picture = draw_strips(Painted(Planted(), read_cells(tmp_path / str(i))[0]))
        assert np.asarray(picture).std() > 10
        sizes.append(picture.size)
    one, two, three, eight, forty = sizes
    assert one[0] < two[0] == three[0]
    assert one[1] == two[1]
    assert eight[1] - three[1] == 2 * (three[1] - two[1])
    assert forty == eight
