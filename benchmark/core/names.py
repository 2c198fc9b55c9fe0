"""Names that become folders and files: of generators, methods and seeds, and of files in cells.

A name may come from a folder that somebody else made, so it must not lead out of it, nor mean a
device, nor hold bytes that change what a terminal or a page shows. Names of columns become no
files, and may be freer.
"""

import re

from benchmark.core.errors import BenchError

SAFE = re.compile(r"\w[\w.+-]{0,149}")  # letters and digits of any script
DEVICES = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(10))}
RULE = "letters, digits and . _ + - only, beginning with none of . + -"
LONGEST_COLUMN = 150
COLUMN_RULE = f"1 to {LONGEST_COLUMN} characters that can be printed, none of them a backtick"


def is_safe(name: object) -> bool:
    """Whether `name` is text that names one file or folder on every system, and nothing else."""
    return (
        isinstance(name, str)
        and SAFE.fullmatch(name) is not None
        and not name.endswith(".")
        and name.partition(".")[0].lower() not in DEVICES
    )


def safe_name(name: str, what: str) -> str:
    """The same name. Raises BenchError where it is not safe; what: whose name it is."""
    if not is_safe(name):
        raise BenchError(f"{what} cannot be called {name!r}, which names a folder: {RULE}")
    return name


def is_column(name: object) -> bool:
    """Whether `name` can head a column: metrics of users choose these names, and tables show them,
    in backticks."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= LONGEST_COLUMN
        and name.isprintable()
        and "`" not in name
    )
