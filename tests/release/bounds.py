"""The lower bounds of the dependencies, as versions to install, and tests that use each of them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

EXTRAS = ("postgres", "cluster", "train", "onnx")
BOUND = re.compile(r"(?P<name>[\w.-]+(?:\[[\w,-]+\])?)>=(?P<version>[\w.]+)$")

# Tests that between them use every dependency, beside the commands themselves.
TESTS = (
    "tests/tables",  # pandas
    "tests/stats/test_gee.py",  # statsmodels, scipy
    "tests/stats/test_categories.py",
    "tests/stats/test_comparison.py",
    "tests/metrics",  # numpy, scipy, torch
    "tests/directions",  # safetensors
    "tests/core/test_progress.py",  # rich
    "tests/core/test_screen.py",
    "tests/cli/test_terminal.py",  # click
    "tests/report/figures/test_confusion.py",
    "tests/study/test_figures.py",  # matplotlib, seaborn
    "tests/study/test_migration.py",  # alembic, sqlalchemy, psycopg
    "tests/study_server/test_store.py",
    "tests/study_server/test_bundle.py",  # jsonschema
    "tests/study_server/test_export.py",  # pandas, pyarrow
    "tests/study_server/test_texts.py",  # babel
    "tests/study_server/test_site.py",  # flask, flask-wtf
    "tests/study_server/test_front.py",  # waitress
    "tests/generators/test_download.py",  # pooch, requests
    "tests/generators/test_stored.py",
    "tests/generators/families/test_onnx_model.py",  # onnxruntime
    "tests/generators/training/test_card.py",
    "tests/generators/training/test_real_images.py",  # pillow
    "tests/generators/training/test_resuming.py::test_what_a_run_leaves",  # tensorboard
    "tests/runs/engines/test_placing.py",  # pyyaml
    "tests/runs/engines/test_on_dask.py",  # distributed
    "tests/runs/engines/test_on_slurm.py",  # submitit
)

# Those whose oracle is newer: alembic compares a Double of SQLAlchemy 2.0 with that of SQLite and
# finds another type, where the columns are the same.
UNFIT = (
    "tests/study/test_migration.py::test_the_schema_is_that_of_the_models_and_takes_answers[sqlite]",
    "tests/study_server/test_store.py::test_migrations_give_exactly_the_models",
)


def lowest(project: Mapping[str, Any], extras: Iterable[str]) -> list[str]:
    """`name==version` for each dependency of a [project] table, with those of the extras.

    Raises ValueError where one has no lower bound.
    """
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    pinned = []
    for requirement in wanted:
        bound = BOUND.match(requirement)
        if bound is None:
            raise ValueError(f"{requirement} is not of the form name>=version")
        pinned.append(f"{bound['name']}=={bound['version']}")
    return pinned
