"""`study.toml`, read into `Settings`: every key checked, the wrong one named."""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, fields
from datetime import date
from math import inf, isfinite
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError, unknown
from benchmark.core.reading import decoded, parse_toml
from study_server.platform_file import read_platform
from study_server.screening import Limits
from study_server.sentences import LANGUAGES
from study_server.stopping_rule import StoppingRule
from study_server.study_settings import Settings

CATEGORY = re.compile(r"[^\W_][\w -]{0,39}")
TABLES = ("title", "consent", "screening", "stopping", "platform")
NO_KEYS = (*TABLES, "consent_version", "retention", "sha256")  # are no keys above all tables
WANTED = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
NAMED = ("required", "optional", "off")
COUNT, ANY_COUNT, SHARE = (1, inf), (0, inf), (0, 1)
RANGES = {
    "ratings_per_item": COUNT,
    "items_per_annotator": COUNT,
    "quiz_tries": COUNT,
    "pause_every": COUNT,
    "good_checks": ANY_COUNT,
    "still_checks": ANY_COUNT,
    "max_annotators": ANY_COUNT,
    "max_per_address": ANY_COUNT,
    "least_screen": (0, 2000),
    "least_seconds": (0, 10),
    "repeat_share": SHARE,
    "screening.min_checks_passed": SHARE,
    "screening.min_repeat_agreement": SHARE,
    "screening.max_same_answers": SHARE,
    "screening.min_median_seconds": ANY_COUNT,
    "screening.min_agreement": (-1, 1),
    "stopping.width": (0, 2),
    "stopping.people": ANY_COUNT,
}


def read_settings(path: Path) -> Settings:
    """Read `study.toml`. Raises BenchError that names the first wrong setting."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise BenchError(f"there is no {path}; is {path.parent} a whole study folder?") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}") from error
    table = {name: {} for name in TABLES} | parse_toml(decoded(raw, path), path)
    title, consent, screening, stopping, platform = (table.pop(name) for name in TABLES)
    _check_types(path, "", table, Settings)
    _check_types(path, "screening.", screening, Limits)
    _check_types(path, "stopping.", stopping, StoppingRule)
    _check_texts(path, "title", title, LANGUAGES)
    retention = _day(path, consent.pop("retention", "")) if isinstance(consent, dict) else ""
    _check_texts(path, "consent", consent, ("version", "retention", *LANGUAGES))
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    plain.setdefault("languages", _spoken(title, consent))
    settings = Settings(
        **plain,
        title=title,
        consent={key: text for key, text in consent.items() if key != "version"},
        consent_version=consent.get("version", ""),
        screening=Limits(**screening),
        stopping=StoppingRule(**stopping),
        retention=retention,
        platform=read_platform(platform, path),
        sha256=hashlib.sha256(raw).hexdigest(),
    )
    _check_sense(path, settings)
    return settings


def check_retention(settings: Settings, path: Path, today: date) -> None:
    """Raise BenchError where a study that is yet to be built would drop every number at once."""
    if settings.retention and date.fromisoformat(settings.retention) <= today:
        raise BenchError(
            f"{path}: consent.retention is {settings.retention}, and no day to come: the numbers "
            "of recruiting services would be dropped before anybody is paid"
        )


def check_method(settings: Settings, methods: Iterable[str], path: Path) -> None:
    """Raises BenchError where the method under test is none of those that the study shows."""
    if settings.method and settings.method not in set(methods):
        raise BenchError(f"{path}: method: {unknown('method', settings.method, set(methods))}")


def _check_types(path: Path, prefix: str, table: Any, kind: type) -> None:
    if not isinstance(table, dict):
        raise BenchError(f"{path}: {prefix.rstrip('.')} must be a table")
    known: dict[str, Any] = {f.name: f.type for f in fields(kind) if f.name not in NO_KEYS}
    for key, value in table.items():
        if key not in known:
            raise BenchError(f"{path}: {_unknown(prefix, key, known)}")
        good = {
            int: isinstance(value, int) and not isinstance(value, bool),
            float: isinstance(value, int | float)
            and not isinstance(value, bool)
            and isfinite(value),
            bool: isinstance(value, bool),
            str: isinstance(value, str),
        }.get(known[key], isinstance(value, list) and all(isinstance(v, str) for v in value))
        if not good:
            wanted = WANTED.get(known[key], "a list of texts")
            raise BenchError(
                f"{path}: {prefix}{key} has a value of the wrong kind: {value!r}; give {wanted}"
            )


def _day(path: Path, value: object) -> str:
    """A day as TOML or a text gives it, in ISO form; "" for none."""
    if value == "":
        return ""
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value)
        if type(value) is date:  # and no moment of one
            return value.isoformat()
    except ValueError:
        pass
    raise BenchError(f"{path}: consent.retention is a day such as 2030-12-31; it is {value}")


def _spoken(title: Collection[str], consent: Collection[str]) -> tuple[str, ...]:
    """The languages in which there are both; English where there are none, which is then told."""
    return tuple(name for name in title if name in consent) or ("en",)


def _check_texts(path: Path, name: str, texts: Any, known: Collection[str]) -> None:
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise BenchError(f"{path}: {name} must be a table of texts: {', '.join(known)}")
    for key in texts:
        if key not in known:
            raise BenchError(f"{path}: {_unknown(f'{name}.', key, known)}")


def _unknown(prefix: str, key: str, known: Iterable[str]) -> BenchError:
    """The error for an unknown key, with the nearest known ones, or the table where it belongs."""
    homes = {"screening.": Limits, "stopping.": StoppingRule}
    home = next((at for at, kind in homes.items() if key in {f.name for f in fields(kind)}), "")
    belongs = home or key in {f.name for f in fields(Settings)}
    if belongs and home != prefix:
        where = f"below [{home[:-1]}]" if home else "above all tables"
        return BenchError(f"{prefix}{key} belongs {where}")
    names = [f"{prefix}{name}" for name in known]
    return unknown("setting", f"{prefix}{key}", names if prefix else [*names, *TABLES])


def _check_sense(path: Path, s: Settings) -> None:
    """Raises BenchError that names the first setting whose value makes no sense."""
    offered = ", ".join(LANGUAGES)
    if strange := [language for language in s.languages if language not in LANGUAGES]:
        raise BenchError(
            f"{path}: languages: the site does not speak '{strange[0]}'; it speaks {offered}"
        )
    fair = 1 <= len(s.categories) <= 8 and len(set(s.categories)) == len(s.categories)
    rules = {
        f"version is 1; it is {s.version}": s.version == 1,
        f"languages are {offered}: one at least, each once": bool(s.languages)
        and len(set(s.languages)) == len(s.languages),
        "title needs a text in the first language": bool(s.title.get(s.first_language)),
        "consent needs a text in the first language": bool(s.consent.get(s.first_language)),
        "consent.version must not be empty": bool(s.consent_version),
        "categories: 1 to 8 different categories of 1 to 40 letters, none of them 'other'": fair
        and all(CATEGORY.fullmatch(c) and c != "other" for c in s.categories),
        "completion_code or platform.codes.completed: give one of them": not (
            s.completion_code and s.platform.codes.get("completed")
        ),
        f"lease_minutes is more than 0; it is {s.lease_minutes}": s.lease_minutes > 0,
        f"sign_minutes is more than 0; it is {s.sign_minutes}": s.sign_minutes > 0,
    }
    if s.name not in NAMED:
        raise BenchError(f"{path}: {unknown('value of name', s.name, NAMED)}")
    values = asdict(s)
    for table in ("screening", "stopping"):
        values |= {f"{table}.{key}": value for key, value in values[table].items()}
    for name, (least, most) in RANGES.items():
        bounds = f"is {least} or more" if most == inf else f"lies between {least} and {most}"
        rules[f"{name} {bounds}; it is {values[name]}"] = least <= values[name] <= most
    for rule, holds in rules.items():
        if not holds:
            raise BenchError(f"{path}: {rule}")
