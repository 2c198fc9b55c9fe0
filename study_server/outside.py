"""What a recruiting service puts into the open link: the person's number there, and what belongs to
it."""

import re
from collections.abc import Mapping

NUMBER = "PROLIFIC_PID"
OUTSIDE = (NUMBER, "STUDY_ID", "SESSION_ID")
FILLED_IN = "&".join(f"{name}={{{{%{name}%}}}}" for name in OUTSIDE)  # by Prolific, for each person
SANE = re.compile(r"[A-Za-z0-9_-]{1,64}")  # Prolific's numbers are 24 hexadecimal digits
TEMPLATE = re.compile(r"[{$%\[<(].*[}%\]>)]")


class NoNumber(Exception):
    """The outside number cannot be one: the link was cut, or put together wrongly."""


def read_outside(fields: Mapping[str, str]) -> dict[str, str]:
    """The service's parameters that hold a value. Raises NoNumber.

    A place that the service did not fill in, such as {{%PROLIFIC_PID%}}, holds none.
    """
    found = {name: fields.get(name, "").strip() for name in OUTSIDE}
    filled = {name: value for name, value in found.items() if not _is_blank(name, value)}
    if not SANE.fullmatch(filled.get(NUMBER, "-")):
        raise NoNumber
    return {name: value for name, value in filled.items() if SANE.fullmatch(value)}


def outside_id(outside: Mapping[str, str]) -> str | None:
    """What tells people of services apart in the database; None where the number is not known."""
    return f"{NUMBER}:{outside[NUMBER]}" if NUMBER in outside else None


def outside_number(stored: str | None) -> str:
    """The number in an `outside_id`, as the service writes it; "" for none."""
    return (stored or "").partition(":")[2]


def _is_blank(name: str, value: str) -> bool:
    """Whether a value is empty, dots, or the name of what should stand there in its stead."""
    bare = re.sub(r"[\W_]", "", value)
    return not bare or bare.upper() == name.replace("_", "") or bool(TEMPLATE.fullmatch(value))
