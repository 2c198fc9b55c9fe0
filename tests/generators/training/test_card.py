"""The model card says what was measured, in figures that a reader can check."""

from dataclasses import replace

from benchmark.generators.training.card import model_card
from benchmark.generators.training.judge_tasks import Classes, Contrast, HasAttributes
from benchmark.generators.training.sample_quality import Quality, Seen

QUALITY = Quality(
    task=Classes(2),
    accuracy=0.9943,
    guess=0.5123,
    samples=1000,
    reference=30_000,
    reference_shares=(0.45, 0.55),
    made=Seen(3.456, 0.9612, (0.125, 0.875)),
    half=Seen(1.2, 0.9955, (0.4, 0.6)),
    test=Seen(1.3, 0.9944, (0.42, 0.58)),
)
PLAIN = replace(
    QUALITY,
    task=Contrast(),
    guess=1 / 256,
    reference_shares=(),
    made=Seen(3.456, None, ()),
    half=Seen(1.2, None, ()),
    test=Seen(1.3, None, ()),
)


def test_every_fact_and_figure_is_there() -> None:
    card = model_card("mnist-sngan", {"Data": "digits", "Terms": "CC BY-SA 3.0"}, QUALITY)
    lines = card.splitlines()
    assert lines[0] == "# mnist-sngan"
    assert "| Data | digits |" in lines
    assert "| Terms | CC BY-SA 3.0 |" in lines
    assert "| | 1,000 samples | 1,000 real training images | 1,000 real test images |" in lines
    assert any(line.endswith("| 0.9612 | 0.9955 | 0.9944 |") for line in lines)
    assert any(line.endswith("| 3.46 | 1.20 | 1.30 |") for line in lines)
    assert any(line.endswith("| 12.5 to 87.5 | 40.0 to 60.0 | 42.0 to 58.0 |") for line in lines)
    assert "Share of each class in the samples, %: 0: 12.5, 1: 87.5." in lines
    assert "it names 99.43% of" in card
    assert "makes 51.23%." in card
    assert "same 30,000 training images, a random half" in card
    assert "](mnist-sngan.png)" in card
    assert card.endswith("\n")


def test_the_distance_early_in_the_training_stands_beside_the_last() -> None:
    early = replace(QUALITY, early_frechet=12.345, early_step=900, early_side=8)
    text = model_card("g", {}, early)
    assert "After the first 900 steps" in text
    assert "images were 8 pixels wide and their distance was 12.35." in text
    assert "After the first" not in model_card("g", {}, QUALITY)


def test_attributes_by_how_far_their_shares_are_off() -> None:
    """Eight attributes; all but two are made as often as they are."""
    names = ("Bald", "Male", "Smiling", *"ABCDE")
    real = (0.02, 0.4, 0.5, *[0.3] * 5)
    quality = replace(
        QUALITY,
        task=HasAttributes(names),
        reference_shares=real,
        made=Seen(3.456, 0.9, (0.02, 0.3, 0.7, *[0.3] * 5)),
        half=Seen(1.2, 0.9, (0.02, 0.4, 0.5, *[0.312] * 5)),
        test=Seen(1.3, 0.9, real),
    )
    text = model_card("g", {}, quality)
    row = next(line for line in text.splitlines() if "each attribute" in line)
    assert row.endswith("| 3.75 | 0.75 | 0.00 |")  # (10 + 20) / 8, 5 * 1.2 / 8, none
    assert "(of the real images): Smiling 70.0 (50.0), Male 30.0 (40.0), Bald 2.0 (2.0), " in text
    assert "tell their 8 attributes" in text
    assert "Share of each class" not in text


def test_a_judge_without_classes_says_what_it_knows_again() -> None:
    text = model_card("g", {}, PLAIN)
    assert "for 99.43% of the real test\nimages the nearest of 256 such views is their own" in text
    assert "guessing makes 0.39%" in text
    assert "Is every class made" not in text
    assert "How sure" not in text
    assert "Share" not in text
