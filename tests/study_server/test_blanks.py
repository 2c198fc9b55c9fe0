"""A consent with places left to fill in is said to be unready, wherever people could be let in."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from study_server import commands
from study_server.blanks import blanks, unready
from study_server.bundle import load_bundle
from study_server.sentences import LANGUAGES
from study_server.settings_file import read_settings
from study_server.shipped import write_settings


def test_the_shipped_consent_asks_for_what_an_ethics_vote_asks(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    write_settings(path)
    left = blanks(read_settings(path))
    assert set(left) == set(LANGUAGES)
    assert {len(places) for places in left.values()} == {9}  # the same are asked in every language
    names = " ".join(left["en"])
    for asked in ("institution", "age", "pay", "how long", "deleted", "ethics committee", "person"):
        assert asked in f"{names} {read_settings(path).consent['en']}"
    for asked in ("institution", "age", "pay", "how long the answers are kept", "pictures show"):
        assert asked in names
    with pytest.raises(BenchError, match=r"study\.toml exists already"):
        write_settings(path)
    with pytest.raises(BenchError, match="cannot be written: No such file"):
        write_settings(tmp_path / "none" / "study.toml")


def test_places_are_named_by_language_and_only_of_those_offered(bundle) -> None:
    consent = {"en": "By [[institution:\n yours]], for [[pay]].", "zh": "[[机构]]"}
    settings = replace(bundle.settings, consent=consent)
    assert blanks(settings) == {"en": ("institution", "pay"), "zh": ("机构",)}
    assert unready(settings).endswith("brackets]], institution, pay (en; also in zh)")
    assert blanks(replace(settings, languages=("en",))) == {"en": ("institution", "pay")}
    assert unready(replace(settings, consent={"en": "A list [1], [ ] and {[x]}."})) == ""


def test_status_says_so(bundle) -> None:
    assert commands.status(bundle.folder)["consent"] == "nothing is left to fill in"
    path = bundle.folder / "study.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('en = "', 'en = "[[age: 18]] '), "utf-8")
    assert unready(load_bundle(bundle.folder).settings).endswith(", age (en)")
    assert "NOT READY" in commands.status(bundle.folder)["consent"]
