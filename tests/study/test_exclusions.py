"""Who is left out: by the study's own rules, said in the table and in a sentence."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.study.answers import read_material
from benchmark.study.exclusions import screened, screening_table, summary
from study_server import commands, quality
from study_server.screening import RULES, Limits

from .conftest import gather


@pytest.fixture
def hasty(material):
    """The material with one annotator who takes half a second."""
    judgments = material.judgments
    seconds = np.where(judgments["annotator"] == "a03", 0.5, 9.0)
    return gather(judgments.assign(seconds=seconds))


def test_the_hasty_are_left_out_and_named(hasty) -> None:
    kept, outcome = screened(hasty)
    assert set(hasty.judgments["annotator"]) - set(kept.judgments["annotator"]) == {"a03"}
    assert summary(outcome) == (
        "The screening rules leave out 1 of 10 annotators: a03 (median_seconds)."
    )
    table = screening_table(hasty, outcome)
    row = table.frame.set_index("annotator").loc["a03"]
    assert row["excluded"]
    assert row["failed"] == "median_seconds"
    assert row["median_seconds"] == 0.5
    assert any("median_seconds 2 or more" in note for note in table.notes)
    assert hasty.plan in table.notes


def test_the_rules_are_the_study_files(hasty) -> None:
    patient = replace(hasty.settings, screening=Limits(min_median_seconds=0.4))
    _, outcome = screened(replace(hasty, settings=patient))
    assert summary(outcome) == "The screening rules leave out none of 10 annotators."


def test_bots_are_not_asked_for_time(hasty) -> None:
    bots = gather(hasty.judgments.assign(simulated=True), simulated=True)
    kept, outcome = screened(bots)
    assert len(kept.judgments) == len(bots.judgments)
    assert any("No viewing time" in note for note in screening_table(bots, outcome).notes)


def test_where_nobody_is_left_the_rules_are_named(material) -> None:
    everyone = gather(material.judgments.assign(seconds=0.1))
    with pytest.raises(BenchError, match=r"10 of 10 annotators.*median_seconds.*study\.toml"):
        screened(everyone)


def test_the_staff_see_the_figures_and_flags_of_the_analysis(unanswered, tmp_path) -> None:
    """The staff's page and the analysis agree to the last digit on bots of all kinds."""
    study = shutil.copytree(unanswered, tmp_path / "study")
    toml = study / "study.toml"
    strict = toml.read_text("utf-8").replace("min_agreement = 0.0", "min_agreement = 0.3")
    strict = strict.replace("ratings_per_item = 3", "ratings_per_item = 8")  # places for all
    toml.write_text(strict.replace("repeat_share = 0.1", "repeat_share = 0.4"), "utf-8")
    for profile, count in {"careful": 3, "careless": 3, "straight-lining": 2}.items():
        commands.simulate(study, count, profile)
    material = read_material(study, simulated=True)
    _, outcome = screened(material)
    table = screening_table(material, outcome).frame.set_index("annotator")
    assert table["excluded"].any()
    assert not table["excluded"].all()
    with commands.opened(study) as opened:
        people = quality.persons(opened, quality.answers(opened, True), True)
        assert quality.persons(opened, quality.answers(opened)) == []
    assert {person.public_id for person in people} >= set(table.index)
    for person in people:
        if person.screening is None:
            assert person.public_id not in table.index
            continue
        row = table.loc[person.public_id]
        assert ", ".join(person.flags) == row["failed"]
        for name in RULES:
            shown = getattr(person.screening, name)
            assert (None if isinstance(shown, Undefined) else shown) == row[name]
    flagged = commands.status(study, simulated=True)["flagged annotators"]
    assert flagged == str(table["excluded"].sum())
