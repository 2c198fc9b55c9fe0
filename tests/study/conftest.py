"""Material as it is read of a study, from answers that are written down or drawn."""

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import update

from baselines import METHODS
from benchmark.methods.method import Role
from benchmark.metrics import METRICS
from benchmark.runs.grid import plan, record
from benchmark.runs.runner import execute
from benchmark.runs.settings import RunConfig
from benchmark.stats.population import Population
from benchmark.study.accuracies import COLUMNS
from benchmark.study.answers import Material
from benchmark.study.build import build_study
from study_server import annotators
from study_server.models import Judgment
from study_server.opened import opened
from study_server.server import running
from study_server.settings_file import read_settings
from study_server.simulate import PROFILES, Bot, take_part
from study_server.tasks import Rating
from study_server.tasks.question import Answer
from tests.stats.conftest import simulate

Profile = Callable[[Bot, str], Answer]

ROLES: dict[str, Role] = {"discovered": "method", "random": "baseline", "coordinate": "baseline"}
ORDER = ("discovered", "coordinate", "random")
CLEAR = {"discovered": Population(0.8), "random": Population(0.2), "coordinate": Population(0.3)}


def default_settings() -> str:
    """As they are shipped, but for people who answer at once."""
    text = resources.files("study_server").joinpath("study.toml").read_text("utf-8")
    assert "least_seconds = 0.7 " in text
    return text.replace("least_seconds = 0.7 ", "least_seconds = 0 ")


def gather(judgments: pd.DataFrame, accuracies: pd.DataFrame | None = None, **others) -> Material:
    """The material of these judgments, under the default settings."""
    with resources.as_file(resources.files("study_server").joinpath("study.toml")) as path:
        settings = read_settings(path)
    if "label" not in judgments:
        judgments = judgments.assign(label=None)
    none = pd.DataFrame(columns=COLUMNS)
    given = {
        "study": "0123456789abcdef",
        "simulated": False,
        "shown": judgments.groupby(["generator", "method"])["direction"].nunique().sum(),
        "settings": settings,
        "task": Rating(settings),
        "plan": "The plan is the plan.",
        "accuracies": none if accuracies is None else accuracies,
        "roles": ROLES,
    }
    return Material(judgments=judgments, **{**given, **others})


def drawn(seed: int = 0, methods=CLEAR, **sizes) -> pd.DataFrame:
    """Judgments of a study in which discovered is much better than the baselines."""
    return simulate(np.random.default_rng(seed), methods, **sizes).judgments


def known_accuracies(judgments: pd.DataFrame) -> pd.DataFrame:
    """An RCA that follows the directions' MOS, with some noise."""
    keys = ["generator", "method", "direction"]
    scores = judgments.groupby(keys)["mos"].mean().reset_index()
    noise = np.random.default_rng(1).normal(0, 0.15, len(scores))
    accuracy = np.clip(0.1 + 0.7 * scores["mos"] + noise, 0, 1)
    return scores[keys].assign(n=200, accuracy=accuracy)[COLUMNS]


@pytest.fixture
def material() -> Material:
    """Two generators, three methods, twelve directions each, ten annotators."""
    judgments = drawn(generators=2, directions=12, annotators=10)
    return gather(judgments, known_accuracies(judgments))


def compute(
    folder: Path,
    generators: Sequence[str],
    methods: Sequence[str],
    *settings: str,
    seeds: tuple[int, ...] = (0,),
) -> Path:
    """The folder, with a short run in it, or a further one, of five directions per method."""
    config = replace(RunConfig.from_preset("quick"), seeds=seeds)
    config = config.with_settings(["steps=4", "batch=4", "evaluation=100", "k=5", *settings])
    groups = plan(config, generators, methods, METHODS, run=folder)
    record(config, groups, folder, "test")
    assert all(r.status == "done" for r in execute(groups, folder, "cpu", False, METRICS, {}))
    return folder


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the planted generator with eight directions per method."""
    folder = tmp_path_factory.mktemp("analysis") / "run"
    return compute(folder, ["planted"], list(CLEAR), "k=8", "evaluation=200", seeds=(0, 1))


@pytest.fixture(scope="session")
def unanswered(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of that run, with three ratings per direction, that nobody has answered."""
    folder = tmp_path_factory.mktemp("analysis") / "study"
    settings = folder.with_suffix(".toml")
    settings.write_text(default_settings().replace("ratings_per_item = 5", "ratings_per_item = 3"))
    build_study(run, folder, [], 8, 0, settings)
    return folder


@pytest.fixture
def study(unanswered: Path, tmp_path: Path) -> Path:
    """A copy of the study for one test."""
    return shutil.copytree(unanswered, tmp_path / "study")


@pytest.fixture(scope="session")
def answered(unanswered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study after people who prefer discovered took part through the site; do not change it."""
    folder = shutil.copytree(unanswered, tmp_path_factory.mktemp("analysis") / "answered")
    let_people_judge(folder, prefers_discovered, 3)
    return folder


def prefers_discovered(bot: Bot, item_id: str) -> Answer:
    """Sees that discovered directions are clear and others seldom are, with a few slips."""
    (source,) = bot.sources[item_id]
    if source.check:
        return bot.truth(item_id)
    own = random.Random(f"{source.method}/{source.direction}")
    clear = own.random() < (0.95 if source.method == "discovered" else 0.2)
    clear = clear != (bot.rng.random() < 0.05)
    return named(bot, clear, own)


def named(bot: Bot, clear: bool, own: random.Random) -> Answer:
    """The same answer to both questions, and a change type of the direction's own."""
    kinds = {q.name: q.choices for q in bot.task.questions}["category"]
    return {"consistent": clear, "single": clear, "category": own.choice(kinds)}


def let_people_judge(folder: Path, profile: Profile, count: int) -> None:
    """Judge as people do: invited, through the real site, and not marked as simulated."""
    with pytest.MonkeyPatch.context() as patch, opened(folder) as study, running(study) as base:
        patch.setitem(PROFILES, "test", profile)
        bundle = study.bundle
        tokens = annotators.invite(study.store, study.links, count, study.clock())
        for number, token in enumerate(tokens):
            bot = Named("test", random.Random(number), bundle.sources, bundle.task)
            take_part(base, token, bot, list(bundle.lessons), study.links)
        # They were faster than anyone can look, and screening would leave them out.
        study.store.write(lambda db: db.execute(update(Judgment).values(seconds=8.0)))


class Named(Bot):
    """Calls what it finds clear after its change type."""

    def answers(self, item_id: str) -> dict[str, str]:
        fields = super().answers(item_id)
        return fields | ({"label": f"{fields['category']} shift"} if "category" in fields else {})
