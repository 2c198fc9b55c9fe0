"""Which methods are under test, which are baselines, and the one order in which they all stand.

A role is never guessed from a name: a cell's result stores the role of its method, a study those of
its cells. For results that are older than roles, the command line hands in the roles of the methods
it knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmark.core.errors import unknown

if TYPE_CHECKING:
    from benchmark.methods.method import Role

ROLES: tuple[Role, ...] = ("method", "baseline")  # in the order of every table and figure
NO_ROLES: Mapping[str, Role] = MappingProxyType({})


@dataclass(frozen=True)
class Roles:
    """Which methods are compared with which.

    under_test: each is compared with every one of `against`; both are empty where nothing can be
    compared. order: all names, methods first, then baselines, then those of which neither is known,
    each by name. why: how this came about, for readers of the comparison.
    """

    under_test: tuple[str, ...]
    against: tuple[str, ...]
    order: tuple[str, ...]
    why: str


def known_roles(
    stored: Iterable[tuple[str, str]], handed: Mapping[str, Role]
) -> dict[str, Role | None]:
    """The role of each method by name; None where nobody says it.

    stored: name and role as results hold them, "" where they do not; what is stored comes before
    what is handed in. A name that is stored with both roles is under test.
    """
    said: dict[str, set[str]] = {}
    for name, role in stored:
        said.setdefault(name, set()).add(role)
    return {
        name: next((role for role in ROLES if role in roles), handed.get(name))
        for name, roles in said.items()
    }


def in_order(roles: Mapping[str, Role | None]) -> tuple[str, ...]:
    """The names: methods, then baselines, then those without a known role, each by name."""
    said: tuple[Role | None, ...] = (*ROLES, None)
    return tuple(sorted(roles, key=lambda name: (said.index(roles[name]), name)))


def place(order: Sequence[str]) -> Callable[[str], tuple[int, str]]:
    """The key by which names are sorted into this order; names that are not in it stand last."""
    rank = {name: i for i, name in enumerate(order)}
    return lambda name: (rank.get(name, len(rank)), name)


def assign_roles(
    roles: Mapping[str, Role | None],
    named: Sequence[str] = (),
    named_by: str = "the command",
    option: str = "--under-test",
) -> Roles:
    """Who is compared with whom: all methods with each baseline, or only those that are named.

    roles: of every method that is there. named: put to the test, whatever their roles say, and
    compared with the baselines; where there are none, with all others. named_by, option: who named
    them and what names others, for the words. Raises BenchError where a named one is not there.
    """
    for name in named:
        if name not in roles:
            raise unknown("method", name, roles)
    order = in_order(roles)
    methods, baselines, unsaid = (
        [name for name in order if roles[name] == role] for role in (*ROLES, None)
    )
    if named:
        under_test = [name for name in order if name in named]
        others = [name for name in order if name not in named]
        against = [name for name in others if name not in methods] or others
    else:
        under_test, against = methods, baselines
    if not under_test or not against:
        return Roles((), (), order, f"No comparison: {_reason(order, methods, unsaid, option)}.")
    why = [f"{_are(under_test)} under test{f' because {named_by} says so' if named else ''}."]
    if set(against) & set(methods):
        why.append(f"No baseline is there, so {_joined(against)} stand for one.")
    left_out = [name for name in methods if name not in under_test + against]
    if left_out:
        why.append(f"{_joined(left_out)} could be put to the test too, with {option}.")
    doubtful = [name for name in unsaid if name not in under_test]
    if doubtful:
        taken = "are taken for baselines" if named else f"are left out; {option} names one"
        why.append(f"Nothing says what these are, so they {taken}: {_joined(doubtful)}.")
    return Roles(tuple(under_test), tuple(against), order, " ".join(why))


def _reason(
    order: Sequence[str], methods: Sequence[str], unsaid: Sequence[str], option: str
) -> str:
    if len(order) < 2:
        return f"{' '.join(order) or 'nothing'} is alone here, so there is nothing to compare"
    if unsaid:
        return f"nothing says what {_joined(unsaid)} are; name who is under test with {option}"
    if methods:
        return f"{_are(methods)} under test and no baseline is there; name one with {option}"
    return f"{_are(order)} baselines; name the one to put to the test with {option}"


def _are(names: Sequence[str]) -> str:
    return f"{_joined(names)} {'are' if len(names) > 1 else 'is'}"


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
