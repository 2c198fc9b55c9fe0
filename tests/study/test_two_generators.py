"""A study of two generators, of which people say the opposite: what is said of one stays there."""

import random
from pathlib import Path

import pandas as pd
import pytest

from benchmark.core.judgments import DIRECTION
from benchmark.directions.artefact import Directions
from benchmark.report.judged import Judged, judged_cells
from benchmark.runs.results import StoredCell, read_cells
from benchmark.study.accuracies import study_accuracies, study_origins
from benchmark.study.answers import read_material
from benchmark.study.build import build_study
from benchmark.study.labelling import label_study
from benchmark.study.majority import rated_directions
from study_server.bundle import load_bundle
from study_server.simulate import Bot
from study_server.tasks.question import Answer
from tests.generators import small_mapped

from .conftest import compute, default_settings, let_people_judge, named

FILE = f"{small_mapped.__file__}:make"
CLEAR = {("planted", "discovered"), ("small_mapped-make", "random")}  # and the other two are not


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two") / "run"
    return compute(folder, ["planted", FILE], ["discovered", "random"], "k=3")


@pytest.fixture(scope="module")
def answered(run: Path) -> Path:
    """The study of that run, each direction judged by three people who agree."""
    folder, settings = run.parent / "study", run.parent / "study.toml"
    settings.write_text(default_settings().replace("ratings_per_item = 5", "ratings_per_item = 3"))
    build_study(run, folder, ["planted", FILE], 3, 0, settings)
    let_people_judge(folder, opposite, 3)
    return folder


def opposite(bot: Bot, item_id: str) -> Answer:
    (source,) = bot.sources[item_id]
    if source.check:
        return bot.truth(item_id)
    return named(bot, (source.generator, source.method) in CLEAR, random.Random(source.direction))


def place(stored: StoredCell) -> tuple[str, str]:
    return stored.result.cell.generator, stored.result.cell.method


def said_of(stored: StoredCell) -> dict[int, float]:
    """The MOS of each direction of a cell, by its number."""
    return dict.fromkeys(range(3), float(place(stored) in CLEAR))


def test_labels_stand_beside_the_directions_of_the_generator_that_was_judged(
    run: Path, answered: Path
) -> None:
    assert sorted(label_study(answered).values()) == [3, 3, 3, 3]
    for stored in read_cells(run):
        labels = Directions.load(stored.folder / "directions.safetensors").labels
        assert {label.index: label.mos for label in labels} == said_of(stored), place(stored)


def test_a_report_has_judgments_of_the_generator_that_was_judged(run: Path, answered: Path) -> None:
    provenance = load_bundle(answered).hidden["provenance"]
    rated = rated_directions(read_material(answered).judgments)
    judged = Judged(False, (), rated, cells=judged_cells(study_origins(provenance)))
    for stored in read_cells(run):
        found = {k: facts["mos"] for k, facts in judged.of(stored).items()}
        assert found == said_of(stored), place(stored)


def test_accuracies_are_those_of_the_generator_that_was_judged(run: Path, answered: Path) -> None:
    known = study_accuracies(load_bundle(answered).hidden["provenance"], None)
    found = known.set_index(DIRECTION)["accuracy"].sort_index()
    assert len(found) == 4 * 3
    for stored in read_cells(run):
        answers = pd.read_parquet(stored.folder / "predictions.parquet")
        right = (answers["k"] == answers["k_hat"]).groupby(answers["k"]).mean()
        assert found[place(stored)].to_dict() == right.to_dict(), place(stored)
