"""Who took part: the numbers add up, and the paragraph says them."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.study.analyse import analyse
from benchmark.study.answers import Material, read_material
from benchmark.study.exclusions import screened
from benchmark.study.participants import Spread, participants
from study_server.decisions import Decision
from study_server.erasure import Withdrawals
from study_server.people import WORDS

from .conftest import drawn, gather


def attended() -> Material:
    """Ten people judged: one in haste, one left out by the staff, one both; six others came."""
    judgments = drawn(generators=1, directions=12, annotators=10)
    seconds = np.where(judgments["annotator"].isin(["a03", "a05"]), 0.5, 9.0)
    days = np.where(judgments["annotator"] == "a00", "2026-05-01 23:59", "2026-05-03 08:00")
    judgments = judgments.assign(seconds=seconds, created_at=pd.to_datetime(days, utc=True))
    stages = ["finished"] * 9 + ["judging"] + ["invited"] * 2 + ["declined", "failed", "abducted"]
    people = pd.DataFrame(columns=list(WORDS), index=range(16))
    names = [*sorted(set(judgments["annotator"])), *(f"b{i}" for i in range(6))]
    people = people.assign(annotator=names, stage=[*stages, "withdrawn"], language="en")
    people["source"] = np.where(people["stage"] == "invited", "invite", "open")
    people.loc[people["annotator"].isin(["a00", "a03"]), "language"] = "zh"
    # Who withdrew after the end is none of those who finished, though their times stay.
    people["minutes"] = [10.0, 20.0, 30.0, *[20.0] * 5, 30.0, *[np.nan] * 6, 500.0]
    people.loc[people["stage"] == "withdrawn", "consented_at"] = pd.Timestamp(
        "2026-05-01", tz="UTC"
    )
    decisions = tuple(Decision(name, True, "asleep", 1.8e9) for name in ("a04", "a05"))
    return replace(
        gather(judgments), people=people, decisions=decisions, withdrawn=Withdrawals(2, answers=30)
    )


def test_the_numbers_add_up() -> None:
    everyone = attended()
    kept, outcome = screened(everyone)
    found = participants(everyone, kept, outcome)
    assert (found.came, found.invited, found.agreed, found.declined) == (16, 2, 12, 1)
    assert (found.failed, found.stopped, found.finished) == (1, 1, 9)
    assert (found.withdrawn, found.others) == (1, {"abducted": 1})
    assert (found.contributed, found.by_rules, found.by_staff, found.counted) == (10, 2, 1, 7)
    assert found.broken == {"median_seconds": 2}
    assert found.languages == {"English": 6, "中文": 1}
    assert found.minutes == Spread(20.0, 20.0, 20.0)  # of nine
    assert found.seconds == Spread(9.0, 9.0, 9.0)
    assert found.days == (date(2026, 5, 1), date(2026, 5, 3))


def test_table_and_paragraph_say_them() -> None:
    analysis = analyse(attended())
    frame = analysis.table("participants").frame.set_index("step")
    assert frame.loc["analysed", "people"] == 7
    assert frame.loc["came by the open link", "people"] == 14
    assert frame.loc["neither agreed nor declined", "people"] == 2
    assert frame.loc["of them reading 中文", "people"] == 1
    assert frame.loc["left out by the staff", "why"] == "asleep"
    notes = analysis.table("participants").notes
    assert "A judgment took a median of 9.0 seconds (quartiles 9.0 and 9.0)." in notes
    assert any("median of 20 minutes" in note for note in notes)
    assert "The answers were given from 2026-05-01 to 2026-05-03." in notes
    assert frame.loc["withdrew, with all that they said", "people"] == 1
    assert frame.loc["left out by the rules", "why"] == "median_seconds: 2"
    for said in (
        "2 people were invited by links of their own and 14 came by an open link; 12 agreed to "
        "take part, 1 declined and 2 did neither.",
        "1 failed a quiz about the task (2 tries).",
        "9 finished, 1 stopped before the end, and 10 judged at least one direction.",
        "1 stood at the stage 'abducted'.",
        "The answers were given from 2026-05-01 to 2026-05-03.",
        "took a median of 20 minutes (quartiles 20 and 20)",
        "A judgment took a median of 9.0 seconds (quartiles 9.0 and 9.0).",
        "Languages of those who were analysed: English 6, 中文 1.",
        "left out 2 of 10 who had judged a direction (median_seconds 2).",
        "The staff left out 1 more.",
        "2 withdrew, 0 of them after the end, 0 of them by the staff: their 30 judgments are",
        "7 were analysed.",
        "(only after yes to 1 and yes to 2)",
        "adjusted by Holm over 2 comparisons",
        "The plan is the plan.",
    ):
        assert said in analysis.methods, said
    assert not re.search(r"\b(nan|none|nat)\b", analysis.methods.casefold())


def test_one_check_is_one_page() -> None:
    said = analyse(replace(attended(), checks={"good": 1, "still": 2})).methods
    assert "1 page that everybody should call clear and 2 pages without any change" in said


def test_no_more_pages_are_told_than_the_study_has() -> None:
    few, many = attended(), analyse(replace(attended(), shown=500)).methods
    assert few.shown < few.settings.items_per_annotator == 40
    assert f"was to judge up to {few.shown} pages" in analyse(few).methods
    assert "was to judge up to 40 pages" in many


def test_no_more_checks_are_told_than_the_study_has(answered: Path) -> None:
    """A study of one generator has one page without any change, whatever study.toml asks for."""
    material = read_material(answered)
    assert material.settings.still_checks == 2
    seen = material.judgments.dropna(subset=["check"]).groupby(["annotator", "check"]).size()
    assert seen.groupby("check").unique().to_dict() == {"good": [2], "still": [1]}
    said = "2 pages that everybody should call clear and 1 page without any change."
    assert said in analyse(material).methods


def test_without_people_there_is_neither() -> None:
    analysis = analyse(replace(attended(), people=None))
    assert analysis.methods == ""
    assert "participants" not in {table.name for table in analysis.tables}
