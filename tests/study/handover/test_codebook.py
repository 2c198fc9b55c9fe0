"""Every column of what is handed over has words, and one without is noticed."""

import pandas as pd
import pytest

from benchmark.core.judgments import DIRECTION
from benchmark.study.handover.codebook import KNOWN, as_frame, codebook
from study_server import people
from study_server.export import columns
from study_server.screening import RULES
from study_server.tasks import TASKS
from tests.study.conftest import drawn, gather

SETTINGS = gather(drawn(directions=2, annotators=5)).settings


def empty(*names: str) -> pd.DataFrame:
    return pd.DataFrame(columns=list(names))


@pytest.mark.parametrize("name", TASKS)
def test_the_columns_of_the_schema_have_words(name: str) -> None:
    task = TASKS[name](SETTINGS)
    frames = {
        "judgments": empty(*columns(task)),
        "annotators": empty(*people.WORDS, *RULES, "counted", "rules_broken", "staff_reason"),
        "items": empty("item", "place", *DIRECTION, "check"),
    }
    book = codebook(frames, task)
    for table, frame in frames.items():
        assert list(book[table]) == list(frame)
        assert all(len(variable.words) > 10 for variable in book[table].values())
    assert len(as_frame(book)) == sum(len(frame.columns) for frame in frames.values())
    for question in task.questions:
        assert question.say("en", "ask").rstrip(".") in book["judgments"][question.name].words


def test_a_column_without_words_is_noticed() -> None:
    task = TASKS["rating"](SETTINGS)
    with pytest.raises(ValueError, match="no words for shoe_size of annotators"):
        codebook({"annotators": empty("annotator", "shoe_size")}, task)


def test_what_is_asked_of_some_says_of_whom_and_which_answers_there_are() -> None:
    book = codebook({"judgments": empty("category", "single")}, TASKS["rating"](SETTINGS))
    category = book["judgments"]["category"]
    assert category.words.endswith("Asked only where consistent = true and single = true.")
    assert category.takes == "geometry, colour, texture, words of one's own"
    assert book["judgments"]["single"].takes == "true (yes), false (no)"


def test_no_two_variables_have_one_name() -> None:
    assert all(name == variable.name for name, variable in KNOWN.items())
