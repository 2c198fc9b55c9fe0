"""The parts of a report: one that cannot be made costs itself alone, and is named."""

import logging
from collections.abc import Callable, Sequence
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
        self.note([f"{what} cannot be made: {made.reason}"])
        return None

    def note(self, faults: Sequence[str]) -> None:
        """Add faults with a warning of each, such as those of another process."""
        self.faults += faults
        for fault in faults:
            log.warning(fault)
