"""What a metric gives is checked against what it announces, and stored as plain numbers."""

import json
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.families.planted import Planted
from benchmark.metrics.metric import Evidence, Metric, images_of, measure
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
        (True, 1),
        (np.bool_(False), 0),
    ],
)
def test_figures_of_any_library_are_stored_as_plain_numbers(cell, value, stored):
    found = measure({"light": Light(value, [value] * K)}, cell)
    again = json.loads(json.dumps(found))
    assert again == {"light": stored, "by_direction": {"lit": [stored] * K}}
    assert type(again["light"]) is type(stored)  # to a reader of results a truth is no number


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


class Says(Metric):
    """Says something in words of each direction, and stores a matrix of its own."""

    columns: ClassVar = {"said": Column("How much is said.", "count")}
    direction_columns: ClassVar = {
        "word": Column("What is said.", "text"),
        "length": Column("How long that is.", "count"),
    }
    walks = True

    def along(self, cell, walk):
        word = "abc"[walk.k] * walk.k
        return {"word": word or None, "length": len(word), "seen": walk.images.shape[:2]}

    def of_cell(self, cell, table):
        assert table["seen"].tolist() == [(5, 32)] * K
        return {"said": table["length"].sum()}

    def matrices(self, cell, table):
        return {"letters": pd.DataFrame({"b": [0.0, np.nan, 1.0], "c": np.arange(K)})}


def test_words_and_matrices_are_stored_beside_the_figures(cell):
    found = measure({"says": Says()}, cell)
    assert json.loads(json.dumps(found)) == {
        "said": 3,
        "by_direction": {"length": [0, 1, 2]},
        "words": {"word": [None, "b", "cc"]},
        "matrices": {"letters": {"b": [0.0, None, 1.0], "c": [0, 1, 2]}},
    }


def test_a_number_in_a_column_of_words_is_a_word(cell):
    counted = type("Counted", (Light,), {"direction_columns": {"lit": Column("How.", "text")}})
    found = measure({"mine": counted(lit=[1, None, "x"])}, cell)
    assert found["words"] == {"lit": ["1", None, "x"]}


@pytest.mark.parametrize(
    ("title", "columns", "rows", "message"),
    [
        ("shares", ["a"], 2, "its matrix shares has 2 rows, not 3"),
        ("of `each`", ["a"], K, "calls a matrix, or a column of one, 'of `each`'"),
        ("shares", ["a" * 151], K, "calls a matrix, or a column of one, 'aaa"),
    ],
)
def test_a_matrix_that_no_reader_would_take_is_named(cell, title, columns, rows, message):
    matrix = pd.DataFrame(0.0, index=range(rows), columns=columns)
    mine = type("Mine", (Light,), {"matrices": lambda self, cell, table: {title: matrix}})()
    with pytest.raises(BenchError, match=message):
        measure({"mine": mine}, cell)


def test_all_metrics_that_walk_see_the_same_images_which_are_made_once(cell):
    made = []

    class Counts(Planted):
        def forward(self, latents):
            made.append(len(latents))
            return super().forward(latents)

    counted = replace(cell, generator=Counts())
    for metrics in ({"a": Says()}, {"a": Says(), "b": type("B", (Says,), {"columns": {}})()}):
        made.clear()
        if len(metrics) == 2:
            metrics["b"].of_cell = lambda cell, table: {}
        measure(metrics, counted)
        assert sum(made) == images_of(metrics, K) == 32 + 4 * 32 * K


def test_images_of_a_metric_count_by_direction_and_by_cell():
    one = type("One", (Light,), {"images": 5, "more_images": 100})()
    assert images_of({"one": one, "two": Light()}, 7) == 135
    assert images_of({}, 7) == 0


class Trips(Says):
    def along(self, cell, walk):
        raise ValueError(f"over {walk.k}")


def test_a_metric_that_fails_on_the_way_is_named_too(cell):
    with pytest.raises(BenchError, match=r"^the metric mine failed: ValueError: over 0$"):
        measure({"says": Says(), "mine": Trips()}, cell)
