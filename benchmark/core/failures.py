"""Where errors of plug-ins, and of what they hand back, become results instead of tracebacks."""

import sysconfig
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from benchmark.core.advice import advice
from benchmark.core.errors import BenchError, Unserved, one_line

Made = TypeVar("Made")
Given = ParamSpec("Given")

SUITE = Path(__file__).parents[2]
NOT_THE_USERS = (
    *(str(SUITE / package) for package in ("benchmark", "baselines", "study_server")),
    *(sysconfig.get_path(place) for place in ("stdlib", "purelib", "platlib")),
    "<",
)


@dataclass(frozen=True)
class Failure:
    """Why a piece of work failed, in one line. told: whether in words that were written for users,
    those of a BenchError. unserved: whether the generator or the terms cannot serve the method."""

    reason: str
    told: bool = False
    unserved: bool = False


def attempt(
    work: Callable[Given, Made], *arguments: Given.args, **keywords: Given.kwargs
) -> Made | Failure:
    """What `work` gives for these arguments, or why it failed.

    A generator, a method or a metric of anyone's may raise anything, and even ask to exit. Ctrl-C
    still ends the run.
    """
    try:
        return work(*arguments, **keywords)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is what this is for
        told, unserved = isinstance(error, BenchError), isinstance(error, Unserved)
        return Failure(reason_of(error), told, unserved)


def in_one_line(
    what: str, work: Callable[Given, Made], *arguments: Given.args, **keywords: Given.kwargs
) -> Made:
    """What `work`, which may be anyone's, gives for these arguments.

    Raises BenchError where it fails: its own words if it raises one, else `what` and the reason.
    """
    try:
        return work(*arguments, **keywords)
    except BenchError:
        raise
    except (Exception, SystemExit) as error:
        raise BenchError(f"{what}: {reason_of(error)}") from error


def reason_of(error: BaseException) -> str:
    """An error in one line, with the line of a user's file where it arose.

    One that was written for users keeps only its words. Where it is known what to change in the
    user's file, that stands in place of a library's words.
    """
    if isinstance(error, BenchError):
        return one_line(error)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(NOT_THE_USERS)]
    place = f" ({Path(own[-1].filename).name} line {own[-1].lineno})" if own else ""
    words = advice(error) if own else ""
    return f"{words or one_line(error)}{place}"


def forget_values(error: BaseException) -> None:
    """Let go of what the functions that an error came through had in their variables: as long as it
    is kept, they would be, and a step's are most of a card's memory. Its lines stay known."""
    chain: BaseException | None = error
    while chain is not None:
        traceback.clear_frames(chain.__traceback__)
        chain = chain.__cause__ or chain.__context__
