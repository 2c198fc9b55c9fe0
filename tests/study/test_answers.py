"""What is read of a study: people or bots, never both; own words; and whether the plan changed."""

from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from benchmark.core.judgments import first_showings
from benchmark.study.answers import plan_check, read_material
from study_server import commands
from study_server.bundle import load_bundle
from study_server.tasks import Rating

from .conftest import let_people_judge, prefers_discovered


def test_nobody_bots_alone_and_people(study: Path) -> None:
    with pytest.raises(BenchError, match="nobody has judged a direction"):
        read_material(study)
    with pytest.raises(BenchError, match="no simulated annotator judged"):
        read_material(study, simulated=True)
    commands.simulate(study, 1)
    with pytest.raises(BenchError, match=r"simulated.*--simulated"):
        read_material(study)
    bots = read_material(study, simulated=True)
    assert bots.judgments["simulated"].all()
    let_people_judge(study, prefers_discovered, 1)
    people = read_material(study)
    assert not people.judgments["simulated"].any()
    assert people.judgments["annotator"].nunique() == 1
    assert people.shown == 24
    assert len(people.accuracies) == 24


def test_judgments_without_a_score_are_not_called_none(study: Path, monkeypatch) -> None:
    monkeypatch.setattr(Rating, "score", lambda task, answer: None)
    commands.simulate(study, 1)
    with pytest.raises(BenchError, match=r"none of the 24 judgments of .* has a score"):
        read_material(study, simulated=True)


def test_words_of_their_own_are_other(study: Path, monkeypatch) -> None:
    poetic = {"consistent": "yes", "single": "yes", "category": "other"}
    poetic["category-other"] = "like rain"
    monkeypatch.setattr("study_server.simulate.Bot.answers", lambda bot, item: poetic)
    commands.simulate(study, 1)
    material = read_material(study, simulated=True)
    assert set(material.judgments["category"]) == {"other"}
    assert material.own_words == len(first_showings(material.judgments)) == 24
    assert len(material.judgments) > 24
    assert material.categories == ("geometry", "colour", "texture", "other")


def test_the_plan_is_as_it_was_unless_its_part_of_the_file_changed(study: Path) -> None:
    path = study / "study.toml"
    assert "is the one stored when the study was built" in plan_check(load_bundle(study))
    text = path.read_text("utf-8")
    path.write_text(text.replace('contact = ""', 'contact = "me@example.org"'), "utf-8")
    assert "is the one stored" in plan_check(load_bundle(study))
    path.write_text(text.replace("min_median_seconds = 2.0", "min_median_seconds = 0.5"), "utf-8")
    assert plan_check(load_bundle(study)) == (
        "The analysis plan in study.toml CHANGED since the study was built: "
        "min_median_seconds from 2.0 to 0.5."
    )


def test_a_study_without_a_stored_plan_says_so(study: Path) -> None:
    bundle = load_bundle(study)
    del bundle.hidden["plan"]
    assert "No analysis plan was stored" in plan_check(bundle)
