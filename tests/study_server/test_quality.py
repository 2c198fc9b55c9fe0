"""Agreement, flags and coverage, against an independent computation and known cases."""

from collections.abc import Collection
from dataclasses import replace
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from flask import Flask

from benchmark.core.alpha import ALL_THE_SAME
from benchmark.core.estimates import Estimate, Undefined
from benchmark.stats.agreement import agreement as measured
from study_server import counting, quality, scores
from study_server.erasure import erase_person
from study_server.screening import Limits
from study_server.served import Served

from .conftest import Clock, Visitor, said
from .test_assignment import judge, judge_all, newcomer


def answer(item: int, annotator: int, mos: bool, repeat: int = 0, check: str | None = None) -> dict:
    return {
        "generator": "g",
        "method": "m",
        "direction": item,
        "annotator": str(annotator),
        "mos": int(mos),
        "repeat": repeat,
        "seconds": 5.0,
        "check": check,
        "simulated": False,
    }


def pairwise_alpha(rows: list[list[bool]]) -> float:
    """Krippendorff's alpha from its definition: disagreement within units over that overall."""
    pooled = [v for row in rows for v in row]
    within = sum(
        sum(a != b for a, b in permutations(row, 2)) / (len(row) - 1) for row in rows
    ) / len(pooled)
    overall = sum(a != b for a, b in permutations(pooled, 2)) / (len(pooled) * (len(pooled) - 1))
    return 1 - within / overall


def alpha(answers: list[dict], out: Collection[str] = ()) -> Estimate | Undefined:
    """What the staff see where those of `out` do not count."""
    people = [
        SimpleNamespace(public_id=name, counts=name not in out)
        for name in {one["annotator"] for one in answers}
    ]
    return scores.agreement(pd.DataFrame(answers), people)


@pytest.mark.parametrize("seed", range(4))
def test_alpha_is_that_of_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    quality_of = rng.random(20)
    rows = [list(map(bool, rng.random(rng.integers(2, 5)) < q)) for q in quality_of]
    answers = [answer(n, a, v) for n, row in enumerate(rows) for a, v in enumerate(row)]
    noise = [answer(99, 0, True, check="good"), answer(0, 0, False, 1), answer(25, 1, True)]
    # checks, repeats and singles do not count
    found = alpha(answers + noise)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(pairwise_alpha(rows))
    assert found == measured(pd.DataFrame(answers), "mos").alpha  # what the analysis says
    robot = [answer(n, 9, n % 2 == 0) for n in range(20)]
    assert alpha(answers + robot, out=["9"]) == found != alpha(answers + robot)


def test_alpha_is_undefined_on_unanimous_or_thin_data() -> None:
    same = [answer(n, a, True) for n in range(5) for a in range(3)]
    assert alpha(same) == ALL_THE_SAME
    mixed = [answer(n, a, a == n) for n in range(7) for a in range(3)]
    thin = "alpha needs 8 directions with two answers, here are 7"
    assert alpha(mixed) == Undefined(thin)
    nothing = Undefined("none of the directions has two answers")
    assert alpha([one for one in mixed if one["annotator"] == "0"]) == nothing
    assert alpha(mixed, out=["1", "2"]) == nothing


def test_perfect_agreement_is_one() -> None:
    answers = [answer(n, a, n % 2 == 0) for n in range(10) for a in range(3)]
    found = alpha(answers)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(1)


def test_a_single_repeat_flags_nobody(served: Served, clock: Clock) -> None:
    """Nor does a single check: the staff see what the analysis would do, which waits for more."""
    judge_all(served, newcomer(served))  # yes to everything, at three seconds each
    position, turn = 0, 0
    sloppy = newcomer(served)
    while position is not None:
        turn += 1
        position = judge(served, sloppy, position, said(turn % 2 == 0, False)).position
    counted = quality.answers(served)
    people = quality.persons(served, counted)
    expected = served.bundle.task.expected
    assert scores.checks_passed(counted, people, expected) == (1 + 1, 4)
    assert scores.repeats_alike(counted, people)[1] == 2
    for person in people:
        assert person.screening.check_share == 0.5
        assert "1 repeats are fewer than 4" in str(person.screening.repeat_share)
        assert person.flags == ()


def test_flags_follow_the_limits_of_this_study(served: Served) -> None:
    judge_all(served, newcomer(served))  # at three seconds each
    patient = Limits(min_median_seconds=3.5)
    settings = replace(served.bundle.settings, screening=patient)
    strict = replace(served, bundle=replace(served.bundle, settings=settings))
    for study, flags in ((served, ()), (strict, ("median_seconds",))):
        (person,) = quality.persons(study, quality.answers(study))
        assert person.flags == flags


def test_who_has_answered_nothing_has_no_figures(served: Served) -> None:
    newcomer(served)
    (person,) = quality.persons(served, quality.answers(served))
    assert person.screening is None
    assert person.flags == ()


def test_coverage_counts_people_alone(served: Served) -> None:
    judge_all(served, newcomer(served, simulated="careful"))
    assert sum(row.judged for row in quality.coverage(served)) == 0
    assert sum(row.judged for row in quality.coverage(served, simulated=True)) == 6


def test_dropouts_are_those_who_fell_silent(served: Served, clock: Clock) -> None:
    newcomer(served)
    assert funnel(served) == {"judging": 1, "silent": 0}
    clock.now += 31 * 60
    assert funnel(served)["silent"] == 1


def funnel(study: Served) -> dict[str, int]:
    return quality.funnel(quality.persons(study, quality.answers(study)))


def test_who_does_not_count_is_in_no_figure_and_told_by_stage(
    app: Flask, served: Served, staff: Visitor
) -> None:
    """Of three people who finished one is left out by the staff, and one withdrew."""
    for number in (newcomer(served) for _ in range(3)):
        judge_all(served, number)
    one, gone, _ = (person.public_id for person in quality.persons(served, quality.answers(served)))
    counting.exclude(served, one, "asleep")
    counting.exclude(served, gone, "asleep")
    erase_person(served, gone, "asked by mail")
    counted = quality.answers(served)
    people = quality.persons(served, counted)
    assert scores.checks_passed(counted, people, served.bundle.task.expected) == (1, 2)
    assert scores.repeats_alike(counted, people) == (1, 1)
    assert quality.funnel(quality.not_counted(people)) == {"finished": 1, "silent": 0}
    page = " ".join(staff.get("/admin/").text.split())
    assert "<dt>Checks passed</dt><dd>1 of 2</dd>" in page
    assert '<td>Finished, 1 of them not counted</td><td class="number">2</td>' in page
    assert '<td>Withdrew; erased</td><td class="number">1</td>' in page
    assert "Imported" not in page


def test_scores_have_wilson_s_interval_and_leave_out_who_does_not_count() -> None:
    from types import SimpleNamespace

    from statsmodels.stats.proportion import proportion_confint

    rows = [answer(0, a, mos=a < 3) for a in range(5)] + [answer(1, 0, mos=True)]
    rows += [answer(1, 0, mos=False, repeat=1), answer(9, 0, mos=True, check="good")]
    people = [SimpleNamespace(public_id=str(a), counts=a != 4) for a in range(5)]
    found = scores.scores(pd.DataFrame(rows), people)  # type: ignore[arg-type]  # all it reads
    assert set(found) == {(("g", "m", 0),), (("g", "m", 1),)}
    one = found[(("g", "m", 0),)]
    assert (one.n, one.mean) == (4, 0.75)
    assert one.interval == pytest.approx(proportion_confint(3, 4, method="wilson"))
    assert found[(("g", "m", 1),)].interval[1] == 1
    assert scores.scores(pd.DataFrame(), []) == {}
    wide = [answer(0, a, mos=a - 4) for a in range(3)]  # as a task of two directions may score
    assert scores.scores(pd.DataFrame(wide), people)[(("g", "m", 0),)].mean == -3  # type: ignore[arg-type]
    for n in range(1, 9):
        widths = [np.subtract(*scores.likely_share(k / n, n)) for k in range(n + 1)]
        assert scores.widest(n) == pytest.approx(-min(widths))
