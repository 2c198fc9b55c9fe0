"""The table of participants: how many came, agreed, finished and were left out."""

from benchmark.study.participants import Participants
from benchmark.tables.table import Column, Table
from benchmark.tables.tabulate import tabulate

COLUMNS = {
    "step": Column("What the people did, or what was decided about them.", "text"),
    "people": Column("How many.", "count"),
    "why": Column("The rules that were broken; one person may break several.", "text"),
}


def participants_table(found: Participants, simulated: bool) -> Table:
    """One row per step, from the first visit to the analysis."""
    broken = ", ".join(f"{rule}: {n}" for rule, n in found.broken.items())
    steps = {
        "invited, or came by the open link": found.came,
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
    }
    rows = [
        {"step": step, "people": n, "why": broken if step == "left out by the rules" else ""}
        for step, n in steps.items()
    ]
    return tabulate("participants", "Who took part", COLUMNS, rows, ["step"], simulated=simulated)
