"""The lower bounds of the dependencies, as versions to install, and tests that use each of them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

EXTRAS = ("postgres", "cluster", "train", "onnx")
BOUND = re.compile(r"(?P<name>[\w.-]+(?:\[[\w,-]+\])?)>=(?P<version>[\w.]+)$")

# The tests that are run with the lowest versions, and what they are there for.
TESTS = (
    "tests/tables",  # pandas
)


def lowest(project: Mapping[str, Any], extras: Iterable[str]) -> list[str]:
    """`name==version` for each dependency of a [project] table, with those of the extras.

    Raises ValueError where one has no lower bound.
    """
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    pinned = []
    for requirement in wanted:
        bound = BOUND.match(requirement)
        if bound is None:
            raise ValueError(f"{requirement} is not of the form name>=version")
        pinned.append(f"{bound['name']}=={bound['version']}")
    return pinned
