"""comparison.csv, .md and .tex: methods under test against baselines, direction by direction, and
what new runs of them would give."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from benchmark.core.estimates import Estimate, Undefined
from benchmark.report.judged import Judged
from benchmark.report.tables.duels import Duels
from benchmark.report.tables.fairness import differing_terms, unfair
from benchmark.report.words import COMPARISON, COMPARISON_NOTE, COMPARISON_OF_STUDY, priced
from benchmark.runs.replicates import Replicates
from benchmark.runs.roles import Roles
from benchmark.stats.comparison import Comparison, compare_scores
from benchmark.stats.paired import RcaComparison, in_one_family
from benchmark.stats.permutation import adjusted
from benchmark.stats.ranks import SURE
from benchmark.tables.table import Table
from benchmark.tables.text import value_text
from benchmark.tables.writing import without_nan

ALL = "all"  # of the table's generators, which else would fill the page
Key = tuple[str, str, str]  # generators joined by +, method, baseline


def comparison_table(
    rows: Sequence[Replicates],
    roles: Roles,
    judged: Judged | None = None,
    duels: Duels | None = None,
) -> Table | None:
    """One row per method under test, baseline and generator, and pooled; with a study, MOS too.

    duels: of these rows, where another table compares them, too. None where no cell is done. Where
    there is nothing to compare the table has no rows, and a note says why. What the data cannot
    answer is None in the frame, and the row's note says why.
    """
    if not any(r.done for r in rows):
        return None
    duels = duels or Duels(rows)
    rca = {key_of(c): c for c in _rca(duels, roles)}
    rated = judged if judged is not None and not judged.directions.empty else None
    mos = {key_of(c): c for c in _mos(rated, roles)} if rated else {}
    differing = differing_terms(duels.rows)
    lines = []
    for key in dict.fromkeys([*rca, *mos]):
        values = rca_values(rca.get(key)) | (mos_values(mos.get(key), rated) if rated else {})
        reasons = [v.reason for v in values.values() if isinstance(v, Undefined)]
        reasons += [differing[place] for place in _places(key) if place in differing]
        lines.append(
            {"generator": key[0], "method": key[1], "baseline": key[2]}
            | {name: None if isinstance(v, Undefined) else v for name, v in values.items()}
            | {"note": "; ".join(dict.fromkeys(reasons))}
        )
    columns = {**COMPARISON, **COMPARISON_OF_STUDY} if rated else COMPARISON
    columns = {name: columns[name] for name in (*(n for n in columns if n != "note"), "note")}
    notes = [roles.why]
    if lines:
        notes.append(priced(COMPARISON_NOTE))
    elif roles.under_test:
        notes.append("No comparison: the run holds no answers of both sides.")
    notes += duels.left_out
    title = f"{' and '.join(roles.under_test) or 'Methods'} against the baselines"
    notes += judged.elsewhere if judged else ()
    if rated is not None and rated.simulated:
        title = f"Simulated: {title}, RCA beside MOS of simulated answers"
        notes.insert(0, "Simulated answers are the source of every mos column.")
    notes += _called_all(lines)
    frame = without_nan(pd.DataFrame(lines, columns=list(columns), dtype=object))
    return Table("comparison", title, frame, columns, tuple(notes))


def _called_all(lines: Sequence[dict[str, Any]]) -> list[str]:
    """Name rows over all generators of the table ALL; a sentence on which these are."""
    joined: list[str] = max((line["generator"].split(" + ") for line in lines), key=len, default=[])
    every = {line["generator"] for line in lines if " + " not in line["generator"]}
    if len(joined) < 2 or set(joined) != every or ALL in every:
        return []
    for line in lines:
        if line["generator"] == " + ".join(joined):
            line["generator"] = ALL
    return [f"{ALL} is {', '.join(joined)}, which count the same."]


def clear_winners(rows: Sequence[Replicates], comparison: Table | None) -> list[tuple[str, str]]:
    """Generator and method of each row that is ahead of all others on its generator, and surely so.

    Ahead is what the comparison found so, on equal terms, over the same seeds and with an adjusted
    p below SURE. A row that was not compared with each of the others is never ahead.
    """
    done = [r for r in rows if r.done]
    apart = unfair(done)
    found: set[Key] = set()
    for pair in comparison.frame.to_dict("records") if comparison else []:
        difference, p = pair["rca_difference"], pair["rca_p_adjusted"]
        if difference is not None and p is not None and difference > 0 and p < SURE:
            found.add((pair["generator"], pair["method"], pair["baseline"]))
    winners = []
    for r in done:
        rivals = [other for other in done if other.generator == r.generator and other is not r]
        keys = [(r.generator, r.method, rival.method) for rival in rivals]
        if keys and found.issuperset(keys) and r.generator not in apart:
            winners.append((r.generator, r.method))
    return winners


def key_of(comparison: RcaComparison | Comparison) -> Key:
    return " + ".join(comparison.generators), comparison.method, comparison.baseline


def rca_values(comparison: RcaComparison | None) -> dict[str, Any]:
    """The RCA columns of a row; all None where only people compared the two."""
    if comparison is None:
        return dict.fromkeys(name for name in COMPARISON if name.startswith("rca_"))
    by_seed = zip(comparison.seeds, comparison.by_seed, strict=True)
    return {
        "directions": comparison.directions,
        "seeds": len(comparison.by_seed),
        **_estimate("rca_difference", comparison.difference),
        "rca_p": comparison.p,
        "rca_p_adjusted": comparison.p_adjusted,
        "rca_by_seed": ", ".join(f"seed {s}: {value_text(v, 'difference')}" for s, v in by_seed),
        **_estimate("rca_difference_new_runs", comparison.new_runs.difference),
        "rca_p_new_runs": comparison.new_runs.p,
        "rca_p_new_runs_adjusted": comparison.new_runs.p_adjusted,
        "rca_p_new_runs_signs": comparison.new_runs.p_signs,
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


def _rca(duels: Duels, roles: Roles) -> Sequence[RcaComparison]:
    return in_one_family(
        comparison
        for method, baselines in _sides(duels.accuracies, roles)
        for baseline in baselines
        for comparison in duels.of(method, baseline)
    )


def _mos(judged: Judged, roles: Roles) -> list[Comparison]:
    scores = judged.directions.dropna(subset="mos")
    every = [
        comparison
        for method, baselines in _sides(scores, roles)
        for comparison in compare_scores(scores, method, baselines)
    ]
    adjusted_p = adjusted([comparison.p for comparison in every])
    return [replace(c, p_adjusted=p) for c, p in zip(every, adjusted_p, strict=True)]


def _sides(frame: pd.DataFrame, roles: Roles) -> Iterator[tuple[str, list[str]]]:
    """Each method under test with what it can be compared with; none where one side is not there.

    frame: has a column `method`.
    """
    present = set(frame["method"])
    against = [name for name in roles.against if name in present]
    if against:
        yield from ((name, against) for name in roles.under_test if name in present)


def _places(key: Key) -> list[Key]:
    return [(generator, *key[1:]) for generator in key[0].split(" + ")]
