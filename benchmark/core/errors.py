"""Errors that a user can act on."""

import difflib
from collections.abc import Iterable


class BenchError(Exception):
    """A fault in what the user asked for or gave: one line that says what is wrong and what to do.

    The command line prints it without a traceback and exits with code 2.
    """


def unknown(kind: str, name: str, known: Iterable[str]) -> BenchError:
    """The error for an unknown name; it suggests the nearest known names."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names)}"
    return BenchError(f"unknown {kind} '{name}'; {hint}")


def in_words(error: BaseException) -> str:
    """The kind and the words of an error that somebody's own code raised, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
