"""Which parameters of a link are a person's number, which were not filled in, which are cut."""

import pytest

from study_server.outside import FILLED_IN, NoNumber, read_outside

NUMBER = "5f3c1e2a9b7d4c6e8f0a1b2c"  # as Prolific's are


@pytest.mark.parametrize(
    "blank",
    [
        "{{%PROLIFIC_PID%}}",
        "{{PROLIFIC_PID}}",
        "${PROLIFIC_PID}",
        "${e://Field/PROLIFIC_PID}",
        "%PROLIFIC_PID%",
        "[PROLIFIC_PID]",
        "[%PID%]",
        "{PROLIFIC_PID}",
        "<PROLIFIC_PID>",
        "<your number>",
        "PROLIFIC_PID",
        "prolific_pid",
        "PROLIFIC-PID",
        "…",
        "...",
        "",
        "  ",
    ],
)
def test_a_place_that_was_not_filled_in_is_no_number(blank: str) -> None:
    assert read_outside({"PROLIFIC_PID": blank, "STUDY_ID": "s1"}) == {"STUDY_ID": "s1"}


@pytest.mark.parametrize("number", [NUMBER, "p1", "A-b_9", "x" * 64, f" {NUMBER} "])
def test_numbers(number: str) -> None:
    assert read_outside({"PROLIFIC_PID": number}) == {"PROLIFIC_PID": number.strip()}


@pytest.mark.parametrize(
    "number",
    ["x" * 65, "a b", "a,b", "p1&x", "{{%PROLIFIC", "p1}}", "<script", "zahl\u00e9", "a\0"],
)
def test_what_can_be_no_number_is_told(number: str) -> None:
    with pytest.raises(NoNumber):
        read_outside({"PROLIFIC_PID": number})


def test_what_belongs_to_it_is_kept_where_it_is_sane_and_nothing_else_is() -> None:
    fields = {"STUDY_ID": "{{%STUDY_ID%}}", "SESSION_ID": "a b", "workerId": "W1", "evil": "1"}
    assert read_outside({"PROLIFIC_PID": NUMBER, **fields}) == {"PROLIFIC_PID": NUMBER}


def test_the_form_that_staff_paste_is_the_service_s() -> None:
    assert FILLED_IN == (
        "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )
