"""The name that most annotators gave."""

import pandas as pd
import pytest

from benchmark.core.estimates import Undefined
from benchmark.stats.intervals import wilson
from benchmark.study.majority import commonest, rated_directions


@pytest.fixture
def judgments() -> pd.DataFrame:
    rows = [  # direction, annotator, mos, category, label, repeat
        (0, "a", 1, "geometry", "Zoom", 0),
        (0, "b", 1, "geometry", "zoom ", 0),
        (0, "c", 1, "colour", "hue", 0),
        (0, "a", 1, "colour", "hue", 1),  # a repeat names nothing
        (1, "a", 1, "geometry", None, 0),
        (1, "b", 1, "colour", None, 0),
        (2, "a", 0, None, None, 0),
    ]
    columns = ["direction", "annotator", "mos", "category", "label", "repeat"]
    return pd.DataFrame(rows, columns=columns).assign(
        generator="g",
        method="m",
        consistent=True,
        single=True,
        seconds=3.0,
        check=None,
        simulated=False,
    )


def test_the_commonest_word_wins_and_a_tie_has_none(judgments) -> None:
    found = commonest(judgments, "category")
    tie = Undefined("colour and geometry were named equally often")
    assert found == {("g", "m", 0): "geometry", ("g", "m", 1): tie}


def test_directions_carry_their_words(judgments) -> None:
    frame = rated_directions(judgments)
    assert frame["direction"].tolist() == [0, 1, 2]
    assert frame["category"].tolist() == ["geometry", None, None]
    assert frame["label"].tolist() == ["zoom", None, None]
    assert frame["mos"].tolist() == [1, 1, 0]
    assert frame["n"].tolist() == [3, 2, 1]
    low, high = wilson([3, 2, 0], [3, 2, 1])
    assert frame["low"].tolist() == low.tolist()
    assert frame["high"].tolist() == high.tolist()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (["Stra\u00dfe", "Stra\u00dfe", "strasse", "hue"], "Stra\u00dfe"),
        (["None", "None", "none"], "None"),
        (
            ["\uff3a\uff2f\uff2f\uff2d", "\uff3a\uff2f\uff2f\uff2d", "zoom"],
            "\uff3a\uff2f\uff2f\uff2d",
        ),
        (["Light  on", "light on", " Light on"], "Light on"),
        (["zoom", "ZOOM"], "zoom"),  # as often: the plainest
    ],
)
def test_the_commonest_spelling_is_shown_as_typed(judgments, typed: list[str], shown: str) -> None:
    rows = judgments.iloc[[0] * len(typed)].assign(
        annotator=list("abcd")[: len(typed)], label=typed
    )
    assert commonest(rows, "label") == {("g", "m", 0): shown}


def test_a_tie_is_told_in_the_words_that_were_typed(judgments) -> None:
    rows = judgments.iloc[[0] * 4].assign(
        annotator=list("abcd"), label=["Stra\u00dfe", "strasse", "Hue", "hue"]
    )
    tie = Undefined("hue and strasse were named equally often")
    assert commonest(rows, "label") == {("g", "m", 0): tie}


def test_a_word_of_too_few_people_is_no_name(judgments) -> None:
    frame = rated_directions(judgments, least=2)
    assert frame["category"].tolist() == ["geometry", None, None]
    assert frame["label"].tolist() == ["zoom", None, None]
    assert rated_directions(judgments, least=3)["label"].tolist() == [None, None, None]
