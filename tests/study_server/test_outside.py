"""Which parameters of a link are a person's number, which were not filled in, which are cut."""

import pytest

from study_server.outside import NoNumber, is_preview
from study_server.outside import read_outside as read
from study_server.platforms import ANY, KINDS, submit_address

NUMBER = "5f3c1e2a9b7d4c6e8f0a1b2c"  # as Prolific's are


def read_outside(fields: dict[str, str]) -> dict[str, str]:
    return read(fields, ANY)


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
    assert (
        ANY.paste
        == KINDS["prolific"].paste
        == ("PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}")
    )


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("prolific", [NUMBER], ["p1", NUMBER[:-1], f"{NUMBER}0", NUMBER.replace("5f", "5g")]),
        ("mturk", ["A1B2C3D4E5F6G7"], ["a1b2c3d4e5f6g7", "B1B2C3D4E5F6G7", "A1"]),
        ("cloudresearch", ["3F2504E04F8941D39A0C0305E82C3301"], ["x" * 65, "a b"]),
        ("sona", ["12345", "10"], ["01234", "12345678", "1a", "7"]),
    ],
)
def test_numbers_have_the_form_of_their_service(kind: str, good: list[str], bad: list[str]) -> None:
    platform = KINDS[kind]
    for number in good:
        found = read({platform.person: number, "PROLIFIC": "x"}, platform)
        assert found == {platform.person: number}
        assert platform.outside_id(found) == f"{platform.person}:{number}"
    for number in bad:
        with pytest.raises(NoNumber):
            read({platform.person: number}, platform)
    for blank in ("{{%PROLIFIC_PID%}}", "%SURVEY_CODE%", f"${{{platform.person}}}", ""):
        assert read({platform.person: blank}, platform) == {}


def test_mturk_s_preview_and_the_pages_that_take_assignments_back() -> None:
    preview = {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"}
    assert is_preview(preview, KINDS["mturk"])
    assert not is_preview(preview, ANY)
    assert not is_preview({"assignmentId": "3TE22NPXPBIK7YQ7CZ8QWWDY8KQ449"}, KINDS["mturk"])
    for host in ("www.mturk.com", "workersandbox.mturk.com"):
        address = f"https://{host}/mturk/externalSubmit"
        assert submit_address(f"https://{host}") == submit_address(f"https://{host}/") == address
    for foreign in (
        "http://www.mturk.com",
        "https://www.mturk.com.evil.example",
        "https://www.mturk.com@evil.example",
        "https://evil.example/www.mturk.com",
        "https://www.mturk.com/evil",
        "https://www.mturk.com?x",
        "javascript:alert(1)",
        "//www.mturk.com",
        "",
    ):
        assert submit_address(foreign) is None
