"""run.json keeps what columns mean, of all metrics that ever judged a cell of the run."""

from typing import ClassVar

from benchmark.core.json_files import write_json
from benchmark.metrics import METRICS
from benchmark.metrics.metric import Metric
from benchmark.runs.meanings import measures_in, note_measures
from benchmark.runs.results import read_run
from benchmark.tables.table import Column


class Light(Metric):
    columns: ClassVar = {"light": Column("How bright images are.", better="low")}

    def of_cell(self, cell, table):
        raise NotImplementedError


def test_what_was_noted_stays_beside_what_is_noted_later(tmp_path):
    write_json(tmp_path / "run.json", {"command": "mine"})
    note_measures(tmp_path, {**METRICS, "light": Light()})
    note_measures(tmp_path, METRICS)  # the same run goes on, without the user's metric
    description = read_run(tmp_path)
    assert description["command"] == "mine"
    measures = measures_in(description)
    assert measures.cell["light"] == Light.columns["light"]
    assert "light" in measures.of_prices


def test_what_is_known_already_is_not_written_again(tmp_path):
    write_json(tmp_path / "run.json", {})
    note_measures(tmp_path, METRICS)
    written = (tmp_path / "run.json").stat().st_mtime_ns
    note_measures(tmp_path, METRICS)
    assert (tmp_path / "run.json").stat().st_mtime_ns == written
