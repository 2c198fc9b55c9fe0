"""The table [platform] of `study.toml`: every key checked, the wrong one named."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError, unknown
from study_server.platforms import ANY, ENDINGS, KINDS, PLACE, Platform

KEYS = ("kind", "person", "others", "number", "codes", "ends")
PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[^\s\"'<>\\]*)?")
TAKEN = ("csrf_token", "code", "number")  # names with a meaning of the site's own


def read_platform(table: Any, path: Path) -> Platform:
    """The service that [platform] describes; any service where it says nothing. Raises BenchError
    that names the first wrong key."""
    try:
        return _read(table) if table else ANY
    except BenchError as error:
        raise BenchError(f"{path}: {error}") from None


def _read(table: Any) -> Platform:
    if not isinstance(table, dict):
        raise BenchError("platform must be a table")
    _check_keys("platform", table, KEYS)
    kind = _text("kind", table.get("kind", ""))
    if not kind:
        raise BenchError(f"platform.kind names the service: {', '.join(KINDS)}")
    if kind not in KINDS:
        raise unknown("platform.kind", kind, KINDS)
    usual = KINDS[kind]
    others = table.get("others", list(usual.others))
    if not isinstance(others, list) or not all(isinstance(name, str) for name in others):
        raise BenchError(f"platform.others has a value of the wrong kind: {others!r}; give a list")
    platform = replace(
        usual,
        person=_text("person", table.get("person", usual.person)),
        others=tuple(others),
        number=_text("number", table.get("number", usual.number)),
        codes=_by_ending("codes", table.get("codes", {})),
        ends={**usual.ends, **_by_ending("ends", table.get("ends", {}))},
    )
    _check_parameters(platform)
    _check_codes(platform)
    for ending, address in platform.ends.items():
        _check_address(platform, ending, address)
    if kind == "mturk" and platform.ends:
        raise BenchError("platform.ends: MTurk takes people back by a form of its own")
    if kind == "prolific" and not platform.codes.get("completed"):
        raise BenchError(
            "platform.codes.completed is missing: Prolific shows the code where the study is set up"
        )
    return platform


def _check_keys(name: str, table: Iterable[str], known: Iterable[str]) -> None:
    known = tuple(known)
    for key in table:
        if key not in known:
            raise unknown("setting", f"{name}.{key}", [f"{name}.{one}" for one in known])


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BenchError(f"platform.{name} has a value of the wrong kind: {value!r}; give a text")
    return value


def _by_ending(name: str, table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        raise BenchError(f"platform.{name} must be a table: {', '.join(ENDINGS)}")
    _check_keys(f"platform.{name}", table, ENDINGS)
    texts = {ending: _text(f"{name}.{ending}", text) for ending, text in table.items()}
    return {ending: text for ending, text in texts.items() if text}


def _check_parameters(platform: Platform) -> None:
    names = (platform.person, *platform.others)
    if not platform.person:
        raise BenchError("platform.person names the link's parameter that holds a person's number")
    for name in names:
        if not PARAMETER.fullmatch(name) or name in TAKEN or names.count(name) > 1:
            raise BenchError(f"platform: '{name}' cannot be a parameter's name, or stands twice")
    if not platform.number:
        raise BenchError(
            "platform.number is empty, which no number is; leave it out for any number"
        )
    try:
        re.compile(platform.number)
    except re.error as error:
        raise BenchError(f"platform.number is no regular expression: {error}") from None


def _check_codes(platform: Platform) -> None:
    codes = platform.codes
    for ending, code in codes.items():
        if not CODE.fullmatch(code):
            raise BenchError(f"platform.codes.{ending}: a code is 1 to 64 letters, digits, - or _")
    if len(set(codes.values())) < len(codes):
        raise BenchError("platform.codes must differ: the service tells endings apart by them")


def _check_address(platform: Platform, ending: str, address: str) -> None:
    name = f"platform.ends.{ending}"
    if not ADDRESS.fullmatch(address):
        raise BenchError(f"{name} is no address that begins with https://: {address!r}")
    known = ("code", "number", *platform.others)
    for place in PLACE.findall(address):
        if place not in known:
            raise unknown(f"place in {name}", f"{{{place}}}", [f"{{{one}}}" for one in known])
    own = platform.kind != "prolific"  # which has a code for each ending that it shall know
    if own and "{code}" in address and ending != "completed" and ending not in platform.codes:
        raise BenchError(f"{name} fills in a code; give platform.codes.{ending}")
