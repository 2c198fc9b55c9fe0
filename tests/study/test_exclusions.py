"""Who is left out: by the study's own rules, said in the table and in a sentence."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.core.estimates import Estimate, Undefined
from benchmark.core.judgments import first_showings
from benchmark.stats.agreement import agreement as measured
from benchmark.study.analyse import analyse, analyse_study
from benchmark.study.answers import read_material
from benchmark.study.exclusions import screened, screening_table, summary
from benchmark.study.handover.frames import annotators_frame
from benchmark.study.participants import participants
from study_server import commands, quality
from study_server.models import Annotator, Item, Judgment
from study_server.screening import RULES, Limits, described

from .conftest import ROLES, gather


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
    for profile, count in {"careful": 5, "careless": 2, "straight": 1}.items():
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


def test_site_staff_status_and_analysis_count_alike(answered, tmp_path) -> None:
    """Who is left out, by the rules and by the staff, and how many ratings are left."""
    study = shutil.copytree(answered, tmp_path / "study")
    with commands.opened(study) as opened:
        first, second, third = sorted(
            person.public_id for person in quality.persons(opened, quality.answers(opened))
        )
        opened.store.write(
            lambda db: db.execute(
                update(Judgment)
                .where(
                    Judgment.annotator_id
                    == select(Annotator.id).where(Annotator.public_id == first).scalar_subquery()
                )
                .values(seconds=0.8)
            )
        )
    commands.exclude(study, second, "a robot")
    commands.exclude(study, second, "no robot", excluded=False)
    commands.exclude(study, third, "asked to be left out")

    material = read_material(study)
    kept, outcome = screened(material)
    assert set(kept.judgments["annotator"]) == {second}
    ratings = len(first_showings(kept.judgments))
    table = screening_table(material, outcome)
    frame = table.frame.set_index("annotator")
    assert frame["excluded"].to_dict() == {first: True, second: False, third: False}
    assert frame["staff"].to_dict() == {first: "", second: "", third: "asked to be left out"}
    analysis = analyse_study(study)
    for log in (*table.notes, analysis.staff):
        if log.startswith("The staff"):
            assert re.search(f"left out 1: {third} .excluded .* UTC: asked to be left out", log)
            assert re.search(f"took back 1: {second} .excluded .*: a robot; taken back .*: no", log)
            break
    else:
        raise AssertionError("the staff's decisions are in no log")
    sensitivity = analysis.table("sensitivity").frame
    assert list(dict.fromkeys(sensitivity["annotators"])) == ["screened", "by rules", "all"]

    status = commands.status(study)
    assert status["ratings"] == f"{ratings} of 72"
    not_counted = "48 (24 excluded by the staff, 24 too fast (median_seconds))"
    assert status["ratings not counted"] == not_counted
    assert (status["flagged annotators"], status["excluded by the staff"]) == ("1", "1")
    assert isinstance(measured(kept.judgments, "mos").alpha, Undefined)  # one person is left
    assert isinstance(measured(material.judgments, "mos").alpha, Estimate)
    assert status["Krippendorff's alpha"] == "undefined: none of the directions has two answers"
    with commands.opened(study) as opened:
        people = quality.persons(opened, quality.answers(opened))
        assert {person.public_id for person in people if person.counts} == {second}
        with opened.store.read() as db:
            assert sum(db.scalars(select(Item.ratings).where(Item.kind == "direction"))) == ratings
            counts = db.execute(select(Annotator.public_id, Annotator.counts)).all()
        assert dict(tuple(row) for row in counts) == {first: False, second: True, third: False}


def test_staff_and_analysis_tell_the_rules_in_the_same_words(material) -> None:
    rules = described(material.settings.screening)
    assert "repeat_share 0.5 or more (from 4 repeats on)" in rules
    _, outcome = screened(material)
    assert f"The rules in study.toml: {rules}." in screening_table(material, outcome).notes


def test_who_judged_check_items_alone_is_not_among_those_who_contributed(material) -> None:
    extra = material.judgments.iloc[:4].assign(annotator="late", check="still", seconds=0.1)
    _, outcome = screened(gather(pd.concat([material.judgments, extra])))
    assert "late" in {one.annotator for one in outcome if one.excluded}
    assert summary(outcome) == "The screening rules leave out none of 10 annotators."


def test_the_commands_exclude_and_take_back(answered, tmp_path) -> None:
    study = shutil.copytree(answered, tmp_path / "study")
    person = read_material(study).judgments["annotator"].iloc[0]

    def bench(*words: object):
        return CliRunner().invoke(main, ["study", *map(str, words)])

    assert "Missing option '--reason'" in bench("exclude", study, person).output
    assert bench("exclude", study, person, "--reason", " ").exit_code == 2
    assert bench("exclude", study, "nobody", "--reason", "x").exit_code == 2
    done = bench("exclude", study, person, "--reason", "a robot")
    assert done.exit_code == 0, done.output
    assert "take-back" in done.output
    assert person not in set(screened(read_material(study))[0].judgments["annotator"])
    assert bench("take-back", study, person, "--reason", "no robot").exit_code == 0
    assert person in set(screened(read_material(study))[0].judgments["annotator"])


def test_decisions_about_who_never_judged_are_told_but_none_about_who_withdrew(
    answered, tmp_path
) -> None:
    study = shutil.copytree(answered, tmp_path / "study")
    commands.invite(study, 1)
    commands.simulate(study, 1)
    gone, other, _, absent = read_material(study).people["annotator"]
    bot = read_material(study, simulated=True).people["annotator"].iloc[0]
    for name in (gone, other, absent, bot):
        commands.exclude(study, name, f"about {name}")
    commands.erase(study, gone, "asked by mail")
    material = read_material(study)
    assert {one.annotator for one in material.decisions} == {other, absent}
    kept, outcome = screened(material)
    frame = annotators_frame(material, outcome).set_index("annotator")
    reasons = frame["staff_reason"]
    assert reasons[[other, absent]].tolist() == [f"about {other}", f"about {absent}"]
    assert reasons[gone] == ""
    assert not frame.loc[absent, "counted"]
    found = participants(material, kept, outcome)
    assert (found.contributed, found.by_staff, found.counted) == (2, 1, 1)


def test_the_analysis_and_the_export_say_how_many_withdrew(answered, tmp_path) -> None:
    study = shutil.copytree(answered, tmp_path / "study")
    before = read_material(study)
    person = before.judgments["annotator"].iloc[0]
    assert str(before.withdrawn) == "Nobody withdrew."

    def bench(*words: object):
        return CliRunner().invoke(main, ["study", *map(str, words)])

    assert "Missing option '--reason'" in bench("erase", study, person).output
    assert bench("erase", study, "nobody", "--reason", "x").exit_code == 2
    done = bench("erase", study, person, "--reason", "asked by mail")
    assert done.exit_code == 0, done.output
    assert "backups and exports made before still hold them" in done.output
    after = read_material(study)
    assert person not in set(after.judgments["annotator"])
    erased = int((before.judgments["annotator"] == person).sum())
    assert (after.withdrawn.people, after.withdrawn.staff) == (1, 1)
    assert after.withdrawn.answers >= erased > 0
    analysis = analyse(after, roles=ROLES)
    assert str(after.withdrawn) in analysis.table("screening").notes
    assert analysis.staff.endswith(str(after.withdrawn))
    shown = bench("export", study, "--out", tmp_path / "x.csv").output
    assert str(after.withdrawn) in shown
    assert person not in (tmp_path / "x.csv").read_text()
    assert bench("codes", study, "--out", tmp_path / "codes.csv").output.count("1 withdrawn") == 1
