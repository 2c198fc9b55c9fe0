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


@dataclass(frozen=True)
class Participants:
    """Numbers of people, or of simulated annotators.

    came: all who have an invitation or opened the link; invited: those of them who had a link of
    their own. agreed: to take part; declined: the consent. failed: the quiz. stopped: agreed, but
    have not finished. withdrawn: had their answers erased. others: by stage, those in a stage that
    none of these counts. contributed: judged a direction, so contributed = by_rules + by_staff +
    counted. by_rules: left out by the rules; broken: by rule, who broke it. by_staff: left out by
    the staff alone. counted: whose answers the analysis takes. languages: of those, by name.
    minutes: of those who finished, from consent to end; seconds: of the counted judgments. days: of
    the first and the last of them.
    """

    came: int
    invited: int
    agreed: int
    declined: int
    failed: int
    stopped: int
    finished: int
    withdrawn: int
    others: Mapping[str, int]
    contributed: int
    by_rules: int
    broken: Mapping[str, int]
    by_staff: int
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
    stages = Counter(people["stage"])
    judged = {one.annotator for one in outcome if one.ratings}
    ruled = {one.annotator for one in outcome if one.excluded} & judged
    staff = (left_out(everyone.decisions).keys() & judged) - ruled
    rated = first_showings(kept.judgments)
    counted = people["annotator"].isin(judged - ruled - staff)
    days = rated["created_at"].dt.date if "created_at" in rated else pd.Series(dtype=object)
    return Participants(
        came=len(people),
        invited=int((people["source"] != "open").sum()),
        agreed=int((people["stage"].isin(AGREED) | people["consented_at"].notna()).sum()),
        declined=stages["declined"],
        failed=stages["failed"],
        stopped=sum(stages[stage] for stage in STOPPED),
        finished=stages["finished"],
        withdrawn=stages[WITHDRAWN],
        others={stage: n for stage, n in sorted(stages.items()) if stage not in KNOWN},
        contributed=len(judged),
        by_rules=len(ruled),
        broken=_broken(outcome, ruled),
        by_staff=len(staff),
        counted=len(judged - ruled - staff),
        languages={
            name_of(code) if code else "unknown": n
            for code, n in Counter(people.loc[counted, "language"]).most_common()
        },
        minutes=_spread(people.loc[people["stage"] == "finished", "minutes"]),
        seconds=_spread(rated["seconds"]),
        days=(days.min(), days.max()) if len(days) else None,
    )


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
