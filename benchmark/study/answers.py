"""What an analysis reads of a study: the answers that count, who gave them, plan and RCA."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.core.errors import BenchError
from benchmark.core.judgments import answers
from benchmark.study.accuracies import study_accuracies, study_origins
from study_server.bundle import Bundle
from study_server.commands import opened
from study_server.export import counting, judgments
from study_server.recording import OTHER
from study_server.study_settings import Settings


@dataclass(frozen=True)
class Material:
    """judgments: the latest answers, of people alone or of simulated annotators alone, in the
    columns of `benchmark.core.judgments` and `label`; a category of somebody's own is "other".
    own_words: how many of those. shown: directions under study, rated or not. accuracies:
    generator, method, direction, n, accuracy. plan: whether it changed, a sentence. roles: of its
    methods, as far as the study stores them.
    """

    study: str
    simulated: bool
    judgments: pd.DataFrame
    own_words: int
    shown: int
    settings: Settings
    plan: str
    accuracies: pd.DataFrame
    roles: Mapping[str, str]

    @property
    def categories(self) -> tuple[str, ...]:
        return (*self.settings.categories, OTHER)

    def without(self, annotators: set[str]) -> "Material":
        """The same without all that these annotators said."""
        kept = self.judgments[~self.judgments["annotator"].isin(annotators)]
        return replace(self, judgments=kept)


def read_material(
    folder: Path, run: Path | None = None, simulated: bool = False, database: str | None = None
) -> Material:
    """Read the study in `folder`. Raises BenchError where the wanted annotators said nothing."""
    with opened(folder, database) as study:
        every, bundle = judgments(study), study.bundle
    counted = counting(every, simulated)
    if answers(counted).empty:
        raise BenchError(_nobody(folder, simulated, bool((every["simulated"] != simulated).any())))
    known = counted["category"].isna() | counted["category"].isin(bundle.settings.categories)
    return Material(
        study=bundle.study,
        simulated=simulated,
        judgments=counted.assign(category=counted["category"].where(known, OTHER)),
        own_words=int((~known).sum()),
        shown=bundle.kinds["direction"],
        settings=bundle.settings,
        plan=plan_check(bundle),
        accuracies=study_accuracies(bundle.hidden["provenance"], run),
        roles={
            origin["method"]: origin.get("role", "")
            for origin in study_origins(bundle.hidden["provenance"])
        },
    )


def plan_check(bundle: Bundle) -> str:
    """Whether the analysis plan in study.toml is the one stored at build; else what changed."""
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
    return f"The analysis plan in study.toml CHANGED since the study was built: {what}."


def _nobody(folder: Path, simulated: bool, others: bool) -> str:
    if simulated:
        return (
            f"no simulated annotator judged a direction of {folder}; "
            f"`bench study simulate {folder}` lets some take part"
        )
    if others:
        return (
            f"all answers in {folder} are simulated, and people alone count; "
            "ask for the simulated ones by name: --simulated"
        )
    return f"nobody has judged a direction of {folder} yet; `bench study invite` makes links"
