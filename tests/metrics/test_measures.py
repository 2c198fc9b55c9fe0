"""What metrics say of their columns, gathered, stored and read back."""

import json
from dataclasses import fields
from typing import ClassVar

import pytest

from benchmark.core.errors import BenchError
from benchmark.metrics import HEADLINE, HEADLINE_OF_A_DIRECTION, METRICS, ON_REQUEST
from benchmark.metrics.measures import label, measures_of, pack, unpack
from benchmark.metrics.metric import Metric
from benchmark.tables.table import Column


class Light(Metric):
    columns: ClassVar = {
        "light": Column("How bright images are."),
        "light_low": Column("Lower end of its interval."),
        "light_high": Column("Upper end."),
    }
    direction_columns: ClassVar = {
        "lit": Column("How bright images of the direction are.", "number", "low", "glow", "k"),
        "lamps": Column("How many lamps were asked.", "count"),
        "lamp": Column("What the brightest one is called.", "text"),
    }

    def of_cell(self, cell, table):
        raise NotImplementedError


def test_the_headlines_are_columns_with_words_and_an_interval():
    measures = measures_of(METRICS)
    for name, columns in (
        (HEADLINE, measures.cell),
        (HEADLINE_OF_A_DIRECTION, measures.direction),
    ):
        assert {name, f"{name}_low", f"{name}_high"} <= columns.keys()
        assert columns[name].better == "high"


def test_every_column_of_our_own_metrics_has_a_sentence_and_says_which_end_is_better():
    measures = measures_of(METRICS)
    for name, column in {**measures.cell, **measures.direction}.items():
        assert column.words[0].isupper(), name
        assert column.words.endswith("."), name
    for name in (*measures.of_rows, *measures.of_directions):
        assert {**measures.cell, **measures.direction}[name].better, name


def test_a_metric_that_says_nothing_more_is_a_price_and_its_ends_stand_beside_it():
    measures = measures_of({"light": Light()})
    assert measures.of_rows == measures.of_prices == ["light"]
    assert measures.of_directions == ["lit"]  # a count ranks nothing, and nor does a word
    assert label("lit", measures.direction["lit"]) == "glow"
    assert measures.label("light") == "light"


@pytest.mark.parametrize(
    "name", [HEADLINE, "k", "status", "by_direction", "words", "matrices", "seconds", "seconds_fit"]
)
@pytest.mark.parametrize("kind", ["columns", "direction_columns"])
def test_a_name_that_is_taken_is_refused(name, kind):
    if (name, kind) == (HEADLINE, "direction_columns"):
        name = HEADLINE_OF_A_DIRECTION
    other = type("Other", (Light,), {"columns": {}, kind: {name: Column("Mine.")}})()
    with pytest.raises(BenchError, match=f"the metric mine calls a column {name}, which is taken"):
        measures_of({**METRICS, "mine": other})


@pytest.mark.parametrize("name", ["", "a`b", "a\nb", "a" * 151, 3])
def test_a_name_that_no_run_could_store_is_refused(name):
    other = type("Other", (Light,), {"columns": {name: Column("Mine.")}})()
    with pytest.raises(BenchError, match="the metric mine calls a column"):
        measures_of({"mine": other})


def test_what_stands_aside_is_a_row_of_seeds_and_not_of_the_main_table():
    columns = {**Light.columns, "heat": Column("How warm.", better="low", aside=True)}
    measures = measures_of({"light": type("Warm", (Light,), {"columns": columns})()})
    assert (measures.of_rows, measures.of_main) == (["light", "heat"], ["light"])
    assert unpack(json.loads(json.dumps(pack(measures)))).cell["heat"].aside


def test_what_is_offered_claims_no_column_of_the_others():
    assert {*METRICS, *ON_REQUEST} == {*METRICS} | {"vp"}
    assert {"vp_1", "vp_10"} <= measures_of({**METRICS, **ON_REQUEST}).cell.keys()


def test_what_is_stored_comes_back_without_the_code():
    content = json.loads(json.dumps(pack(measures_of({**METRICS, "light": Light()}))))
    assert unpack(content) == measures_of({**METRICS, "light": Light()})


def test_our_own_columns_come_first_and_in_our_words():
    stored = {"cell": {"mine": {"words": "Mine."}, HEADLINE: {"words": "Old words."}}}
    measures = unpack(stored)
    assert list(measures.cell) == [*measures_of(METRICS).cell, "mine"]
    assert measures.cell[HEADLINE] == METRICS["accuracy"].columns[HEADLINE]
    assert measures.cell["mine"] == Column("Mine.", "number")
    assert unpack({}) == measures_of(METRICS)


def test_a_column_of_a_later_version_is_shown_as_far_as_it_is_understood():
    stored = {"direction": {"mine": {"kind": "colour", "scent": "mint", "better": "low"}}}
    assert unpack(stored).direction["mine"] == Column("", "number", better="low")
    assert "scent" not in {one.name for one in fields(Column)}
