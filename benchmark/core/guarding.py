"""Text in CSV files that a spreadsheet would otherwise run as a formula.

Every CSV of the suite that holds words of people, names or reasons goes through `guarded`; what
reads such a file back goes through `unguarded`.
"""

import re

FORMULA = re.compile(r"['\s]*[=+\-@＝＋－＠]")  # noqa: RUF001 - how a formula begins, or a guarded one


def guarded(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would run it as a formula.

    So that `unguarded` undoes exactly this, text that looks like a guarded one gets one too.
    """
    return f"'{text}" if FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
