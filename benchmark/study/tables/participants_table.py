"""The table of participants: how many came, agreed, finished and were left out."""

from benchmark.study.participants import Participants, answered_on, imported_alone, paced, taken
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate

COLUMNS = {
    "step": Column("What the people did, or what was decided about them.", "text"),
    "people": Column("How many.", "count"),
    "why": Column(
        "The rules that were broken, and by how many: one person may break several; or the reasons "
        "that the staff gave.",
        "text",
    ),
}


def participants_table(found: Participants, simulated: bool) -> Table:
    """One row per step, from the first visit to the analysis."""
    broken = ", ".join(f"{rule}: {n}" for rule, n in found.broken.items())
    steps = {
        "invited by a link of their own": found.invited,
        "came by the open link": found.opened,
        **({"known from imported answers alone": found.imported} if found.imported else {}),
        "neither agreed nor declined": found.unanswered,
        "declined to take part": found.declined,
        "agreed to take part": found.agreed,
        "failed the quiz": found.failed,
        "stopped before the end": found.stopped,
        "finished": found.finished,
        "withdrew, with all that they said": found.withdrawn,
        **found.others,
        "judged a direction": found.contributed,
        "left out by the rules": found.by_rules,
        "left out by the staff": found.by_staff,
        "analysed": found.counted,
        **{f"of them reading {name}": n for name, n in found.languages.items()},
    }
    why = {"left out by the rules": broken, "left out by the staff": "; ".join(found.reasons)}
    rows = [{"step": step, "people": n, "why": why.get(step, "")} for step, n in steps.items()]
    said = (imported_alone(found), answered_on(found), taken(found), paced(found))
    notes = [sentence for sentence in said if sentence]
    return tabulate(
        "participants", "Who took part", COLUMNS, rows, ["step"], notes, simulated=simulated
    )
