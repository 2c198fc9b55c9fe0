"""Who took part, who was left out and why, and how long it took: the numbers that a paper gives."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from benchmark.core.judgments import first_showings
from benchmark.study.answers import Material
from study_server.decisions import left_out
from study_server.erasure import WITHDRAWN
from study_server.people import IMPORTED
from study_server.screening import Screening
from study_server.sentences import name_of

AGREED = ("consented", "instructed", "judging", "finished", "failed")  # stages after the consent
STOPPED = ("consented", "instructed", "judging")
KNOWN = {"invited", "declined", WITHDRAWN, *AGREED}


@dataclass(frozen=True)
class Spread:
    """The median of some numbers, and the quartiles beside it."""

    low: float
    median: float
    high: float

    def say(self, unit: str, digits: int) -> str:
        """It in words."""
        low, median, high = (f"{x:.{digits}f}" for x in (self.low, self.median, self.high))
        return f"a median of {median} {unit} (quartiles {low} and {high})"


@dataclass(frozen=True)
class Participants:
    """Numbers of people, or of simulated annotators.

    came: all who have an invitation or opened the link, or are imported; invited: those of them who
    had a link of their own, opened: who came by the open link, imported: of whom only answers were
    imported, none of which agreed or finished as far as is known. agreed: to take part; declined:
    the consent. failed: the quiz. stopped: agreed, but have not finished. withdrawn: had their
    answers erased. unanswered: neither agreed nor declined. others: by stage, those in a stage that
    none of these counts. contributed: judged a direction, so contributed = by_rules + by_staff +
    counted. by_rules: left out by the rules; broken: by rule, who broke it. by_staff: left out by
    the staff alone; reasons: theirs. counted: whose answers the analysis takes. languages: of
    those, by name. minutes: of those who finished, from consent to end; seconds: of the counted
    judgments. days: of the first and the last of them.
    """

    came: int
    invited: int
    opened: int
    imported: int
    agreed: int
    declined: int
    failed: int
    stopped: int
    finished: int
    withdrawn: int
    unanswered: int
    others: Mapping[str, int]
    contributed: int
    by_rules: int
    broken: Mapping[str, int]
    by_staff: int
    reasons: tuple[str, ...]
    counted: int
    languages: Mapping[str, int]
    minutes: Spread | None
    seconds: Spread | None
    days: tuple[date, date] | None


def participants(
    everyone: Material, kept: Material, outcome: Sequence[Screening]
) -> Participants | None:
    """The numbers; None where the material does not say who took part.

    everyone, kept: the material with everybody, and without those who are left out; outcome: what
    the rules say.
    """
    people = everyone.people
    if people is None:
        return None
    stages, sources = Counter(people["stage"]), Counter(people["source"])
    here = people[people["source"] != IMPORTED]  # of the others a stage says nothing
    agreed = here["stage"].isin(AGREED) | here["consented_at"].notna()
    judged = {one.annotator for one in outcome if one.ratings}
    ruled = {one.annotator for one in outcome if one.excluded} & judged
    decided = left_out(everyone.decisions)
    staff = (decided.keys() & judged) - ruled
    rated = first_showings(kept.judgments)
    counted = people["annotator"].isin(judged - ruled - staff)
    days = rated["created_at"].dt.date if "created_at" in rated else pd.Series(dtype=object)
    return Participants(
        came=len(people),
        invited=sources["invite"],
        opened=sources["open"],
        imported=sources[IMPORTED],
        agreed=int(agreed.sum()),
        declined=stages["declined"],
        failed=stages["failed"],
        stopped=sum(stages[stage] for stage in STOPPED),
        finished=int((here["stage"] == "finished").sum()),
        withdrawn=stages[WITHDRAWN],
        unanswered=stages["invited"],
        others={stage: n for stage, n in sorted(stages.items()) if stage not in KNOWN},
        contributed=len(judged),
        by_rules=len(ruled),
        broken=_broken(outcome, ruled),
        by_staff=len(staff),
        reasons=tuple(sorted({decided[name].reason for name in staff})),
        counted=len(judged - ruled - staff),
        languages={
            name_of(code) if code else "unknown": n
            for code, n in Counter(people.loc[counted, "language"]).most_common()
        },
        minutes=_spread(people.loc[people["stage"] == "finished", "minutes"]),
        seconds=_spread(rated["seconds"]),
        days=(days.min(), days.max()) if len(days) else None,
    )


def imported_alone(found: Participants) -> str:
    """How many are known from imported answers alone, in a sentence; "" where nobody is."""
    if not found.imported:
        return ""
    return (
        f"The answers of {found.imported} were imported: how they came, whether they finished, and "
        "who took part beside them until then is not known."
    )


def answered_on(found: Participants) -> str:
    """On which days, in a sentence; "" where nobody's answers count."""
    if not found.days:
        return ""
    first, last = found.days
    when = f"on {first}" if first == last else f"from {first} to {last}"
    return f"The answers were given {when}."


def taken(found: Participants) -> str:
    """How long those who finished took, in a sentence; "" where nobody did."""
    if not found.minutes:
        return ""
    return (
        f"Those who finished took {found.minutes.say('minutes', 0)} from the consent to the last "
        "page, pauses among them."
    )


def paced(found: Participants) -> str:
    """How long a judgment took, in a sentence; "" where there is none."""
    return f"A judgment took {found.seconds.say('seconds', 1)}." if found.seconds else ""


def _broken(outcome: Sequence[Screening], ruled: Collection[str]) -> dict[str, int]:
    """By rule, how many of those whom the rules leave out break it; one may break several."""
    counts = Counter(rule for one in outcome if one.annotator in ruled for rule in one.failed)
    return dict(sorted(counts.items()))


def _spread(values: "pd.Series[float]") -> Spread | None:
    known = values.dropna().astype(float)
    if known.empty:
        return None
    low, median, high = known.quantile([0.25, 0.5, 0.75])
    return Spread(float(low), float(median), float(high))
