"""Agreement, flags and coverage, against an independent computation and known cases."""

from itertools import permutations

import numpy as np
import pytest

from study_server import quality
from study_server.bundle import Source
from study_server.models import Judgment
from study_server.recording import Answer
from study_server.served import Served

from .conftest import Clock
from .test_assignment import judge, judge_all, newcomer

SOURCES = {f"i{n}": Source("g", "m", n, "") for n in range(30)} | {"c": Source("g", "m", 0, "good")}


def answer(item: str, annotator: int, mos: bool, repeat: int = 0) -> Judgment:
    return Judgment(
        item_id=item, annotator_id=annotator, consistent=True, single=mos, repeat=repeat
    )


def pairwise_alpha(rows: list[list[bool]]) -> float:
    """Krippendorff's alpha from its definition: disagreement within units over that overall."""
    pooled = [v for row in rows for v in row]
    within = sum(
        sum(a != b for a, b in permutations(row, 2)) / (len(row) - 1) for row in rows
    ) / len(pooled)
    overall = sum(a != b for a, b in permutations(pooled, 2)) / (len(pooled) * (len(pooled) - 1))
    return 1 - within / overall


@pytest.mark.parametrize("seed", range(4))
def test_alpha_is_that_of_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    quality_of = rng.random(20)
    rows = [list(map(bool, rng.random(rng.integers(2, 5)) < q)) for q in quality_of]
    answers = [answer(f"i{n}", a, v) for n, row in enumerate(rows) for a, v in enumerate(row)]
    noise = [answer("c", 0, True), answer("i0", 0, False, repeat=1), answer("i25", 1, True)]
    found = quality.agreement(answers + noise, SOURCES)  # checks, repeats and singles do not count
    assert found.alpha == pytest.approx(pairwise_alpha(rows))
    assert found.low < found.alpha < found.high


def test_alpha_is_undefined_on_unanimous_or_thin_data() -> None:
    same = [answer(f"i{n}", a, True) for n in range(5) for a in range(3)]
    assert quality.agreement(same, SOURCES).reason == "all answers are the same"
    assert quality.agreement(same[:3], SOURCES).alpha is None
    assert quality.agreement([], SOURCES).reason == "fewer than two directions have two ratings"


def test_perfect_agreement_is_one() -> None:
    answers = [answer(f"i{n}", a, n % 2 == 0) for n in range(10) for a in range(3)]
    assert quality.agreement(answers, SOURCES).alpha == pytest.approx(1)


def test_flags_name_what_is_wrong(served: Served, clock: Clock) -> None:
    judge_all(served, newcomer(served))  # yes to everything, at three seconds each
    (person,) = quality.persons(served)
    assert person.checks == (1, 2)
    assert person.repeats == (1, 1)
    assert person.flags == ()
    sloppy = newcomer(served)
    position, first = 0, True
    while position is not None:
        position = judge(served, sloppy, position, Answer(first, False)).position
        first = not first
    flags = {p.public_id: p.flags for p in quality.persons(served)}
    assert len(flags) == 2


def test_coverage_counts_people_alone(served: Served) -> None:
    judge_all(served, newcomer(served, simulated="careful"))
    assert sum(row.judged for row in quality.coverage(served)) == 0
    assert sum(row.judged for row in quality.coverage(served, simulated=True)) == 6


def test_dropouts_are_those_who_fell_silent(served: Served, clock: Clock) -> None:
    newcomer(served)
    assert quality.funnel(served) == {"judging": 1, "silent": 0}
    clock.now += 31 * 60
    assert quality.funnel(served)["silent"] == 1
