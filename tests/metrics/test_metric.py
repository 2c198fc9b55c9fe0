"""What a metric gives is checked against what it announces, and stored as plain numbers."""

import json
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.planted import Planted
from benchmark.metrics.metric import Evidence, Metric, measure
from benchmark.rca.protocol import Protocol
from benchmark.tables.table import Column

K = 3


class Light(Metric):
    columns: ClassVar = {"light": Column("How bright images are.", "number")}
    direction_columns: ClassVar = {"lit": Column("How bright a direction is.", "number")}

    def __init__(self, value=1.5, lit=(1, 2, 3), name="light", column="lit"):
        self.value, self.lit, self.name, self.column = value, lit, name, column

    def by_direction(self, cell):
        return pd.DataFrame({self.column: list(self.lit)})

    def of_cell(self, cell, table):
        return {self.name: self.value}


@pytest.fixture(scope="module")
def cell():
    planted = Planted()
    shift = FrozenLinear(torch.eye(planted.latent_dim, K))
    return Evidence(planted, planted, shift, Protocol(k=K), pd.DataFrame(), None, stream)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (2, 2),
        (np.float32(1.25), 1.25),
        (np.int64(3), 3),
        (torch.tensor(2.5), 2.5),
        (float("nan"), None),
        (torch.tensor(float("inf")), None),
        (None, None),
    ],
)
def test_figures_of_any_library_are_stored_as_plain_numbers(cell, value, stored):
    found = measure({"light": Light(value, [value] * K)}, cell)
    assert json.loads(json.dumps(found)) == {"light": stored, "by_direction": {"lit": [stored] * K}}


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (Light("much"), "TypeError: must be real number, not str"),
        (Light(name="lght"), "it gave ['lght'], not ['light']"),
        (Light(lit=[1, 2]), "it gave 2 rows of ['lit'], not 3 of ['lit']"),
        (Light(column="lt"), "it gave 3 rows of ['lt'], not 3 of ['lit']"),
        (Light(lit=[1, 2, "x"]), "TypeError: must be real number, not str"),
    ],
)
def test_a_metric_that_gives_something_else_is_named_in_one_line(cell, metric, message):
    with pytest.raises(BenchError) as caught:
        measure({"mine": metric}, cell)
    assert str(caught.value) == f"the metric mine failed: {message}"
