"""The parts of a report: one that cannot be made costs itself alone, and is named."""

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt

log = logging.getLogger("bench")

Made = TypeVar("Made")
Given = ParamSpec("Given")


class Attempts:
    """Makes what can be made. faults: what could not be made, and why, a line each."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def make(
        self,
        what: str,
        work: Callable[Given, Made],
        *given: Given.args,
        **named: Given.kwargs,
    ) -> Made | None:
        """What `work` gives, or None with a warning. what: names it in the warning."""
        return self._kept(what, attempt(work, *given, **named))

    def write(
        self,
        what: str,
        work: Callable[Given, Made],
        *given: Given.args,
        **named: Given.kwargs,
    ) -> Made | None:
        """The same for work that writes files; raises BenchError where it cannot write."""
        made = attempt(work, *given, **named)
        if isinstance(made, Failure) and made.told:
            raise BenchError(made.reason)
        return self._kept(what, made)

    def _kept(self, what: str, made: Made | Failure) -> Made | None:
        if not isinstance(made, Failure):
            return made
        self.faults.append(f"{what} cannot be made: {made.reason}")
        log.warning(self.faults[-1])
        return None
