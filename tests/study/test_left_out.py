"""Who is left out is in no number: an analysis reads as if their answers had never been given."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmark.study.analyse import Analysis, analyse
from benchmark.study.answers import Material
from benchmark.study.exclusions import screened
from benchmark.study.participants import participants
from study_server.decisions import Decision
from study_server.people import WORDS
from study_server.tasks import Pairs, Rating
from study_server.tasks.task import Summary
from tests.stats.test_wins import simulate_pairs

from .conftest import CLEAR, drawn, gather, known_accuracies

HASTY, ASLEEP = "a03", "a04"  # left out by the rules, and by the staff
TELLS = {"participants", "screening", "sensitivity"}  # tables of who is left out, and what it does


def answered(judgments: pd.DataFrame, **others) -> Material:
    """The material of these judgments, each page shown twice. One annotator hastens, says the
    opposite of the others, and something else at the second showing; the staff leave out one more.
    Both came on other days.
    """
    hasty, asleep = (judgments["annotator"] == name for name in (HASTY, ASLEEP))
    mos = judgments["mos"].where(~hasty, 1 - judgments["mos"])
    days = np.select([hasty, asleep], ["2026-04-01", "2026-06-01"], "2026-05-01")
    first = judgments.assign(
        mos=mos,
        seconds=np.select([hasty, asleep], [0.5, 60.0], 9.0),
        created_at=pd.to_datetime(days, utc=True),
    )
    again = first.assign(repeat=1, mos=mos.where(~hasty, 1 - mos))
    shown_twice = pd.concat([first, again], ignore_index=True)
    names = sorted(set(judgments["annotator"]))
    people = pd.DataFrame(columns=list(WORDS), index=range(len(names)))
    people = people.assign(annotator=names, stage="finished", language="en", source="open")
    return gather(
        shown_twice, people=people, decisions=(Decision(ASLEEP, True, "asleep", 1.8e9),), **others
    )


class Ratings(Rating):
    def tables(self, judgments: pd.DataFrame) -> list[Summary]:
        rows = [{"answers": len(judgments)}]
        return [Summary("own", "A task's own table", {"answers": "How many."}, rows, [])]


def ratings() -> Material:
    judgments = drawn(generators=2, directions=12, annotators=10)
    settings = gather(judgments).settings
    shifts = judgments["annotator"].map({HASTY: "haste", ASLEEP: "sleep"}).fillna("size")
    named = judgments.assign(label=shifts.where(judgments["mos"] == 1))
    return answered(named, accuracies=known_accuracies(judgments), task=Ratings(settings))


def pairs() -> Material:
    levels = {method: population.level for method, population in CLEAR.items()}
    judgments = simulate_pairs(np.random.default_rng(0), levels, 6, ratings=9, generators=2)
    names = {f"a{i}": f"a{i:02d}" for i in range(9)}
    judgments = judgments.assign(annotator=judgments["annotator"].map(names))
    task = Pairs(gather(judgments).settings)
    material = answered(judgments, task=task)
    which = material.judgments["mos"].map({1.0: "a", 0.0: "b", 0.5: "none"})
    rated = judgments.drop_duplicates(["generator", "method", "direction"])
    return replace(
        material,
        judgments=material.judgments.assign(which=which),
        rated=rated.assign(mos=np.linspace(0, 1, len(rated))),
    )


def tables(analysis: Analysis) -> dict[str, tuple[pd.DataFrame, list[str]]]:
    return {t.name: (t.frame, list(t.notes)) for t in analysis.tables if t.name not in TELLS}


@pytest.mark.parametrize("study", [ratings, pairs])
def test_an_analysis_reads_as_if_they_had_never_answered(study) -> None:
    everyone = study()
    kept, outcome = screened(everyone)
    gone = set(everyone.judgments["annotator"]) - set(kept.judgments["annotator"])
    assert gone == {HASTY, ASLEEP}
    assert [one.annotator for one in outcome if one.excluded] == [HASTY]
    never = replace(everyone.without(gone), decisions=())
    found, expected = analyse(everyone), analyse(never)

    assert tables(found).keys() == tables(expected).keys() >= {"agreement"}
    for name, (frame, notes) in tables(found).items():
        assert len(frame), name
        pd.testing.assert_frame_equal(frame, tables(expected)[name][0], check_exact=True)
        assert notes == tables(expected)[name][1], name
    pd.testing.assert_frame_equal(found.directions, expected.directions, check_exact=True)
    assert found.order == expected.order

    first = kept.judgments[kept.judgments["repeat"] == 0]
    assert f" {len(first):,} ratings of " in found.methods
    _, material, _, *results = found.methods.split("\n\n")
    assert [material, *results] == [expected.methods.split("\n\n")[i] for i in (1, 3, 4, 5)]


def test_nor_are_their_days_and_their_haste() -> None:
    everyone = ratings()
    found = participants(everyone, *screened(everyone))
    assert {str(day) for day in found.days} == {"2026-05-01"}
    assert found.seconds.low == found.seconds.high == 9
