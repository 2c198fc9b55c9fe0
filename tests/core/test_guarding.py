"""What a spreadsheet would run as a formula is text, and comes back as it was."""

import pytest

from benchmark.core.guarding import guarded, unguarded


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-zoom", "@SUM(A1)", "'=1", "''-x", " =1", "\t=1", "＝1"],  # noqa: RUF001
)
def test_a_formula_gets_an_apostrophe_and_loses_it_again(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["", "zoom", "1=1", "'quoted'", "a -b", "<b>"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == unguarded(text) == text
