"""A study's own texts are there in all its languages, or it is told before anybody reads them."""

from dataclasses import replace
from pathlib import Path

import pytest

import study_server
from study_server.settings_file import read_settings
from study_server.study_settings import Settings
from study_server.translations import untranslated

SHIPPED = Path(study_server.__file__).parent / "study.toml"


@pytest.fixture(scope="module")
def shipped() -> Settings:
    return read_settings(SHIPPED)


def own(settings: Settings, *languages: str, **texts: str) -> Settings:
    return replace(settings, languages=languages, consent=settings.consent | texts)


def test_nothing_is_amiss_with_what_is_shipped(shipped: Settings) -> None:
    assert untranslated(shipped) == ""
    assert untranslated(replace(shipped, languages=("zh", "en"))) == ""


def test_an_own_text_needs_own_translations(shipped: Settings) -> None:
    said = untranslated(own(shipped, "en", "ar", "de", "fr", en="Mine.", ar="لي"))
    assert said == (
        "consent.en is a text of your own, and consent.de still the suite's: translate it, or "
        "delete it (so of de, fr)"
    )
    assert untranslated(own(shipped, "en", "de", en="Mine.", de="Meins.")) == ""
    assert untranslated(own(shipped, "en", en="Mine.")) == ""
    assert untranslated(own(shipped, "en", "de", de="Meins.")) == ""  # a better translation
    assert "consent.en still the suite's" in untranslated(own(shipped, "de", "en", de="Meins."))


def test_a_language_needs_both_texts(shipped: Settings) -> None:
    titles = {code: text for code, text in shipped.title.items() if code != "ja"}
    said = untranslated(replace(shipped, title=titles))
    assert said == "title has no text in ja: give title.ja, or leave it out of languages"


def test_without_a_line_of_languages_they_are_those_with_both_texts(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    text = "[title]\nfr = 'Quoi'\nen = 'What'\nde = 'Was'\n[consent]\nversion = '1'\n"
    path.write_text(f"{text}en = 'Yes?'\nfr = 'Oui ?'\nja = 'はい'\n", "utf-8")
    assert read_settings(path).languages == ("fr", "en")
