"""Directions with a name: whose word it is, in which order, and never a page without names."""

import pytest
from PIL import Image

from benchmark.core.errors import BenchError
from benchmark.directions.labels import HUMAN_ANNOTATION, Label, write_labels
from benchmark.generators.families.planted import Planted
from benchmark.report.attempts import Attempts
from benchmark.report.making import write_report
from benchmark.report.pictures.gallery import write_pictures
from benchmark.report.pictures.named import named
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells


def write_names(run, opened=None):
    rows = headline(read_cells(run), {})
    painters = {(r.generator, r.method): Planted().eval() for r in rows}
    write_pictures(rows, painters if opened is None else opened, None, run, Attempts())
    return rows


def by_hand(run, text):
    folder = headline(read_cells(run), {})[0].first.folder
    (folder / HUMAN_ANNOTATION).write_text(text)


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def test_without_names_there_is_no_page(reported):
    assert not (reported / "named.md").exists()
    assert not (reported / "named").exists()


def test_names_by_hand_stand_with_their_accuracy_and_claim_no_mos(run):
    by_hand(run, "2: the upper blob fades\n5: colour | hue\n")
    rows = write_names(run)
    text = (run / "named.md").read_text()
    assert "2 of 8 directions of seed 0 have a name" in text
    assert "| direction | name | accuracy |" in text
    assert r"colour \| hue" in text
    accuracies = [accuracy for _, accuracy in named(rows[0].first)]
    assert accuracies == sorted(accuracies, reverse=True)
    assert f"| {accuracies[0]:.3f} |" in text
    assert "planted, random" not in text
    assert "![planted, discovered: named directions](named/planted-discovered.webp)" in text


def test_what_an_earlier_report_said_goes_with_the_painter_and_with_the_names(run):
    by_hand(run, "2: the upper blob fades\n")
    write_names(run)
    picture = run / "named/planted-discovered.webp"
    assert picture.exists()
    write_names(run, opened={})
    assert not picture.exists()
    assert "named/" not in (run / "named.md").read_text()
    write_names(run)
    (headline(read_cells(run), {})[0].first.folder / HUMAN_ANNOTATION).unlink()
    write_names(run)
    assert not picture.exists()
    assert not (run / "named.md").exists()


def test_a_name_for_a_direction_that_there_is_not_is_refused_with_its_place(run):
    by_hand(run, "8: one too far\n")
    with pytest.raises(BenchError, match=r"0-\w+/directions\.safetensors do not fit it: .* 8, but"):
        write_names(run)


def test_names_of_a_study_come_with_mos_the_best_first_and_are_shown_as_text(run):
    path = headline(read_cells(run), {})[0].first.folder / "directions.safetensors"
    labels = [
        Label(0, 0.25, 0.1, 0.5, "colour", "hue", 8),
        Label(1, 1.0, 0.6, 1.0, "geometry", "<b>zoom</b>", 10),
        Label(2, 0.9, 0.6, 1.0, "geometry", None, 10),
    ]
    write_labels(path, labels)
    write_names(run)
    text = (run / "named.md").read_text()
    assert text.index("\\<b>zoom\\</b> | 1.000 [0.600, 1.000] | 10 | geometry") < text.index(
        "| hue | 0.250 [0.100, 0.500] | 8 | colour |"
    )
    assert "| 2 |" not in text


def test_the_picture_has_a_strip_for_each_name_up_to_a_limit(run, monkeypatch):
    by_hand(run, "2: a\n5: b\n7: c\n")
    write_names(run)
    three = size_of(run / "named/planted-discovered.webp")
    monkeypatch.setattr("benchmark.report.pictures.named.MOST", 2)
    write_names(run)
    two = size_of(run / "named/planted-discovered.webp")
    assert two[0] == three[0]
    assert two[1] < three[1]


def test_a_generator_that_is_gone_costs_the_picture_only(run):
    by_hand(run, "2: a\n")
    write_names(run, {})
    assert "![" not in (run / "named.md").read_text()
    assert not (run / "named").exists()


@pytest.mark.parametrize("hand", ["a <i>wide</i> smile", "wide " * 40])
def test_a_name_by_hand_is_said_to_be_one_in_the_report(run, hand):
    by_hand(run, f"6: {hand}\n")
    write_report(run)
    page = (run / "report.html").read_text()
    assert page.count("named by hand") == 1
    assert "<i>wide" not in page
