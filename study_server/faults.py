"""A fault of ours as the log tells it."""

import traceback


def place_of(error: BaseException) -> str:
    """The kind of an error and where it came from, line by line: never its message, which may hold
    what somebody sent."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
