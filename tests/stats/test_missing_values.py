"""No statistic takes NaN, None or infinity in silence: it refuses the value by name and place, or
leaves the answer out and counts what is left.

The loop goes over every public function of `benchmark.stats`, of the screening rules and of the
study's tables. Each has a case of clean arguments here; a function without one fails a test, so
that new ones are asked too. Then one value after another is spoiled, wherever a number or a column
stands.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import benchmark.stats
import benchmark.study.tables
from benchmark.core import alpha, dyadic
from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.core.judgments import first_showings
from benchmark.runs.roles import assign_roles
from benchmark.stats import (
    agreement,
    association,
    bootstrap,
    bradley_terry,
    categories,
    comparison,
    correlation,
    gee,
    intervals,
    mos,
    new_runs,
    paired,
    permutation,
    population,
    power,
    ranks,
    twoway,
    wins,
)
from benchmark.stats.population import Population
from benchmark.stats.wins import contests
from benchmark.study.tables import (
    agreement_table,
    change_types,
    mos_comparisons,
    mos_tables,
    pair_tables,
    participants_table,
    prediction,
)
from benchmark.tables.table import Table
from study_server import screening
from study_server.screening import Limits
from study_server.study_settings import Settings
from study_server.tasks import Pairs
from tests.stats.conftest import CATEGORIES, simulate
from tests.study.conftest import ORDER, ROLES, gather, known_accuracies

from .calibration import predictions
from .test_wins import JUDGMENTS as TWO
from .test_wins import ONE

PEOPLE = {"discovered": Population(0.6), "random": Population(0.4)}
QUESTIONS = ["consistent", "single"]
EXPECTED = {"good": 1.0, "still": 0.0}
RNG = np.random.default_rng(0)
VALUES, OTHERS = RNG.random(9), RNG.random(9)
SUMS = np.array([[3.0, 2.0, 3.0], [1.0, 4.0, 2.0], [5.0, 0.0, 0.0], [2.0, 3.0, 3.0]])


def study() -> pd.DataFrame:
    drawn = simulate(np.random.default_rng(1), PEOPLE, directions=8, annotators=6, ratings=4)
    first = drawn.judgments
    again = first.iloc[::7].assign(repeat=1)
    checks = first.iloc[::9].assign(check="good", direction="check", repeat=0)
    both = pd.concat([first, again, checks], ignore_index=True)
    return both.astype({"mos": float, "seconds": float})


JUDGMENTS = study()
SCORES = mos.direction_mos(JUDGMENTS)
ACCURACIES = known_accuracies(JUDGMENTS[JUDGMENTS["check"].isna()])
ASSIGNED = assign_roles({name: ROLES[name] for name in PEOPLE})
PREDICTIONS = predictions(
    np.random.default_rng(2), np.random.default_rng(3).random((2, 5, 6)), each=4
)


def table_of(make: Callable[..., Any], *rest: Any) -> Callable[..., Any]:
    """A table of the study as a function of its frames."""

    def call(judgments: pd.DataFrame, accuracies: pd.DataFrame = ACCURACIES) -> Any:
        return make(gather(judgments, accuracies), *rest)

    return call


def sensitivity(judgments: pd.DataFrame) -> Any:
    material = gather(judgments)
    return mos_comparisons.sensitivity_table(material, material, ASSIGNED)


def of_pairs(judgments: pd.DataFrame) -> Any:
    material = gather(judgments, task=Pairs(Settings({}, {}, "1")))
    return pair_tables.pair_tables(material, ["found", "axes", "random"])


Case = tuple[Callable[..., Any], dict[str, Any]]
OF_JUDGMENTS = {"judgments": JUDGMENTS}
CASES: dict[Any, Case] = {
    agreement.agreement: (lambda judgments: agreement.agreement(judgments, "mos"), OF_JUDGMENTS),
    agreement.repeat_agreement: (
        lambda judgments: agreement.repeat_agreement(judgments, "consistent"),
        OF_JUDGMENTS,
    ),
    alpha.alpha: (alpha.alpha, {"sums": SUMS.sum(axis=0)}),
    alpha.addends: (alpha.addends, {"counts": SUMS}),
    alpha.likely: (alpha.likely, {"counts": SUMS}),
    alpha.alpha_over: (
        lambda counts: alpha.alpha_over(counts, "directions"),
        {"counts": np.tile(SUMS, (2, 1))},
    ),
    association.associations: (
        lambda judgments: association.associations(judgments, CATEGORIES),
        OF_JUDGMENTS,
    ),
    association.chi_square: (association.chi_square, {"table": SUMS[:2] + 1}),
    association.cramers_v: (
        lambda chi2, by_chance: association.cramers_v(chi2, by_chance, 20, (2, 3)),
        {"chi2": 9.0, "by_chance": 2.0},
    ),
    bootstrap.resampled_sums: (
        lambda columns: bootstrap.resampled_sums(columns, 10, np.random.default_rng(0)),
        {"columns": SUMS},
    ),
    bootstrap.bca: (
        bootstrap.bca,
        {"value": 0.5, "resampled": VALUES, "influence": OTHERS - OTHERS.mean(), "level": 0.95},
    ),
    bootstrap.expanded: (lambda level: bootstrap.expanded(9, 1, level), {"level": 0.95}),
    bootstrap.interval_of_means: (
        lambda groups, weights: bootstrap.interval_of_means(groups, weights, "directions", 50),
        {"groups": [VALUES, OTHERS], "weights": [1.0, -1.0]},
    ),
    categories.change_types: (
        lambda judgments: categories.change_types(judgments, CATEGORIES),
        OF_JUDGMENTS,
    ),
    categories.category_counts: (
        lambda rated: categories.category_counts(rated, CATEGORIES),
        {"rated": first_showings(JUDGMENTS)},
    ),
    comparison.compare: (
        lambda judgments: comparison.compare(judgments, "discovered", ["random"]),
        OF_JUDGMENTS,
    ),
    comparison.compare_scores: (
        lambda scores: comparison.compare_scores(scores, "discovered", ["random"]),
        {"scores": SCORES},
    ),
    comparison.odds_ratio: (comparison.odds_ratio, {"share": 0.4, "baseline": 0.5}),
    correlation.rank_correlation: (correlation.rank_correlation, {"x": VALUES, "y": OTHERS}),
    correlation.rca_against_mos: (
        correlation.rca_against_mos,
        {"accuracies": ACCURACIES, "scores": SCORES},
    ),
    gee.marginal_model: (
        lambda judgments: gee.marginal_model(judgments, "discovered", "random"),
        OF_JUDGMENTS,
    ),
    intervals.wilson: (intervals.wilson, {"successes": 3.0, "n": np.array([5.0]), "level": 0.9}),
    intervals.effective_trials: (intervals.effective_trials, {"shares": VALUES}),
    intervals.clustered_wilson: (intervals.clustered_wilson, {"shares": VALUES, "level": 0.95}),
    intervals.interval_of_shares: (
        lambda groups, weights: intervals.interval_of_shares(groups, weights, "directions"),
        {"groups": [VALUES[:4], OTHERS[:4]], "weights": [1.0, -1.0]},
    ),
    mos.direction_mos: (mos.direction_mos, OF_JUDGMENTS),
    mos.pooled_mos: (mos.pooled_mos, OF_JUDGMENTS),
    mos.method_mos: (mos.method_mos, OF_JUDGMENTS),
    new_runs.new_runs: (new_runs.new_runs, {"differences": VALUES}),
    paired.direction_accuracies: (paired.direction_accuracies, {"predictions": PREDICTIONS}),
    paired.compare_rca: (
        lambda predictions: paired.compare_rca(predictions, "found", ["random"]),
        {"predictions": PREDICTIONS},
    ),
    paired.compare_accuracies: (
        lambda accuracies: paired.compare_accuracies(accuracies, "found", ["random"]),
        {"accuracies": paired.direction_accuracies(PREDICTIONS)},
    ),
    paired.by_method: (
        paired.by_method,
        {"accuracies": paired.direction_accuracies(PREDICTIONS)},
    ),
    ranks.mean_places: (
        lambda scores: ranks.mean_places({"x": dict(zip("abcdefghi", scores, strict=True))}, []),
        {"scores": VALUES},
    ),
    permutation.permute_labels: (
        lambda first, second: permutation.permute_labels([(first, second)], 99),
        {"first": VALUES, "second": OTHERS},
    ),
    permutation.swap_labels: (
        lambda first, second: permutation.swap_labels([first, second], 99),
        {"first": VALUES, "second": OTHERS},
    ),
    permutation.mid_tail: (permutation.mid_tail, {"observed": 0.4, "null": VALUES}),
    permutation.adjusted: (permutation.adjusted, {"p_values": [0.5, 0.01, 0.2]}),
    bradley_terry.strengths: (bradley_terry.strengths, {"pairs": ONE}),
    dyadic.ends_of: (dyadic.ends_of, {"pairs": ONE}),
    dyadic.dyadic_variance: (
        lambda influence: dyadic.dyadic_variance(influence, dyadic.ends_of(ONE)),
        {"influence": ONE["score"].to_numpy() - 0.5},
    ),
    wins.pair_scores: (wins.pair_scores, {"judgments": TWO}),
    wins.win_shares: (wins.win_shares, {"pairs": ONE}),
    wins.contests: (lambda pairs: contests(pairs, ["found", "random"]), {"pairs": ONE}),
    wins.direction_wins: (wins.direction_wins, {"pairs": ONE}),
    pair_tables.pair_tables: (of_pairs, {"judgments": TWO}),
    population.Population: (
        Population,
        {"mos": 0.4, "direction_sd": 1.0, "annotator_sd": 0.5},
    ),
    power.p_values: (power.p_values, {"means": SUMS, "labels": SUMS.T}),
    power.power_table: (
        lambda effect: power.power_table(effect, Population(0.4), [4], [3], [2], 20),
        {"effect": 0.2},
    ),
    power.enough: (lambda wanted: power.enough([], wanted), {"wanted": 0.8}),
    twoway.two_way_difference: (
        lambda judgments: twoway.two_way_difference(judgments, "discovered", "random", 50),
        OF_JUDGMENTS,
    ),
    screening.screen: (
        lambda judgments, expected: screening.screen(judgments, Limits(), QUESTIONS, expected),
        {"judgments": JUDGMENTS, "expected": EXPECTED},
    ),
    screening.check_answers: (
        screening.check_answers,
        {"judgments": JUDGMENTS, "expected": EXPECTED},
    ),
    screening.repeat_answers: (screening.repeat_answers, OF_JUDGMENTS),
    screening.by_annotator: (
        screening.by_annotator,
        {"answers": screening.repeat_answers(JUDGMENTS)},
    ),
    screening.Limits: (Limits, {field.name: 0.5 for field in fields(Limits)}),
    screening.Rule: (
        lambda value: screening.RULES["agreement"].broken(value, Limits()),
        {"value": 0.5},
    ),
    agreement_table.agreement_table: (table_of(agreement_table.agreement_table), OF_JUDGMENTS),
    change_types.share_table: (table_of(change_types.share_table, ORDER), OF_JUDGMENTS),
    change_types.association_table: (table_of(change_types.association_table), OF_JUDGMENTS),
    mos_comparisons.comparison_table: (
        table_of(mos_comparisons.comparison_table, ASSIGNED),
        OF_JUDGMENTS,
    ),
    mos_comparisons.sensitivity_table: (sensitivity, OF_JUDGMENTS),
    mos_tables.direction_table: (table_of(mos_tables.direction_table, ORDER), OF_JUDGMENTS),
    mos_tables.method_table: (table_of(mos_tables.method_table, ORDER), OF_JUDGMENTS),
    prediction.prediction_table: (
        table_of(prediction.prediction_table, ORDER),
        {"judgments": JUDGMENTS, "accuracies": ACCURACIES},
    ),
}
WITHOUT_NUMBERS = {  # they take counts, names, or what a case above has checked already
    pair_tables.win_table,
    pair_tables.contest_table,
    pair_tables.mos_table,
    participants_table.participants_table,
    bootstrap.blocks,
    bootstrap.drawn_counts,
    paired.in_one_family,
    paired.compare_methods,
    permutation.enough,
    permutation.too_few,
    new_runs.unclaimed,
    power.power,
    power.direction_means,
    power.arrangements,
    power.closed_form,
    screening.described,
    mos_comparisons.scope,
}
OF_SCORES = {  # what they leave out is counted by `direction_mos`, and in a note of the tables
    comparison.compare,
    gee.marginal_model,
    twoway.two_way_difference,
}
CHECKED_CLASSES = {population.Population, screening.Limits, screening.Rule}
KEYS = {"generator", "method", "direction", "annotator", "repeat", "simulated"}  # of a judgment
IDS = [f"{f.__module__.rpartition('.')[2]}.{f.__name__}" for f in CASES]


def public_functions() -> Iterator[Any]:
    packages = (benchmark.stats, benchmark.study.tables)
    names = [f"{p.__name__}.{m.name}" for p in packages for m in pkgutil.iter_modules(p.__path__)]
    modules: list[ModuleType] = [*map(importlib.import_module, names), alpha, dyadic, screening]
    for module in modules:
        for name, member in inspect.getmembers(module, inspect.isfunction):
            if member.__module__ == module.__name__ and not name.startswith("_"):
                yield member


def test_every_public_function_is_asked() -> None:
    found = set(public_functions())
    assert len(found) > 40
    unasked = found - set(CASES) - WITHOUT_NUMBERS
    assert not unasked, f"add a case for {[f.__qualname__ for f in unasked]}"
    assert set(CASES) - CHECKED_CLASSES <= found


def spoiled(value: Any, where: str) -> Iterator[tuple[str, str, int, Any]]:
    """Copies of an argument with one bad value: its column or name, what is bad, the row."""
    if isinstance(value, pd.DataFrame):
        place = min(3, len(value) - 1)
        for column in value.columns:
            numeric = value[column].dtype.kind in "fiub"
            for bad in (np.nan, np.inf, None) if numeric else (np.nan, None):
                wrong = value.astype({column: object})
                wrong.iloc[place, wrong.columns.get_loc(column)] = bad
                if numeric and bad is not None:
                    wrong = wrong.astype({column: float})
                yield str(column), repr(bad), place, wrong
    elif isinstance(value, np.ndarray):
        for bad in (np.nan, np.inf, None):
            wrong = value.astype(object if bad is None else float)
            wrong.flat[value.size // 2] = bad
            yield where, repr(bad), -1, wrong
    elif isinstance(value, list):
        for i, part in enumerate(value):
            for name, bad, _, wrong in spoiled(part, where):
                yield name, bad, -1, [*value[:i], wrong, *value[i + 1 :]]
    elif isinstance(value, Mapping):
        for key, part in value.items():
            for _, bad, _, wrong in spoiled(part, key):
                yield key, bad, -1, {**value, key: wrong}
    elif isinstance(value, float):
        for bad in (np.nan, np.inf, None):
            yield where, repr(bad), -1, bad


def counts(result: Any) -> list[int]:
    """Every whole number of a result: what it says it is of."""
    if isinstance(result, bool | str):
        return []
    if isinstance(result, int | np.integer):
        return [int(result)]
    if isinstance(result, pd.DataFrame):
        values = [value for name in result for value in result[name].tolist()]
        return [len(result), *(c for value in values for c in counts(value))]
    if isinstance(result, Table):
        return [*counts(result.frame), *(int(n) for n in re.findall(r"\d+", str(result.notes)))]
    if isinstance(result, Undefined):
        return [int(number) for number in re.findall(r"\d+", result.reason)]
    if is_dataclass(result):
        return [c for field in fields(result) for c in counts(getattr(result, field.name))]
    if isinstance(result, list | tuple):
        return [c for part in result for c in counts(part)]
    return []


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same, digit by digit."""
    if isinstance(one, pd.DataFrame):
        return one.reset_index(drop=True).equals(other.reset_index(drop=True))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one)
        )
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else one == other


def outcome(call: Callable[..., Any], arguments: dict[str, Any]) -> tuple[Any, str]:
    """The result, or the words of the refusal."""
    try:
        return call(**arguments), ""
    except BenchError as error:
        return None, str(error)


@pytest.mark.parametrize("function", CASES, ids=IDS)
def test_a_missing_or_infinite_value_is_refused_or_left_out_and_counted(function: Any) -> None:
    call, clean = CASES[function]
    whole = call(**clean)
    asked = refused = 0
    for name, argument in clean.items():
        for where, bad, place, wrong in spoiled(argument, name):
            asked += 1
            result, refusal = outcome(call, {**clean, name: wrong})
            if refusal:
                refused += 1
                frame = isinstance(argument, pd.DataFrame)
                assert not frame or f"column {where}" in refusal, (where, bad, refusal)
                assert not frame or "row" in refusal
                continue
            assert isinstance(argument, pd.DataFrame), f"{where} = {bad} was taken in silence"
            if same(result, whole):
                continue  # a column that this statistic does not read
            assert not ("repeat" in argument and where in KEYS), f"{where} = {bad} was taken"
            assert bad != "inf", f"{where} = {bad} was taken in silence"
            without = argument.drop(index=argument.index[place])
            if where in ("mos", *QUESTIONS, "category"):
                uncounted = f"{where} = {bad} is left out uncounted"
                assert function in OF_SCORES or counts(result) != counts(whole), uncounted
                if where == "mos" and function in {mos.direction_mos, mos.method_mos, *OF_SCORES}:
                    assert same(result, call(**{**clean, name: without}))
    assert asked > 0
    assert refused > 0
