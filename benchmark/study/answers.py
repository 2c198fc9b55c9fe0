"""What an analysis reads of a study: the answers that count, who gave them, plan and RCA."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.judgments import first_showings
from benchmark.study.accuracies import study_accuracies, study_origins
from benchmark.study.rated_elsewhere import NOT_RATED, rated_elsewhere
from study_server.assignment import check_pages
from study_server.bundle import Bundle
from study_server.decisions import Decision, decisions
from study_server.erasure import NOBODY, WITHDRAWN, Withdrawals, withdrawals
from study_server.export import counting, judgments_in
from study_server.opened import looked_at
from study_server.people import people_in
from study_server.raising import Raised, raises
from study_server.served import Served
from study_server.study_settings import Settings
from study_server.tasks.question import OTHER
from study_server.tasks.task import Task

OF_RATINGS = ("category", "label")  # what the rating task asks of those who say yes: its analysis
# (change types, names) knows these columns, which stay empty in a task that does not ask for them


@dataclass(frozen=True)
class Material:
    """judgments: the latest answers, of people alone or of simulated annotators alone, in the
    columns of `benchmark.core.judgments` and one for each question of the task, those of the rating
    task always among them; an answer in somebody's own words is "other". shown: items under study,
    rated or not; checks: how many check pages of each kind, good and still, everybody was given.
    accuracies: generator, method, direction, n, accuracy. plan: whether it changed, a sentence.
    roles: of its methods, as far as the study stores them. origins: the cells whose directions were
    shown. decisions: of the staff, to leave somebody out or take them back, whether they judged or
    not, but for who withdrew; the oldest first. withdrawn: how many had their answers erased, which
    are in no other field. people: of everybody who took part, in the columns of
    `study_server.people`; None where that is not known. revisions: all revisions of all answers, of
    people and bots, as an export has them. planned: ratings of each item when the study was built,
    0 where that is not known; raised: how that changed since. rated: where a page shows two
    directions, what a rating study said of each (`benchmark.study.rated_elsewhere`).
    """

    study: str
    simulated: bool
    judgments: pd.DataFrame
    shown: int
    settings: Settings
    task: Task
    plan: str
    accuracies: pd.DataFrame
    roles: Mapping[str, str]
    origins: Sequence[Mapping[str, Any]] = ()
    decisions: tuple[Decision, ...] = ()
    withdrawn: Withdrawals = NOBODY
    people: pd.DataFrame | None = None
    revisions: pd.DataFrame = field(default_factory=pd.DataFrame)
    rated: pd.DataFrame = field(default_factory=NOT_RATED.copy)
    planned: int = 0
    checks: Mapping[str, int] = field(default_factory=Counter)
    raised: tuple[Raised, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        return (*self.settings.categories, OTHER)

    @property
    def named(self) -> bool:
        """Whether the task asks for the kind of change, as the rating task does."""
        return any(question.name == OF_RATINGS[0] for question in self.task.questions)

    @property
    def questions(self) -> list[str]:
        """The columns of answers that people can agree on: those chosen, and the score `mos`."""
        always = [q.name for q in self.task.always]
        chosen = [q.name for q in self.task.questions if q.kind != "text"]
        return [*always, "mos", *(name for name in chosen if name not in always)]

    @property
    def own_words(self) -> int:
        """How many of the judgments that count name the kind of change in words of one's own."""
        return int((first_showings(self.judgments)[OF_RATINGS[0]] == OTHER).sum())

    @property
    def unanswered(self) -> list[str]:
        """A note on judgments that have no score, which no comparison can use; empty without."""
        first = first_showings(self.judgments)
        missing = int(first["mos"].isna().sum())
        return [f"{missing} of {len(first)} judgments have no score; left out."] if missing else []

    def without(self, annotators: set[str]) -> "Material":
        """The material without the answers of these annotators."""
        kept = self.judgments[~self.judgments["annotator"].isin(annotators)]
        return replace(self, judgments=kept)


def read_material(
    folder: Path,
    run: Path | None = None,
    simulated: bool = False,
    database: str | None = None,
    task: str | None = None,
) -> Material:
    """Read the study in `folder`. Raises BenchError where the wanted annotators said nothing.

    task: `file.py:Class` of a task that is neither built in nor installed.
    """
    with looked_at(folder, database, task) as study:
        return material_of(study, folder, run, simulated)


def material_of(
    study: Served, folder: Path, run: Path | None = None, simulated: bool = False
) -> Material:
    """The same of a study that is open. folder: its own, for messages."""
    bundle = study.bundle
    with study.store.read() as db:
        every, decided = judgments_in(db, bundle), decisions(db)
        people, raised = people_in(db, simulated), raises(db, bundle)
        withdrawn = withdrawals(db, simulated)
    counted = counting(every, bundle.task, simulated)
    first = first_showings(counted)
    if first.empty:
        raise BenchError(_nobody(folder, simulated, bool((every["simulated"] != simulated).any())))
    if first["mos"].isna().all():
        raise BenchError(
            f"none of the {len(first)} judgments of {folder} has a score: the task "
            f"{bundle.task.name} gives None for each, and there is nothing to compare"
        )
    for question in bundle.task.questions:
        if question.other:
            given = counted[question.name]
            known = given.isna() | given.isin(question.choices)
            counted = counted.assign(**{question.name: given.where(known, OTHER)})
    here = set(people.loc[people["stage"] != WITHDRAWN, "annotator"])
    origins = study_origins(bundle.hidden["provenance"])
    provenance = bundle.hidden["provenance"]
    rated = rated_elsewhere(provenance, run) if bundle.task.shows > 1 else NOT_RATED
    unasked = [name for name in OF_RATINGS if name not in counted]
    return Material(
        study=bundle.study,
        simulated=simulated,
        judgments=counted.assign(**dict.fromkeys(unasked)),
        shown=bundle.kinds["direction"],
        checks=check_pages(bundle),
        settings=bundle.settings,
        task=bundle.task,
        plan=plan_check(bundle, raised),
        planned=(bundle.hidden.get("plan") or {}).get("settings", {}).get("ratings_per_item", 0),
        raised=raised,
        accuracies=study_accuracies(bundle.hidden["provenance"], run),
        roles={origin["method"]: origin.get("role", "") for origin in origins},
        origins=origins,
        decisions=tuple(one for one in decided if one.annotator in here),
        withdrawn=withdrawn,
        people=people,
        revisions=every,
        rated=rated,
    )


def plan_check(bundle: Bundle, raised: Sequence[Raised] = ()) -> str:
    """Whether the analysis plan in study.toml is the one stored at build; else what changed, and
    why, as far as anybody said so when more ratings were asked for."""
    stored = bundle.hidden.get("plan")
    if stored is None:
        return "No analysis plan was stored at build, so it may have changed."
    now: dict[str, Any] = json.loads(json.dumps(bundle.settings.plan))
    if bundle.settings.plan_sha256 == stored["sha256"]:
        return (
            "The analysis plan in study.toml is the one stored when the study was built "
            f"(SHA-256 {stored['sha256'][:12]})."
        )
    before = stored["settings"]
    changes = [
        f"{name} from {before.get(name, 'nothing')} to {now.get(name, 'nothing')}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
    what = "; ".join(changes)
    said = f"The analysis plan in study.toml CHANGED since the study was built: {what}."
    return " ".join([said, *(f"Ratings of each item were raised {one}." for one in raised)])


def _nobody(folder: Path, simulated: bool, others: bool) -> str:
    if simulated:
        return (
            f"no simulated annotator judged a direction of {folder}; "
            f"`bench study simulate {folder}` lets some take part"
        )
    if others:
        return (
            f"all answers in {folder} are simulated, and people alone count; "
            "`bench study analyse` and `bench report` take the simulated ones with --simulated"
        )
    return f"nobody has judged a direction of {folder} yet; `bench study invite` makes links"
