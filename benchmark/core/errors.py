"""Errors that a user can act on."""

import difflib
from collections.abc import Iterable


class BenchError(Exception):
    """A fault in what the user asked for or gave: one line that says what is wrong and what to do.

    The command line prints it without a traceback and exits with code 2.
    """


class Unserved(BenchError):
    """What was asked for is sound, but this generator, or these terms, cannot serve the method.

    The method's cell is then skipped with these words, and the others go on. A wrong name or value
    is no such thing: it stays a BenchError, which ends the command.
    """


def one_line(error: BaseException) -> str:
    """What went wrong in one line: a BenchError's words, else the kind of error and its words."""
    words = " ".join(str(error).split())
    return words if isinstance(error, BenchError) else f"{type(error).__name__}: {words}"


def unknown(kind: str, name: str, known: Iterable[str]) -> BenchError:
    """The error for an unknown name; it suggests the nearest known names."""
    names = sorted(known)
    begun = [one for one in names if name and one.startswith(name)][:3]  # typed in part
    near = begun or difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names)}"
    return BenchError(f"unknown {kind} '{name}'; {hint}")
