"""The model card says what was measured, in figures that a reader can check."""

from dataclasses import replace

from benchmark.gan.card import model_card
from benchmark.gan.quality import Quality

QUALITY = Quality(
    samples=1000, confidence=0.9612, shares=(0.125, 0.875), frechet=3.456,
    real_confidence=0.9955, real_shares=(0.4, 0.6), real_frechet=1.2, accuracy=0.9943,
)  # fmt: skip


def test_every_fact_and_figure_is_there() -> None:
    card = model_card("mnist-sngan", {"Data": "digits", "Terms": "CC BY-SA 3.0"}, QUALITY)
    lines = card.splitlines()
    assert lines[0] == "# mnist-sngan"
    assert "| Data | digits |" in lines
    assert "| Terms | CC BY-SA 3.0 |" in lines
    assert "| | 1,000 samples | 1,000 real test images |" in lines
    assert any(line.endswith("| 0.9612 | 0.9955 |") for line in lines)
    assert any(line.endswith("| 3.46 | 1.20 |") for line in lines)
    assert any(line.endswith("| 12.5 to 87.5 | 40.0 to 60.0 |") for line in lines)
    assert "Share of each class in the samples, %: 0: 12.5, 1: 87.5." in lines
    assert "99.43%" in card
    assert "](mnist-sngan.png)" in card
    assert card.endswith("\n")


def test_the_distance_early_in_the_training_stands_beside_the_last() -> None:
    early = replace(QUALITY, early_frechet=12.345, early_step=900)
    text = model_card("g", {}, early)
    assert "After the first 900 steps of its training the generator's distance was 12.35." in text
    assert "After the first" not in model_card("g", {}, QUALITY)


def test_a_judge_of_turned_images_says_so_and_counts_no_classes() -> None:
    text = model_card("g", {}, replace(QUALITY, by_class=False))
    assert "by how many quarters they were turned; it names\n99.43%" in text
    assert "Is every class made" not in text
    assert "Share of each class" not in text
