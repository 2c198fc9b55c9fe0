"""comparison.csv, .md and .tex: the method against each baseline, direction by direction."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from baselines import METHODS
from benchmark.core.estimates import Estimate, Undefined
from benchmark.report.judged import Judged
from benchmark.report.words import COMPARISON, COMPARISON_NOTE, COMPARISON_OF_STUDY
from benchmark.runs.replicates import Replicates, ordered_methods
from benchmark.stats.comparison import Comparison, compare_scores
from benchmark.stats.paired import RcaComparison, compare_rca
from benchmark.tables.table import Table
from benchmark.tables.writing import without_nan

METHOD = next(iter(METHODS))  # the one under test; the others are what it is held against
Key = tuple[str, str]  # generators joined by +, and the baseline


def comparison_table(rows: Sequence[Replicates], judged: Judged | None = None) -> Table | None:
    """One row per baseline and generator, and pooled; with a study, MOS beside RCA.

    None where the run holds no answers of the method and of a baseline. What the data cannot
    answer is None in the frame, and the row's note says why.
    """
    counts = Counter((r.generator, r.method) for r in rows if r.done)
    single = [r for r in rows if r.done and counts[r.generator, r.method] == 1]
    rca = {key_of(c): c for c in _rca(single)}
    mos = {key_of(c): c for c in _mos(judged)} if judged else {}
    if not rca and not mos:
        return None
    differing = _differing_terms(single)
    lines = []
    for key in dict.fromkeys([*rca, *mos]):
        values = rca_values(rca.get(key)) | (mos_values(mos.get(key), judged) if judged else {})
        reasons = [v.reason for v in values.values() if isinstance(v, Undefined)]
        reasons += [differing[place] for place in _places(key) if place in differing]
        lines.append(
            {"generator": key[0], "method": METHOD, "baseline": key[1]}
            | {name: None if isinstance(v, Undefined) else v for name, v in values.items()}
            | {"note": "; ".join(dict.fromkeys(reasons))}
        )
    columns = {**COMPARISON, **COMPARISON_OF_STUDY} if judged else COMPARISON
    columns = {name: columns[name] for name in (*(n for n in columns if n != "note"), "note")}
    left_out = [
        f"Left out is {method} on {generator}: it has {n} configurations in this run."
        for (generator, method), n in counts.items()
        if n > 1
    ]
    notes = (COMPARISON_NOTE, *left_out)
    title = f"{METHOD} against the baselines"
    if judged and judged.simulated:
        title = f"Simulated: {title}, RCA beside MOS of simulated answers"
        notes = ("Simulated answers are the source of every mos column.", *notes)
    frame = without_nan(pd.DataFrame(lines, columns=list(columns), dtype=object))
    return Table("comparison", title, frame, columns, notes)


def key_of(comparison: RcaComparison | Comparison) -> Key:
    return " + ".join(comparison.generators), comparison.baseline


def rca_values(comparison: RcaComparison | None) -> dict[str, Any]:
    """The RCA columns of a row; all None where only people compared the two."""
    if comparison is None:
        return dict.fromkeys(name for name in COMPARISON if name.startswith("rca_"))
    return {
        "directions": comparison.directions,
        "seeds": len(comparison.by_seed),
        **_estimate("rca_difference", comparison.difference),
        "rca_p": comparison.p,
        "rca_p_adjusted": comparison.p_adjusted,
        "rca_by_seed": ", ".join(f"{value:+.3f}" for value in comparison.by_seed),
    }


def mos_values(comparison: Comparison | None, judged: Judged) -> dict[str, Any]:
    """The MOS columns of a row; a pair that no study judged says so."""
    answers = {"answers": "simulated" if judged.simulated else "people"}
    if comparison is None:
        unrated = Undefined("the study judged no directions of both")
        return {**dict.fromkeys(COMPARISON_OF_STUDY, unrated), **answers}
    return {
        "mos_directions": " and ".join(map(str, comparison.directions)),
        **_estimate("mos_difference", comparison.difference),
        "mos_odds_ratio": comparison.odds_ratio,
        "mos_p": comparison.p,
        "mos_p_adjusted": comparison.p_adjusted,
        **answers,
    }


def _estimate(name: str, estimate: Estimate | Undefined) -> dict[str, Any]:
    if isinstance(estimate, Undefined):
        return {name: estimate, f"{name}_low": estimate, f"{name}_high": estimate}
    interval = estimate.interval
    ends = (interval,) * 2 if isinstance(interval, Undefined) else (interval.low, interval.high)
    return {name: estimate.value, f"{name}_low": ends[0], f"{name}_high": ends[1]}


def _rca(rows: Sequence[Replicates]) -> Iterable[RcaComparison]:
    parts = [
        answers.assign(generator=r.generator, method=r.method)
        for r in rows
        if not (answers := r.table("predictions")).empty
    ]
    predictions = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"method": []})
    return compare_rca(predictions, METHOD, others) if (others := _others(predictions)) else ()


def _mos(judged: Judged) -> Iterable[Comparison]:
    scores = judged.directions.dropna(subset="mos")
    return compare_scores(scores, METHOD, others) if (others := _others(scores)) else ()


def _others(frame: pd.DataFrame) -> list[str]:
    """The methods that the method can be compared with; none where it is not there itself."""
    present = set(frame["method"])
    if METHOD not in present:
        return []
    return [name for name in ordered_methods(present) if name in present - {METHOD}]


def _places(key: Key) -> list[Key]:
    return [(generator, key[1]) for generator in key[0].split(" + ")]


def _differing_terms(rows: Sequence[Replicates]) -> Mapping[Key, str]:
    """In what the protocol of a baseline differs from the method's, where the run mixes two."""
    terms = {(r.generator, r.method): r.first.result.config["protocol"] for r in rows}
    differing = {}
    for (generator, method), own in terms.items():
        ours = terms.get((generator, METHOD), own)
        unequal = [
            f"{key} {ours.get(key)} and {value}"
            for key, value in own.items()
            if value != ours.get(key)
        ]
        if unequal:
            words = f"not on equal terms on {generator}: {', '.join(unequal)}"
            differing[generator, method] = words
    return differing
