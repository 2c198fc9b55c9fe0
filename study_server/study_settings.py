"""The designer's settings of a study, as a frozen dataclass; `settings_file` reads them."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from study_server.platforms import ANY, Platform
from study_server.screening import Limits
from study_server.stopping_rule import StoppingRule

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
    max_per_address through the open link from one address in a day; 0: any number. least_screen:
    the narrowest window in which one may begin, in CSS pixels; 0: any. pause_every: judgments
    between two suggestions to rest. name: whether a change that is clear must be given a name
    (required), may be (optional), or is asked for none (off). number_opens: whether an outside
    number alone, in any browser, opens the answers of the person who has it. completion_code: one
    code for all, or "" for one code for each person. platform: the recruiting service. method: the
    method under test, "" for all that are not baselines. retention: the day (ISO, UTC) on which
    outside numbers are dropped, "" for never. sha256: of the file.
    """

    title: dict[str, str]
    consent: dict[str, str]
    consent_version: str
    version: int = 1
    languages: tuple[str, ...] = ("en",)
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
    least_screen: int = 0
    pause_every: int = 20
    quiz_tries: int = 2
    name: str = "optional"
    open_link: bool = True
    number_opens: bool = False
    completion_code: str = ""
    contact: str = ""
    method: str = ""
    screening: Limits = field(default_factory=Limits)
    stopping: StoppingRule = field(default_factory=StoppingRule)
    platform: Platform = ANY
    retention: str = ""
    sha256: str = ""

    def text(self, texts: dict[str, str], language: str) -> str:
        """The text in `language`, else in the study's first language."""
        return texts.get(language) or texts[self.first_language]

    @property
    def first_language(self) -> str:
        """The default one; "" where there is none, which no checked settings have."""
        return next(iter(self.languages), "")

    @property
    def plan(self) -> dict[str, Any]:
        """The plan fixed before the first answer: who judges what, and how it is analysed."""
        plan = {name: getattr(self, name) for name in PLANNED} | asdict(self.screening)
        if self.name != "optional":  # plans of before there was a choice keep their hash
            plan["name"] = self.name
        if self.stopping.fixed:  # plans of before there was a rule keep their hash
            plan |= {f"stopping_{name}": value for name, value in asdict(self.stopping).items()}
        return plan

    @property
    def plan_sha256(self) -> str:
        return hashlib.sha256(json.dumps(self.plan, sort_keys=True).encode()).hexdigest()
