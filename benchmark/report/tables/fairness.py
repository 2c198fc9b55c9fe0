"""Do figures of methods on a generator compare as they stand? On equal terms, over equal seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.runs.replicates import Replicates

UNEQUAL = "not on equal terms"


def terms_on(config: Mapping[str, Any]) -> dict[str, Any]:
    """The terms of a cell's comparison: its protocol, and which generator it is of: the options,
    and how the hashes of its weights and, where a file makes it, of that file begin."""
    code = config.get("code", {}).get("generator", "")
    made = {"weights": config["generator_hash"][:10], "code": code[:10]}
    return {**made, **config["protocol"], **config.get("generator", {})}


def differing_terms(rows: Sequence[Replicates]) -> dict[tuple[str, str, str], str]:
    """How the terms of two methods on a generator differ, where a run mixes them: by the generator
    and both methods, in either order. rows: with a done cell."""
    terms = {(r.generator, r.method): terms_on(r.first.result.config) for r in rows}
    return {
        (generator, method, other): f"{UNEQUAL} on {generator}: {words}"
        for (generator, method), ours in terms.items()
        for (place, other), theirs in terms.items()
        if place == generator and (words := _difference([ours, theirs]))
    }


def unfair(rows: Sequence[Replicates]) -> dict[str, str]:
    """By generator, why the figures of its methods do not compare as they stand: the terms differ,
    or the seeds that a figure is the mean of. rows: with a done cell."""
    found = {}
    for generator in dict.fromkeys(r.generator for r in rows):
        own = [r for r in rows if r.generator == generator]
        reasons = []
        if words := _difference([terms_on(r.first.result.config) for r in own]):
            reasons.append(f"{UNEQUAL}: {words}")
        methods: dict[str, list[str]] = {}  # by their seeds
        for r in own:
            seeds = ", ".join(str(cell.result.cell.seed) for cell in r.done)
            methods.setdefault(seeds, []).append(r.method)
        if len(methods) > 1:
            words = "; ".join(f"{seeds} of {' and '.join(ms)}" for seeds, ms in methods.items())
            reasons.append(f"means over different seeds: {words}")
        if reasons:
            found[generator] = "; ".join(reasons)
    return found


def _difference(terms: Sequence[Mapping[str, Any]]) -> str:
    """What is not the same in all of them, such as `steps 300 and 200`; empty where nothing is."""
    values = {key: [one.get(key) for one in terms] for one in terms for key in one}
    return ", ".join(
        f"{key} {' and '.join(dict.fromkeys(map(str, found)))}"
        for key, found in values.items()
        if any(value != found[0] for value in found)
    )
