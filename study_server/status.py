"""The state of a study, as a command line prints it."""

from benchmark.core.estimates import Estimate, Interval
from study_server import erasure, quality, scores
from study_server.blanks import unready
from study_server.served import Served, state_of
from study_server.watching import look


def status_of(study: Served, simulated: bool) -> dict[str, str]:
    """Names and values: of people, or of simulated annotators."""
    counted = quality.answers(study, simulated)
    people = quality.persons(study, counted, simulated)
    full = quality.filling(study, quality.coverage(study, simulated, people), people)
    with study.store.read() as db:
        state, gone = state_of(db), erasure.withdrawals(db, simulated)
    agreement = scores.agreement(counted, people)
    looked = look(study.bundle, counted, {one.public_id for one in people if one.counts})
    stages = quality.funnel(people)
    alpha = str(agreement)
    if isinstance(agreement, Estimate) and isinstance(agreement.interval, Interval):
        ends = agreement.interval
        alpha = f"{agreement.value:.2f} [{ends.low:.2f}, {ends.high:.2f}]"
    return {
        "annotators": "simulated" if simulated else "people",
        "state": state,
        "consent": unready(study.bundle.settings) or "nothing is left to fill in",
        "ratings": f"{full.ratings} of {full.wanted}",
        "ratings not counted": full.not_counted,
        "places open again": str(full.reopened),
        f"{study.bundle.task.units} complete": f"{full.complete} of {full.directions}",
        "contributors": str(full.contributors),
        "annotators by stage": ", ".join(f"{n} {stage}" for stage, n in sorted(stages.items()) if n)
        or "none",
        "flagged annotators": str(sum(bool(person.flags) for person in people)),
        "withdrew": str(gone.people),
        "excluded by the staff": str(
            sum(one.decision is not None and one.stage != erasure.WITHDRAWN for one in people)
        ),
        "Krippendorff's alpha": alpha,
        "stopping rule": f"{looked.fixed}; {looked}" if looked.rule.fixed else "none",
    }
