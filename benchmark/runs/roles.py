"""Which method a study puts to the test, and which it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.core.errors import unknown
from benchmark.core.estimates import Undefined

BASELINES = ("random", "coordinate")  # directions that nobody looked for
USUAL = "discovered"  # the method under test where several are no baseline


@dataclass(frozen=True)
class Roles:
    """method: under test. others: each is compared with it. why: how it was chosen, a sentence."""

    method: str
    others: tuple[str, ...]
    why: str


def assign_roles(
    rated: Sequence[str], planned: str = "", named: str | None = None
) -> Roles | Undefined:
    """The roles of the rated methods.

    planned: the method in the study's settings, "" for none. named: on the command line, which
    comes before it. Raises BenchError where either is not among the rated ones.
    """
    names = sorted(set(rated))
    for name in (named, planned):
        if name and name not in names:
            raise unknown("rated method", name, names)
    if len(names) < 2:
        return Undefined(f"{names[0]} is the only rated method, so there is nothing to compare")
    candidates = [name for name in names if name not in BASELINES]
    if named:
        method = named
        why = f"{method} is the method under test because the command named it, not the plan."
    elif planned:
        method = planned
        why = f"{method} is the method under test by the analysis plan."
    elif not candidates:
        return Undefined(
            f"{' and '.join(names)} are baselines; name the one to put to the test with --method"
        )
    else:
        method = USUAL if USUAL in candidates else candidates[0]
        why = f"{method} is the method under test, being no baseline."
        if len(candidates) > 1:
            why = (
                f"{', '.join(candidates)} are no baselines and the plan names none of them, so "
                f"{method} is taken as the method under test; --method takes another."
            )
    return Roles(method, tuple(name for name in names if name != method), why)
