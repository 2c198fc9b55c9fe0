"""The designer's settings of a study: `study.toml`, read into a frozen dataclass."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.core.reading import decoded, parse_toml
from study_server.screening import Limits

LANGUAGES = ("en", "zh")
CATEGORY = re.compile(r"[^\W_][\w -]{0,39}")
PLANNED = (
    "method",
    "categories",
    "ratings_per_item",
    "items_per_annotator",
    "repeat_share",
    "good_checks",
    "still_checks",
)


@dataclass(frozen=True)
class Settings:
    """title, consent: texts by language. ratings_per_item: people who judge each direction.

    items_per_annotator: directions one person sees, without the hidden repeats (repeat_share of
    them) and the checks (good_checks, still_checks). lease_minutes: how long, at most, a shown item
    stays reserved; sign_minutes: after the last sign that somebody looks at it. least_seconds: from
    showing an item to its answer. max_annotators: how many people may take part, and
    max_per_address through the open link from one address in a day; 0: any number. pause_every:
    judgments between two suggestions to rest. completion_code: one code for all, or "" for one code
    for each person. method: the method under test, "" for all that are not baselines. sha256: of
    the file.
    """

    title: dict[str, str]
    consent: dict[str, str]
    consent_version: str
    version: int = 1
    languages: tuple[str, ...] = LANGUAGES
    categories: tuple[str, ...] = ("geometry", "colour", "texture")
    ratings_per_item: int = 5
    items_per_annotator: int = 40
    repeat_share: float = 0.1
    good_checks: int = 2
    still_checks: int = 2
    lease_minutes: float = 30.0
    sign_minutes: float = 3.0
    least_seconds: float = 0.7
    max_annotators: int = 0
    max_per_address: int = 20
    pause_every: int = 20
    quiz_tries: int = 2
    open_link: bool = True
    completion_code: str = ""
    contact: str = ""
    method: str = ""
    screening: Limits = field(default_factory=Limits)
    sha256: str = ""

    def text(self, texts: dict[str, str], language: str) -> str:
        """The text in `language`, else in the study's first language."""
        return texts.get(language) or texts[self.languages[0]]

    @property
    def plan(self) -> dict[str, Any]:
        """The plan fixed before the first answer: who judges what, and how it is analysed."""
        return {name: getattr(self, name) for name in PLANNED} | asdict(self.screening)

    @property
    def plan_sha256(self) -> str:
        return hashlib.sha256(json.dumps(self.plan, sort_keys=True).encode()).hexdigest()


def read_settings(path: Path) -> Settings:
    """Read `study.toml`. Raises BenchError that names the first wrong setting."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise BenchError(f"there is no {path}; is {path.parent} a whole study folder?") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}") from error
    table = parse_toml(decoded(raw, path), path)
    consent = table.pop("consent", {})
    screening = table.pop("screening", {})
    _check_types(path, "", table, Settings)
    _check_types(path, "screening.", screening, Limits)
    if not isinstance(consent, dict) or not all(isinstance(v, str) for v in consent.values()):
        raise BenchError(f"{path}: consent must hold a version and one text for each language")
    table = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    version = consent.pop("version", "")
    try:
        settings = Settings(
            **table,
            consent=consent,
            consent_version=version,
            screening=Limits(**screening),
            sha256=hashlib.sha256(raw).hexdigest(),
        )
    except TypeError as error:
        raise BenchError(f"{path}: {error}") from None
    _check_sense(path, settings)
    return settings


def _check_types(path: Path, prefix: str, table: Any, kind: type) -> None:
    if not isinstance(table, dict):
        raise BenchError(f"{path}: {prefix.rstrip('.')} must be a table")
    known: dict[str, Any] = {f.name: f.type for f in fields(kind)} | {
        "title": dict,
        "screening": dict,
    }
    for key, value in table.items():
        if key not in known or key in ("sha256", "consent_version"):
            raise BenchError(f"{path}: unknown setting {prefix}{key}")
        good = {
            int: isinstance(value, int) and not isinstance(value, bool),
            float: isinstance(value, int | float)
            and not isinstance(value, bool)
            and isfinite(value),
            bool: isinstance(value, bool),
            str: isinstance(value, str),
            dict: isinstance(value, dict) and all(isinstance(v, str) for v in value.values()),
        }.get(known[key], isinstance(value, list) and all(isinstance(v, str) for v in value))
        if not good:
            raise BenchError(f"{path}: {prefix}{key} has a value of the wrong kind: {value!r}")


def _check_sense(path: Path, s: Settings) -> None:
    unknown = set(s.languages) - set(LANGUAGES)
    rules = s.screening
    shares = (
        s.repeat_share,
        rules.min_checks_passed,
        rules.min_repeat_agreement,
        rules.max_same_answers,
    )
    checks = {
        f"languages are {', '.join(LANGUAGES)}": bool(s.languages) and not unknown,
        "title needs a text in the first language": bool(s.title.get(s.languages[0])),
        "consent needs a text in the first language": bool(s.consent.get(s.languages[0])),
        "consent.version must not be empty": bool(s.consent_version),
        "1 to 8 different categories of 1 to 40 letters": 1 <= len(s.categories) <= 8
        and len(set(s.categories)) == len(s.categories)
        and all(CATEGORY.fullmatch(c) and c != "other" for c in s.categories),
        "shares lie between 0 and 1": all(0 <= share <= 1 for share in shares),
        "screening.min_agreement lies between -1 and 1": -1 <= rules.min_agreement <= 1,
        "counts are 1 or more": min(
            s.ratings_per_item, s.items_per_annotator, s.quiz_tries, s.pause_every
        )
        >= 1,
        "numbers of checks are 0 or more": min(s.good_checks, s.still_checks) >= 0,
        "lease_minutes is more than 0": s.lease_minutes > 0,
        "sign_minutes is more than 0": s.sign_minutes > 0,
        "least_seconds lies between 0 and 10": 0 <= s.least_seconds <= 10,
        "max_annotators and max_per_address are 0 (no cap) or more": min(
            s.max_annotators, s.max_per_address
        )
        >= 0,
    }
    for rule, holds in checks.items():
        if not holds:
            raise BenchError(f"{path}: {rule}")
