"""Who took part, as an analysis and a hand-over may know them: under pseudonyms, and without
anything by which a recruiting service knows them.

Every column of the table of annotators is given, with its words, or kept back, with the reason. One
that is neither, as a later version may add it, is kept back as well.
"""

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study_server.models import Annotator, QuizTry

if TYPE_CHECKING:
    import pandas as pd  # slow to import

IMPORTED = "imported"  # a source: of these people no more is known than their answers
GIVEN = {  # by column of the database: its name in the frame, and what it says
    "public_id": ("annotator", "Pseudonym of the person, drawn at random."),
    "source": ("source", "How the person came: invite, open (the open link) or imported."),
    "language": ("language", "The language that the person read, empty before they chose one."),
    "stage": (
        "stage",
        "How far the person came: invited, consented, instructed (at the quiz), judging, finished, "
        "declined (no consent), failed (the quiz) or withdrawn (nothing else of them is left). Of "
        "the imported it is not known and says finished, or withdrawn.",
    ),
    "consent_version": ("consent_version", "The version of the consent that the person agreed to."),
    "consent_sha256": ("consent_sha256", "SHA-256 of the consent page that the person agreed to."),
    "settings_sha256": (
        "settings_sha256",
        "SHA-256 of the study.toml that was served when the person agreed.",
    ),
    "consented_at": ("consented_at", "When the person agreed to take part, UTC, to the minute."),
    "finished_at": (
        "finished_at",
        "When the person had judged all items, UTC, to the minute; of the imported not known.",
    ),
}
KEPT_BACK = {
    "id": "the row's number, which only the database needs",
    "outside": "what a recruiting service passed on about the person",
    "outside_id": "the person's number at a recruiting service",
    "simulated": "people and bots are never in one frame",
    "seed": "decides the order of the person's items, which the answers show",
    "completion_code": "joins the person to a recruiting service's list",
    "created_at": "for the invited, when their link was made, which is not when they came",
    "seen_at": "their last request, which says nothing that answers do not",
    "counts": "what the rules said when the site last asked; the analysis asks anew",
    "waiting_since": "passes when the next item is free",
    "invited_as": "the name that the staff gave the person's link",
    "deadline": "of the person's link, which says nothing of what they did",
}
DERIVED = {
    "quiz_tries": "How often the person took the quiz.",
    "minutes": "Minutes from the consent to the last item, pauses among them; empty for those who "
    "did not finish.",
}
WORDS = dict(GIVEN.values()) | DERIVED  # by column of the frame
TIMES = ("consented_at", "finished_at")


def people_in(db: Session, simulated: bool = False) -> "pd.DataFrame":
    """One row per person, or per bot, in the order in which they came; the columns of WORDS.

    Times are UTC. A text that is not known is "", a time or a number of minutes NaT or NaN.
    """
    import pandas as pd

    columns = [getattr(Annotator, column).label(name) for column, (name, _) in GIVEN.items()]
    tries = (
        select(func.count())
        .where(QuizTry.annotator_id == Annotator.id)
        .scalar_subquery()
        .label("quiz_tries")
    )
    rows = db.execute(
        select(*columns, tries)
        .where((Annotator.simulated != "") == simulated)
        .order_by(Annotator.id)
    ).mappings()
    frame = pd.DataFrame([dict(row) for row in rows], columns=[*WORDS])
    spent = (frame["finished_at"].astype(float) - frame["consented_at"].astype(float)) / 60
    known = {name: frame[name].astype(float).dropna() for name in TIMES}  # as in `export`
    times = {
        name: pd.to_datetime(seconds, unit="s", utc=True).reindex(frame.index).dt.floor("min")
        for name, seconds in known.items()
    }
    return frame.assign(minutes=spent.round(1), **times)
