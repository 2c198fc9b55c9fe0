"""What the generators and methods of a run are called, when several runs share a folder.

The name stands in folders, tables and random streams, so what a folder once called one thing keeps
that name, and nothing else gets it.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from benchmark.core.errors import BenchError
from benchmark.core.json_files import read_object
from benchmark.core.names import safe_name
from benchmark.core.plugins import distinct_names, is_file, name_of
from benchmark.methods.imported import is_directions
from benchmark.runs.results import read_run


def method_names(
    code: Mapping[str, str], run: Path | None, taken: Collection[str] = ()
) -> dict[str, str]:
    """What a run in this folder calls each method, by what names it: `random`, or for one of a
    user's own the absolute `file.py:Class` or file of directions.

    code: the identity of the code of a user's own, by the same; "" for others. taken: names of
    methods that no file of directions gets. Raises BenchError for one that names no folder.
    """

    def own_name(reference: str) -> str:
        if is_file(reference):
            return name_of(reference)
        if not is_directions(reference):
            return reference
        stem = Path(reference).stem
        return f"{stem}-imported" if stem in taken else stem

    def moved(reference: str, name: str) -> bool:
        return run is not None and code[reference] in _codes(run, name)

    recorded = {} if run is None else read_run(run).get("methods", {})
    return lasting_names(list(code), recorded, own_name, moved)


def _codes(run: Path, method: str) -> set[str]:
    """The codes of the cells of a method."""
    found = set()
    for path in run.glob(f"cells/*/{method}/*/result.json"):
        try:
            found.add(read_object(path)["config"].get("code", {}).get("method", ""))
        except (BenchError, KeyError, AttributeError):
            continue
    return found


def lasting_names(
    references: Sequence[str],
    recorded: Mapping[str, str],
    own_name: Callable[[str], str],
    is_the_same: Callable[[str, str], bool],
) -> dict[str, str]:
    """A name for each reference, no two alike. Raises BenchError for one that names no folder.

    references: absolute, without options. recorded: what the folder calls by which name. own_name:
    what a reference would be called by itself. is_the_same: whether a reference, which is not
    recorded, opens what the folder calls by this name, as that was moved.
    """
    known = {reference: name for name, reference in recorded.items()}
    names: dict[str, str] = {}
    for reference in dict.fromkeys(references):
        own = own_name(reference)
        if reference in known:
            names[reference] = known[reference]
        elif own in recorded and own not in names.values() and is_the_same(reference, own):
            names[reference] = own
    new = {r: own_name(r) for r in dict.fromkeys(references) if r not in names}
    for reference, own in new.items():
        rivals = {r: own for r, name in known.items() if _is_from(own, name)}
        rivals |= {r: own for r, name in new.items() if name == own}
        name = distinct_names({**rivals, reference: own})[reference]
        if name in {*recorded, *names.values()}:
            name += f"-{hashlib.sha256(reference.encode()).hexdigest()[:6]}"
        names[reference] = safe_name(name, f"what {reference} gives")
    return {reference: names[reference] for reference in references}


def _is_from(own: str, name: str) -> bool:
    """Whether a recorded name was made of this one."""
    return name == own or name.startswith(f"{own}-")
