"""Every setting of study.toml is checked, and the wrong one named with what would be right."""

import re
from dataclasses import replace
from functools import partial

import pytest

from benchmark.core.errors import BenchError
from study_server import commands
from study_server.bundle import Bundle, load_bundle
from study_server.bundle_writer import write_bundle
from study_server.settings_file import RANGES, read_settings
from study_server.stopping import Stop

from .blobs import strips

OWN = "[platform]\nkind = 'own'\nperson = 'p'\n"
WRONG = [
    ('["en", "zh"]', '["fr"]', "title needs a text in the first language"),
    ("ratings_per_item = 3", "ratings_per_item = 0", "ratings_per_item is 1 or more; it is 0"),
    ("ratings_per_item = 3", 'ratings_per_item = "three"', "wrong kind: 'three'; give a whole"),
    ("ratings_per_item", "rating_per_item", "'rating_per_item'; did you mean ratings_per_item?"),
    ("[title]", "[titel]", "'titel'; did you mean title?"),
    ('version = "3"', 'verson = "3"', "'consent.verson'; did you mean consent.version"),
    ("[title]", "[title]\nxx = 'Quoi ?'", "unknown setting 'title.xx'"),
    ("[title]", "[screening]\nmin_agreemnt = 0\n[title]", "did you mean screening.min_agreement"),
    ("pause_every = 5", "min_agreement = 0", "min_agreement belongs below [screening]"),
    ("[title]", "[screening]\npause_every = 5\n[title]", "belongs above all tables"),
    ("pause_every = 5", "version = 2", "version is 1; it is 2"),
    ("pause_every = 5", "sha256 = 'x'", "unknown setting 'sha256'"),
    ('"texture"', '"geometry"', "categories: 1 to 8 different categories"),
    ('"texture"', '"<b>"', "categories: 1 to 8 different categories"),
    ('["en", "zh"]', '["xx"]', "languages: the site does not speak 'xx'; it speaks en, ar, de"),
    ('["en", "zh"]', "[]", "languages are en, ar, de, es, fr, ja, zh: one at least"),
    ('["en", "zh"]', '["en", "en"]', "each once"),
    ('["en", "zh"]', '"en"', "languages has a value of the wrong kind: 'en'; give a list"),
    ('version = "3"', 'version = ""', "consent.version"),
    ("repeat_share = 0.2", "repeat_share = 1.5", "repeat_share lies between 0 and 1; it is 1.5"),
    ("[title]", "[title", "no TOML"),
    ("repeat_share = 0.2", "repeat_share = nan", "repeat_share has a value"),
    ("lease_minutes = 30", "lease_minutes = inf", "lease_minutes has a value"),
    ("lease_minutes = 30", "lease_minutes = 0", "lease_minutes is more than 0"),
    ("[title]", "[screening]\nmin_median_seconds = -inf\n[title]", "median_seconds has"),
    ("[title]", "[screening]\nmin_agreement = -2\n[title]", "screening.min_agreement lies between"),
    ("pause_every = 5", "method = 'discoverd'", "method 'discoverd'; did you mean discovered"),
    ("[title]", "[platform]\nkind = 'prolfic'\n[title]", "platform.kind 'prolfic'; did you mean p"),
    (
        "[title]",
        "[platform]\nperson = 'x'\n[title]",
        "platform.kind names the service: prolific, mt",
    ),
    ("[title]", "[platform]\nknd = 'own'\n[title]", "'platform.knd'; did you mean platform.kind"),
    ("[title]", "[platform]\nkind = 3\n[title]", "platform.kind has a value of the wrong kind: 3"),
    ("[title]", "[platfrom]\n[title]", "'platfrom'; did you mean platform?"),
    ("[title]", "platform = 'x'\n[title]", "platform must be a table"),
    ("[title]", "[platform]\nkind = 'prolific'\n[title]", "platform.codes.completed is missing"),
    ("[title]", f"{OWN}codes.complete = 'C'\n[title]", "did you mean platform.codes.completed"),
    ("[title]", f"{OWN}codes.full = 'a b'\n[title]", "platform.codes.full: a code is 1 to 64"),
    (
        "[title]",
        f"{OWN}codes.full = 'C'\ncodes.closed = 'C'\n[title]",
        "platform.codes must differ",
    ),
    (
        "[title]",
        f"{OWN}ends.fll = 'https://x.example'\n[title]",
        "did you mean platform.ends.full",
    ),
    ("[title]", f"{OWN}ends.full = 'http://x.example'\n[title]", "begins with https://"),
    ("[title]", f"{OWN}ends.full = 'https://x.example/\"'\n[title]", "begins with https://"),
    (
        "[title]",
        f"{OWN}ends.full = 'https://x.example/{{nmber}}'\n[title]",
        "'{nmber}'; did you mea",
    ),
    (
        "[title]",
        f"{OWN}ends.full = 'https://x.example/{{code}}'\n[title]",
        "give platform.codes.full",
    ),
    ("pause_every = 5", "name = 'optinal'", "value of name 'optinal'; did you mean optional"),
    ("[title]", f"{OWN}number = '('\n[title]", "platform.number is no regular expression"),
    ("[title]", f"{OWN}number = ''\n[title]", "platform.number is empty"),
    (
        "[title]",
        f"{OWN}others = ['p']\n[title]",
        "'p' cannot be a parameter's name, or stands twice",
    ),
    ("[title]", f"{OWN}others = ['code']\n[title]", "'code' cannot be a parameter's name"),
    ("[title]", f"{OWN}others = 'x'\n[title]", "platform.others has a value of the wrong kind"),
    ("[title]", "[platform]\nkind = 'own'\n[title]", "platform.person names the link's parameter"),
    (
        "[title]",
        "[platform]\nkind = 'mturk'\nends.full = 'https://x.example'\n[title]",
        "platform.ends: MTurk takes people back by a form",
    ),
    (
        "pause_every = 5",
        "completion_code = 'A'\nplatform = {kind = 'own', person = 'p', codes.completed = 'B'}",
        "completion_code or platform.codes.completed: give one of them",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG)
def test_wrong_settings_are_named(bundle: Bundle, old: str, new: str, message: str) -> None:
    path = bundle.folder / "study.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(BenchError, match=f"^{re.escape(str(path))}(:| is) .*{re.escape(message)}"):
        load_bundle(bundle.folder)


def test_every_range_is_kept(bundle: Bundle) -> None:
    path = bundle.folder / "study.toml"
    text = path.read_text("utf-8")
    for name, (least, most) in RANGES.items():
        table, _, key = name.rpartition(".")
        lines = re.sub(rf"^{key} = .*$", "", text, flags=re.MULTILINE)
        for value in {least - 1, most + 1} - {float("inf")}:
            if table:
                path.write_text(f"{lines}\n[{table}]\n{key} = {value}\n", "utf-8")
            else:
                path.write_text(f"{key} = {value}\n{lines}", "utf-8")
            with pytest.raises(BenchError, match=rf"{re.escape(name)} (is|lies) .*; it is {value}"):
                read_settings(path)


def test_they_are_checked_at_build_at_status_and_at_serve(bundle: Bundle, tmp_path) -> None:
    """The method under test, which only the directions can tell to be wrong, as well."""
    settings = tmp_path / "mine.toml"
    text = (bundle.folder / "study.toml").read_text("utf-8")
    wrong = text.replace("pause_every = 5", "method = 'discoverd'")
    settings.write_text(wrong, "utf-8")
    with pytest.raises(BenchError, match=r"mine\.toml: .*did you mean discovered"):
        write_bundle(tmp_path / "other", strips(1), settings)
    assert not (tmp_path / "other").exists()
    (bundle.folder / "study.toml").write_text(wrong, "utf-8")
    for command in (commands.status, partial(commands.serve, stop=Stop())):
        with pytest.raises(BenchError, match="did you mean discovered"):
            command(bundle.folder)


def test_a_missing_title_is_named(bundle: Bundle) -> None:
    path = bundle.folder / "study.toml"
    path.write_text("version = 1\n", "utf-8")
    with pytest.raises(BenchError, match="title needs a text in the first language"):
        load_bundle(bundle.folder)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_settings_with_a_byte_order_mark_are_read(bundle: Bundle, encoding: str) -> None:
    path = bundle.folder / "study.toml"
    before, text = load_bundle(bundle.folder).settings, path.read_text("utf-8")
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    after = load_bundle(bundle.folder).settings
    assert replace(after, sha256="") == replace(before, sha256="")
    path.write_bytes(text.encode("gb18030"))
    with pytest.raises(BenchError, match=r"study\.toml is not UTF-8 text.*; save it as UTF-8$"):
        load_bundle(bundle.folder)
