"""What a recruiting service puts into the open link: the person's number there, and what belongs to
it."""

import re
from collections.abc import Mapping

from study_server.platforms import ANY_NUMBER, Platform

TEMPLATE = re.compile(r"[{$%\[<(].*[}%\]>)]")
NO_ASSIGNMENT = "ASSIGNMENT_ID_NOT_AVAILABLE"  # MTurk, to who has not accepted the task yet


class NoNumber(Exception):
    """The outside number cannot be one: the link was cut, or put together wrongly."""


def read_outside(fields: Mapping[str, str], platform: Platform) -> dict[str, str]:
    """The service's parameters that hold a value. Raises NoNumber.

    A place that the service did not fill in, such as {{%PROLIFIC_PID%}}, holds none.
    """
    names = (platform.person, *platform.others)
    found = {name: fields.get(name, "").strip() for name in names}
    filled = {name: value for name, value in found.items() if not _is_blank(name, value)}
    number = filled.get(platform.person)
    if number is not None and not re.fullmatch(platform.number, number):
        raise NoNumber
    sane = re.compile(ANY_NUMBER)
    return {
        name: value
        for name, value in filled.items()
        if name == platform.person or sane.fullmatch(value)
    }


def outside_number(stored: str | None) -> str:
    """The number in an `outside_id`, as the service writes it; "" for none."""
    return (stored or "").partition(":")[2]


def is_preview(fields: Mapping[str, str], platform: Platform) -> bool:
    """Whether somebody looks at the study on MTurk who has not accepted it."""
    return platform.framed and fields.get("assignmentId") == NO_ASSIGNMENT


def _is_blank(name: str, value: str) -> bool:
    """Whether a value is empty, dots, or the name of what should stand there in its stead."""
    bare = re.sub(r"[\W_]", "", value)
    is_name = bare.upper() == name.replace("_", "").upper()
    return not bare or is_name or bool(TEMPLATE.fullmatch(value))
