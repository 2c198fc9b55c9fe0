"""The explorer shows the right directions, and the right image in the right place."""

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from benchmark.core.seeds import stream
from benchmark.generators.base import Latents
from benchmark.generators.families.planted import Planted
from benchmark.report.attempts import Attempts
from benchmark.report.pictures.explorer import (
    chosen,
    reduced,
    share,
    share_of_others,
    sprite,
)
from benchmark.report.pictures.gallery import write_pictures
from benchmark.report.pictures.painted import LATENTS, SHIFTS
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from tests.report.drawn import draw_judged, write_cell


def all_chapters(run, judged=None):
    painters = {("planted", name): Planted().eval() for name in ("discovered", "random")}
    return write_pictures(headline(read_cells(run), {}), painters, judged, run, Attempts())


def chapters_of(run, judged=None):
    """Those of the lowest seed."""
    return [one for one in all_chapters(run, judged) if one.seed == 0]


@torch.no_grad()
def test_a_sprite_holds_the_images_of_the_shifted_latents(run):
    generator = Planted().eval()
    chapter = chapters_of(run)[0]
    stored = next(c for c in read_cells(run) if c.result.cell.method == chapter.method)
    matrix = load_file(stored.folder / "directions.safetensors")["directions"]
    z = generator.sample(LATENTS, stream("planted", "strips")).point
    for one in chapter.directions[:3]:
        picture = np.asarray(Image.open(BytesIO(one.sprite)).convert("RGB"), dtype=float)
        assert picture.shape == (LATENTS * 32, SHIFTS * 32, 3)
        for row in (0, LATENTS - 1):
            for column, eps in enumerate(chapter.eps):
                moved = z[row : row + 1] + eps * matrix[:, one.k]
                image = (generator(Latents(moved))[0] + 1) / 2  # (3, 32, 32)
                shown = picture[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32]
                expected = 255 * image.permute(1, 2, 0).numpy()
                assert np.abs(shown - expected).mean() < 6  # of 255: WebP loses a little


def test_a_chapter_says_what_it_holds(run):
    discovered, random = chapters_of(run)
    assert (discovered.method, discovered.seed, discovered.of) == ("discovered", 0, 8)
    assert discovered.eps == tuple(1.5 * step for step in range(-4, 5))
    accuracies = [one.figures["accuracy"] for one in discovered.directions]
    assert accuracies == sorted(accuracies, reverse=True)
    assert {one.k for one in random.directions} == set(range(8))
    assert [one.rank for one in random.directions] == list(range(8))
    assert discovered.directions[0].facts == {}


def test_the_shifts_are_those_that_the_cell_was_asked_about(tmp_path):
    write_cell(tmp_path, "planted", "random", 0, max_shift=3.0)
    (chapter,) = chapters_of(tmp_path)
    assert chapter.eps == tuple(0.75 * step for step in range(-4, 5))


def test_judgments_stand_with_their_directions(run):
    discovered, _ = chapters_of(run, draw_judged(label="rotation"))
    facts = {one.k: one.facts for one in discovered.directions}
    assert facts[6] == {}
    assert facts[3]["label"] == "rotation"
    assert "label" not in facts[2]
    assert facts[2]["n"] == 10


@torch.no_grad()
def test_other_seeds_show_their_own_best_of_the_same_latents(run):
    chapters = all_chapters(run)
    assert [(one.method, one.seed) for one in chapters] == [
        *(("discovered", seed) for seed in (0, 1)),
        *(("random", seed) for seed in (0, 1)),
    ]
    other = chapters[1]
    stored = [c for c in read_cells(run) if c.result.cell.method == "discovered"][1]
    assert stored.result.cell.seed == 1
    assert [one.k for one in other.directions] == [k for k, _ in stored.ranking()][:8]
    matrix = load_file(stored.folder / "directions.safetensors")["directions"]
    generator = Planted().eval()
    z = generator.sample(LATENTS, stream("planted", "strips")).point
    one = other.directions[0]
    picture = np.asarray(Image.open(BytesIO(one.sprite)).convert("RGB"), dtype=float)
    image = (generator(Latents(z[:1] + other.eps[-1] * matrix[:, one.k]))[0] + 1) / 2
    shown = picture[:32, -32:]
    assert np.abs(shown - 255 * image.permute(1, 2, 0).numpy()).mean() < 6


def test_judgments_of_one_seed_do_not_stand_at_another(run):
    others = [one for one in all_chapters(run, draw_judged(label="rotation")) if one.seed == 1]
    assert [shown.facts for one in others for shown in one.directions] == [{}] * 16


def test_of_many_other_seeds_each_shows_one():
    assert [share_of_others(n) for n in (0, 1, 3, 6, 30, 90)] == [24, 24, 8, 4, 1, 1]
    assert chosen(list(range(32)), {}, 1, 0) == [0]


def test_of_many_chapters_each_shows_less():
    assert [share(n) for n in (0, 1, 3, 4, 6, 15)] == [16, 16, 16, 12, 8, 8]


@pytest.mark.parametrize("k", [1, 16, 17, 32, 512])
def test_the_best_some_of_the_rest_and_all_judged_are_chosen(k):
    places = chosen(list(range(k)), {}, 16)
    assert len(places) == min(k, 32)
    assert places[: min(k, 16)] == list(range(min(k, 16)))
    assert places[-1] == k - 1  # the worst is never hidden
    assert places == sorted(set(places))
    if k == 512:
        assert 300 not in places
        assert set(chosen(list(range(k)), {300: {}}, 16)) == {*places, 300}


def test_the_same_cell_gives_the_same_bytes(run):
    assert chapters_of(run) == chapters_of(run)


def test_large_images_come_down():
    images = torch.linspace(-1, 1, 128).expand(2, 3, 3, 128, 128)
    small = reduced(images)
    assert small.shape == (2, 3, 3, 64, 64)
    torch.testing.assert_close(small.mean(), images.mean(), atol=1e-3, rtol=0)
    assert Image.open(BytesIO(sprite(small))).size == (3 * 64, 2 * 64)


def test_a_row_without_a_generator_or_answers_has_no_chapter(run):
    rows = headline(read_cells(run), {})
    painters = {("planted", "random"): None}
    assert write_pictures(rows, painters, None, run, Attempts()) == []
    write_cell(run, "planted", "coordinate", 0, failure="x")
    assert len(chapters_of(run)) == 2
