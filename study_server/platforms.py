"""Recruiting services: what each of them puts into the open link, and how it takes people back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

ENDINGS = ("completed", "no_consent", "screened_out", "full", "closed")
PAID = ("completed", "closed")  # endings after work: all of it, or what the study's end allowed
ANY_NUMBER = "[A-Za-z0-9_-]{1,64}"
PLACE = re.compile(r"\{([^{}]*)\}")
SUBMIT = "/mturk/externalSubmit"
MTURK = ("https://www.mturk.com", "https://workersandbox.mturk.com")  # that take assignments back
FRAMES = ("https://worker.mturk.com", *MTURK)  # whose pages may show the site


@dataclass(frozen=True)
class Platform:
    """A recruiting service; study.toml has its keys under [platform].

    person: the link's parameter that holds a person's number; others: parameters kept beside it.
    number: a regular expression of all of a number. codes: by ending, the code that the service
    knows it by; ends: by ending, the address that leads back there, in which {code}, {number} and
    the names of `others` are filled in. paste: what staff add to the open link; "": the service
    adds its parameters by itself.
    """

    kind: str = ""
    person: str = "PROLIFIC_PID"
    others: tuple[str, ...] = ("STUDY_ID", "SESSION_ID")
    number: str = ANY_NUMBER
    codes: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)
    paste: str = ""

    @property
    def framed(self) -> bool:
        """Whether the service shows the site in a frame of its own pages."""
        return self.kind == "mturk"

    def outside_id(self, outside: Mapping[str, str]) -> str | None:
        """What tells people of services apart in the database; None without a number."""
        return f"{self.person}:{outside[self.person]}" if self.person in outside else None

    def way_back(self, ending: str, code: str, outside: Mapping[str, str]) -> str | None:
        """The address that leads back to the service after this ending; None where study.toml
        names none, or something that belongs into it is not known of this person."""
        values = {**outside, "code": code, "number": outside.get(self.person, "")}
        address = self.ends.get(ending, "")
        if not address or not all(values.get(name) for name in PLACE.findall(address)):
            return None
        return PLACE.sub(lambda place: quote(values[place[1]], safe=""), address)


_PROLIFIC = "&".join(
    f"{name}={{{{%{name}%}}}}" for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
)
ANY = Platform(paste=_PROLIFIC)
KINDS = {
    "prolific": Platform(
        "prolific",
        number="[0-9a-f]{24}",
        ends=dict.fromkeys(ENDINGS, "https://app.prolific.com/submissions/complete?cc={code}"),
        paste=_PROLIFIC,
    ),
    "mturk": Platform("mturk", "workerId", ("assignmentId", "hitId"), "A[0-9A-Z]{5,30}"),
    "cloudresearch": Platform("cloudresearch", "participantId", ("assignmentId", "projectId")),
    "sona": Platform("sona", "id", (), "[1-9][0-9]{1,6}", paste="id=%SURVEY_CODE%"),
    "own": Platform("own", "", ()),
}


NAMES = {
    "prolific": "Prolific",
    "mturk": "MTurk",
    "cloudresearch": "CloudResearch",
    "sona": "SONA",
    "own": "the service",
}


def submit_address(turk: str) -> str | None:
    """Where MTurk takes an assignment back, of its `turkSubmitTo`; None for any other site."""
    origin = turk.strip().rstrip("/")
    return origin + SUBMIT if origin in MTURK else None
