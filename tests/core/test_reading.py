"""Text files with marks, encodings, line ends and dates of other programs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from benchmark.core.reading import (
    DEPTH,
    moment,
    parse_json,
    parse_toml,
    read_exactly,
    read_json,
    read_text,
    read_toml,
)

TEXT = "Stra\u00dfe\n\u65cb\u8f6c \U0001f642\n"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xff\xfe\x00\x00", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be"),
    ],
)
def test_a_byte_order_mark_says_the_encoding_and_is_no_text(
    tmp_path: Path, mark: bytes, encoding: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(mark + TEXT.encode(encoding))
    assert read_text(path) == TEXT
    path.write_bytes(mark + '{"a": "\u00df"}'.encode(encoding))
    assert read_json(path) == {"a": "\u00df"}
    path.write_bytes(mark + 'a = "\u00df"\r\n'.encode(encoding))
    assert read_toml(path) == {"a": "\u00df"}


@pytest.mark.parametrize(
    "content",
    [
        "zoom\nStra\u00dfe".encode("latin-1"),
        "\u65cb\u8f6c".encode("gb18030"),
        "zoom".encode("utf-16-le"),  # without its mark
        b"\xff\xfe\x00",  # cut short
        b"PK\x03\x04\x00\x00",
    ],
)
def test_another_encoding_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    for read in (read_text, read_json, read_toml):
        with pytest.raises(BenchError, match=r"file is no.*; save it as UTF-8$") as caught:
            read(tmp_path / "file")
        assert "\n" not in str(caught.value)


def test_line_ends_are_one_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a\r\nb\rc\n\xe2\x80\xa8d")  # U+2028 ends no line
    assert read_text(tmp_path / "file") == "a\nb\nc\n\u2028d"
    assert read_exactly(tmp_path / "file") == "a\r\nb\rc\n\u2028d"


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    for read in (read_text, read_json, read_toml):
        with pytest.raises(BenchError, match="there is no"):
            read(tmp_path / "absent")
        with pytest.raises(BenchError, match="is a folder"):
            read(tmp_path)
    for content in ("{", "", json.dumps([0])[:-1], "[" * 100_000):
        (tmp_path / "file").write_text(content)
        with pytest.raises(BenchError, match=r"file is (no whole JSON|nested too deeply)"):
            read_json(tmp_path / "file")
    (tmp_path / "file").write_text("a = ")
    with pytest.raises(BenchError, match="file is no TOML"):
        read_toml(tmp_path / "file")


@pytest.mark.parametrize("depth", [DEPTH + 1, 300, 900, 5_000, 100_000])
def test_what_is_nested_too_deeply_is_refused_before_anybody_walks_through_it(depth: int) -> None:
    assert parse_json("[" * DEPTH + "]" * DEPTH, "file")[0]
    for text in ("[" * depth + "]" * depth, '{"a":' * depth + "0" + "}" * depth):
        with pytest.raises(BenchError, match=r"^file is nested too deeply$"):
            parse_json(text, "file")
    with pytest.raises(BenchError, match=r"^file is nested too deeply$"):
        parse_toml("a = " + "[" * depth + "]" * depth, "file")


NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T12:00:00.123456Z",
        "2026-01-31 12:00:00.123456+00:00",
        "2026-01-31T13:00:00.123456+01:00",
        "2026-01-31T06:30:00.123456-05:30",
        "2026-01-31T12:00:00.123456",  # without a zone: UTC
        NOON,
        NOON.replace(tzinfo=None),
        pd.Timestamp("2026-01-31 13:00:00.123456", tz="Europe/Paris"),
        pd.Timestamp("2026-01-31 12:00:00.123456"),
    ],
)
def test_times_of_any_zone_are_the_same_moment(value: object, monkeypatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    found = moment(value)
    assert found == NOON
    assert found.utcoffset() == NOON.utcoffset()


@pytest.mark.parametrize("value", ["2026-01-31", "yesterday", "", 1769860800, None, pd.NaT])
def test_what_names_no_moment_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them: callers name the answer
        moment(value)
