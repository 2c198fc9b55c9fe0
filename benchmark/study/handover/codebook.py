"""What each column of a handed-over file means: its type, its values and words for it.

The columns come from the schema (the table of annotators, the questions of the task, the export),
so a new one is in the data before it is here; `codebook` then raises, and a test fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from study_server import people
from study_server.screening import RULES
from study_server.tasks.question import Question
from study_server.tasks.task import Task

Type = Literal["text", "whole number", "number", "true or false", "time"]

FLAG = "true, false"
UTC = "2026-05-01 12:00:00+00:00, UTC"
CHECKS = "good (everybody should call it clear), still (does not move), empty (under study)"
STAGES = "invited, consented, instructed, judging, finished, declined, failed, withdrawn"


@dataclass(frozen=True)
class Variable:
    """One column. takes: its values or their range, in words; unit: "" where it has none."""

    name: str
    type: Type
    words: str
    takes: str = ""
    unit: str = ""


def _people(name: str, type: Type, takes: str = "", unit: str = "") -> Variable:
    return Variable(name, type, people.WORDS[name], takes, unit)


OF_PEOPLE = (
    _people("annotator", "text"),
    _people("source", "text", "invite, open, imported"),
    _people("language", "text", "code of the language, such as en"),
    _people("stage", "text", STAGES),
    _people("consent_version", "text"),
    _people("consent_sha256", "text", "64 hexadecimal digits"),
    _people("settings_sha256", "text", "64 hexadecimal digits"),
    _people("consented_at", "time", UTC),
    _people("finished_at", "time", UTC),
    _people("quiz_tries", "whole number", "0 or more"),
    _people("minutes", "number", "0 or more", "min"),
)
OF_SCREENING = (
    Variable("judgments", "whole number", "How many pages the person judged.", "0 or more"),
    Variable(
        "ratings",
        "whole number",
        "How many of them show a direction under study, at its first showing.",
        "0 or more",
    ),
    *(
        Variable(
            name,
            "number",
            f"{rule.words} Empty where there is too little to go by.",
            "0 or more"
            if name == "median_seconds"
            else "-1 to 1"
            if name == "agreement"
            else "0 to 1",
            "s" if name == "median_seconds" else "",
        )
        for name, rule in RULES.items()
    ),
    Variable(
        "counted",
        "true or false",
        "Whether the analysis takes the person's answers; false for those who gave none.",
        FLAG,
    ),
    Variable(
        "rules_broken",
        "text",
        "The screening rules for which the person is left out; empty where they are met.",
        ", ".join(RULES),
    ),
    Variable(
        "staff_reason", "text", "Why the staff left the person out; empty where they did not."
    ),
)
OF_JUDGMENTS = (
    Variable("generator", "text", "The frozen network whose latent space is searched."),
    Variable("method", "text", "The method that the direction comes from."),
    Variable("direction", "whole number", "The direction's number within its method.", "0 or more"),
    Variable("generator_2", "text", "The generator of the second direction on the page."),
    Variable("method_2", "text", "The method of the second direction on the page."),
    Variable(
        "direction_2",
        "whole number",
        "The number of the second direction on the page.",
        "0 or more",
    ),
    Variable(
        "mos",
        "number",
        "The answer's score: 1 where the person found the direction consistent and of a single "
        "factor, else 0. Its mean over people is the direction's mean opinion score.",
        "0, 1",
    ),
    Variable(
        "repeat",
        "whole number",
        "0 at the first showing, 1 at the hidden second one. Only first showings are analysed.",
        "0, 1",
    ),
    Variable(
        "revision",
        "whole number",
        "0 for the first answer; a corrected one has the next number. The latest counts.",
        "0 or more",
    ),
    Variable("seconds", "number", "Time from showing the page to the answer.", "0 or more", "s"),
    Variable("check", "text", "The kind of check item.", CHECKS),
    Variable("simulated", "true or false", "Whether a bot gave the answer.", FLAG),
    Variable("created_at", "time", "When the answer was stored.", UTC),
    Variable("study", "text", "The study's id.", "16 hexadecimal digits"),
    Variable("excluded", "text", "Why the staff left the person out; empty where they did not."),
    Variable("excluded_at", "time", "When the staff did so.", UTC),
)
OF_DIRECTIONS = (
    Variable(
        "role",
        "text",
        "Whether the analysis puts the method to the test or compares others with it; empty where "
        "it does neither.",
        "method, baseline",
    ),
    Variable("seed", "whole number", "The seed of the run from which the direction comes."),
    Variable(
        "config_hash", "text", "Hash of the settings of that run, which with the seed name it."
    ),
    Variable(
        "directions_sha256", "text", "SHA-256 of the file of directions.", "64 hexadecimal digits"
    ),
    Variable(
        "rca",
        "number",
        "Reconstructor classification accuracy of the direction, by a reconstructor trained from "
        "scratch; empty where the study does not know it.",
        "0 to 1",
    ),
    Variable("rca_pairs", "whole number", "How many held-out pairs of images it rests on."),
    Variable(
        "rows", "whole number", "How many rows of images a page shows, each of a latent vector."
    ),
    Variable("columns", "whole number", "How many images stand side by side in a row."),
    Variable("lowest_shift", "number", "The shift at the left end of a row."),
    Variable("highest_shift", "number", "The shift at the right end of a row."),
)
OF_ITEMS = (
    Variable("item", "text", "The page's opaque id, the name of its folder in materials/strips."),
    Variable("place", "whole number", "The direction's place on the page.", "1, 2"),
)
KNOWN: Mapping[str, Variable] = {
    variable.name: variable
    for variable in (*OF_PEOPLE, *OF_SCREENING, *OF_JUDGMENTS, *OF_DIRECTIONS, *OF_ITEMS)
}


def codebook(tables: Mapping[str, pd.DataFrame], task: Task) -> dict[str, dict[str, Variable]]:
    """By table and column, what the column means. Raises ValueError where one has no words.

    A name means the same in all tables.
    """
    known = dict(KNOWN)
    if task.score_name not in known:
        known[task.score_name] = Variable(task.score_name, "number", "What the answer is worth.")
    known |= {question.name: _of_question(question) for question in task.questions}
    found: dict[str, dict[str, Variable]] = {}
    for table, frame in tables.items():
        unknown = [str(name) for name in frame if name not in known]
        if unknown:
            raise ValueError(f"the codebook has no words for {', '.join(unknown)} of {table}")
        found[table] = {str(name): known[str(name)] for name in frame}
    return found


def as_frame(book: Mapping[str, Mapping[str, Variable]]) -> pd.DataFrame:
    """One row per table and column: table, column, type, values, unit, words."""
    rows = [
        {
            "table": table,
            "column": name,
            "type": variable.type,
            "values": variable.takes,
            "unit": variable.unit,
            "words": variable.words,
        }
        for table, variables in book.items()
        for name, variable in variables.items()
    ]
    return pd.DataFrame(rows)


def variables_of(book: Mapping[str, Mapping[str, Variable]]) -> list[Variable]:
    """Each variable once, in the order of the tables."""
    return list({v.name: v for variables in book.values() for v in variables.values()}.values())


def _of_question(question: Question) -> Variable:
    asked = question.say("en", "ask").rstrip(".")
    asked += "" if asked.endswith("?") else "."
    if question.asked_if:
        conditions = (f"{name} = {_said(value)}" for name, value in question.asked_if.items())
        asked += f" Asked only where {' and '.join(conditions)}."
    if question.kind == "yes_no":
        return Variable(question.name, "true or false", asked, "true (yes), false (no)")
    choices = [*question.choices, *(["words of one's own"] if question.other else [])]
    return Variable(question.name, "text", asked, ", ".join(choices))


def _said(value: bool | str) -> str:
    return str(value).lower() if isinstance(value, bool) else value
