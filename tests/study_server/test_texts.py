"""The catalogues are whole, the same values to fill in in each form, and say what they should."""

import re
from collections import Counter, defaultdict
from gettext import c2py
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from study_server.sentences import (
    LANGUAGES,
    LOCALES,
    PLACEHOLDER,
    Part,
    Plural,
    direction_of,
    name_of,
    texts,
)
from study_server.tasks import TASKS, Question
from study_server.texts import say, with_task

TEMPLATES = Path("study_server/templates")
OTHERS = LANGUAGES[1:]


def read(path: str) -> Catalog:
    with LOCALES.joinpath(path).open("rb") as file:
        return read_po(file, abort_invalid=True)


def translation(language: str) -> Catalog:
    return read(f"{language}/LC_MESSAGES/study.po")


def forms(said: str | tuple[str, ...]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said


def test_languages_go_by_their_own_names() -> None:
    assert LANGUAGES[0] == "en"
    seven = {
        "en": "English",
        "ar": "العربية",
        "de": "Deutsch",
        "es": "Español",
        "fr": "Français",
        "ja": "日本語",
        "zh": "中文",
    }
    assert seven.items() <= {code: name_of(code) for code in LANGUAGES}.items()
    assert [code for code in seven if direction_of(code) == "rtl"] == ["ar"]
    assert name_of("tlh-x!") == "tlh-x!"


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_is_whole(language: str) -> None:
    """Every sentence translated and none doubtful; the same values in every form. The number
    itself may be a word in a form that stands for it alone."""
    english, own = read("study.pot"), translation(language)
    assert [(m.context, m.id) for m in own] == [(m.context, m.id) for m in english]
    assert own.obsolete == {}
    assert str(own.locale) == language
    counts = Counter(c2py(own.plural_expr)(n) for n in range(1000))
    for message in own:
        if not message.id:
            continue
        assert not message.fuzzy, message.context
        many = not isinstance(message.id, str)
        assert len(forms(message.string)) == (own.num_plurals if many else 1), message.context
        english_values = PLACEHOLDER.findall(forms(message.id)[-1])
        for i, text in enumerate(forms(message.string)):
            assert text.strip() == text != "", message.context
            found = PLACEHOLDER.findall(text)
            if many and counts[i] == 1 and english_values[-1] not in found:
                found.append(english_values[-1])
            assert sorted(found) == sorted(english_values), message.context


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_forms_are_those_of_unicode(language: str) -> None:
    """Each form stands for one of CLDR's categories, and each category has one."""
    spoken, text = Locale.parse(language), texts(language)["quiz.tries"]
    assert isinstance(text, Plural)
    found = defaultdict(set)
    for n in (*range(1000), 1_000_000):
        found[spoken.plural_form(n)].add(text.which(n))
    assert sorted(min(one) for one in found.values()) == list(range(len(text.forms)))
    assert all(len(one) == 1 for one in found.values())


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_is_the_english_one(language: str) -> None:
    """But for letters and numbers that are the same everywhere, and words that two share."""
    same = {key for key in texts("en") if texts("en")[key] == texts(language)[key]}
    assert same <= {"item.progress", "pairs.which.a", "pairs.which.b", *SHARED.get(language, ())}


SHARED = {
    "es": {"item.no"},
    "fr": {"consent.time", "item.pictures", "rating.category.texture"},
}


def test_keys_of_the_template_are_told_apart_and_used() -> None:
    keys = [message.context for message in read("study.pot") if message.id]
    assert len(keys) == len(set(keys)) == len(texts("en"))
    named = {
        key
        for path in (Path(__file__).parents[2] / TEMPLATES).rglob("*.html")
        for key in re.findall(r"\bt\(\s*[\"']([\w.]+)[\"']\s*[,)]", path.read_text("utf-8"))
    }
    assert len(named) > 40
    assert named <= set(keys)


STAFF_S = re.compile(r'<p class="notice" role="note">Preview: .*?</p>')  # above a preview


def test_no_template_says_anything_by_itself() -> None:
    """All that participants read comes from the catalogues: templates hold no words, nor do the
    attributes that are read out."""
    found = {}
    for path in (Path(__file__).parents[2] / TEMPLATES).rglob("*.html"):
        if "admin" in path.parts:
            continue
        html = STAFF_S.sub("", path.read_text("utf-8"))
        html = re.sub(r"{% block kind %}.*?{% endblock %}|<kbd.*?</kbd>", "", html)
        html = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", html, flags=re.DOTALL)
        read_out = re.findall(r'(?:alt|title|placeholder|aria-label)="([^"]*)"', html)
        text = " ".join([re.sub(r'[\w-]+="[^"]*"|data-[\w-]+|<[^>]*>', "", html), *read_out])
        if words := re.findall(r"[^\W\d_]{2,}", text):
            found[path.name] = words
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_suggested_one_by_one(language: str) -> None:
    """As many as in English, whatever comma a language has, and each an answer that is taken."""
    label = next(q for q in TASKS["rating"].questions if q.name == "label")
    words = label.suggestions(language)
    assert len(set(words)) == len(words) == len(label.suggestions("en")) == 17
    for word in words:
        label.check(word)
        assert not set(word) & set(",،、，")  # noqa: RUF001


def test_every_lesson_is_explained() -> None:
    for task in TASKS.values():
        for lesson in task.lessons:
            assert f"lesson.{lesson.text}" in task.words["en"]
            assert lesson.role == "quiz" or f"lesson.{lesson.text}.title" in task.words["en"]


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "0 دقيقة"),
        (1, "دقيقة واحدة"),
        (2, "دقيقتين"),
        (3, "3 دقائق"),
        (10, "10 دقائق"),
        (11, "11 دقيقة"),
        (103, "103 دقائق"),
    ],
)
def test_a_number_decides_the_form(n: int, said: str) -> None:
    """Arabic has six forms, of which some say the number in a word."""
    assert say(texts("ar"), "consent.time", minutes=n) == said


def test_the_last_number_decides() -> None:
    for most, noun in ((4, "أسئلة قصيرة"), (14, "سؤالًا قصيرًا")):
        said = say(texts("ar"), "consent.questions.some", least=2, most=most)
        assert said == f"2 إلى {most} {noun}"


def test_english_numbers() -> None:
    assert say(texts("en"), "quiz.tries", tries=1) == "You have 1 try."
    assert say(texts("en"), "quiz.tries", tries=3) == "You have 3 tries."
    assert say(texts("en"), "consent.questions.some", least=2, most=4) == "2 to 4 short questions"


PO = """
msgid ""
msgstr "Language: de\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgctxt "item.yes"
msgid "Yes"
msgstr "Ja"

#, fuzzy
msgctxt "item.no"
msgid "No"
msgstr "Nie"

msgctxt "item.back"
msgid "What it said before"
msgstr "Zurück"

msgctxt "item.send"
msgid "Next"
msgstr ""

msgctxt "quiz.tries"
msgid "You have {tries} try."
msgid_plural "You have {tries} tries."
msgstr[0] "Sie haben {tries} Versuch."
msgstr[1] ""
"""


def test_what_has_no_sure_translation_is_said_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.pot").write_bytes(LOCALES.joinpath("study.pot").read_bytes())
    (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "de" / "LC_MESSAGES" / "study.po").write_text(PO, "utf-8")
    monkeypatch.setattr("study_server.sentences.LOCALES", tmp_path)
    found = texts.__wrapped__("de")
    assert found["item.yes"] == "Ja"
    for key in ("item.no", "item.back", "item.send", "home.title"):
        assert found[key] == texts("en")[key]
    assert say(found, "quiz.tries", tries=1) == "You have 1 try."
    assert say(found, "quiz.tries", tries=2) == "You have 2 tries."


def test_a_part_holds_what_a_task_or_a_question_says() -> None:
    part = Part("rating.consistent")
    assert list(part) == list(LANGUAGES)
    assert part["zh"] == {"ask": texts("zh")["rating.consistent.ask"]}
    assert part.get("xx") is None
    assert Question("consistent", "yes_no", part).say("xx", "ask") == part["en"]["ask"]


def test_a_task_s_words_come_before_the_site_s() -> None:
    assert with_task("zh", {})["item.yes"] == "是"
    own = {"en": {"item.yes": "Aye", "new": "New"}, "zh": {"new": "新"}}
    assert with_task("en", own)["item.yes"] == "Aye"
    assert with_task("zh", own)["item.yes"] == "Aye"  # the site's would speak of another task
    assert with_task("zh", own)["new"] == "新"
    assert with_task("zh", own)["item.no"] == "否"


def test_unknown_keys_fail() -> None:
    with pytest.raises(KeyError):
        say(texts("en"), "nonsense")
