"""Text in CSV files that a spreadsheet would otherwise run as a formula.

Every CSV of the suite that holds people's words, names or reasons is written through `guarded` and
read back through `unguarded`.
"""

import re

FORMULA = re.compile(r"['\s]*[=+\-@＝＋－＠]")  # noqa: RUF001 - how a formula begins, or a guarded one


def guarded(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would run it as a formula.

    Text that looks guarded already gets another apostrophe, so that `unguarded` is exact.
    """
    return f"'{text}" if FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text from which `guarded` made this one."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
