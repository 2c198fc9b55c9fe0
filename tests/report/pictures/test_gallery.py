"""Pictures: made where the generator is at hand, left out with a word where it is not."""

import logging

import pytest
import torch

from baselines import METHODS
from benchmark.generators.families.planted import Planted
from benchmark.generators.stored import weights_hash
from benchmark.report.attempts import Attempts
from benchmark.report.pictures.gallery import write_pictures
from benchmark.report.pictures.painted import LATENTS, SHIFTS
from benchmark.runs.grid import plan
from benchmark.runs.opening import AtHand, made_by, open_generator, open_generators
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from benchmark.runs.settings import RunConfig
from tests.generators import small_mapped
from tests.report.drawn import write_cell

OWN = """from benchmark.generators.families.planted import Planted

def make():
    return Planted()
"""


def draw(run, references, *files):
    rows = headline(read_cells(run), {})
    painters = open_generators(rows, references, AtHand(files))
    return write_pictures(rows, painters, None, run, Attempts())


def test_each_row_has_strips_and_only_what_learned_an_evolution(reported):
    assert {p.name for p in (reported / "strips").iterdir()} == {
        "planted-discovered.webp",
        "planted-random.webp",
    }
    assert [p.name for p in (reported / "evolution").iterdir()] == ["planted-discovered.webp"]


def test_the_files_of_a_command_may_paint_its_older_cells_too():
    own = f"{small_mapped.__file__}:make"
    groups = plan(
        RunConfig.from_preset("quick"), [f"{own}?space=w", "planted"], ["random"], METHODS
    )
    assert made_by(groups).files == (own,)  # with the options of each cell, not of this command


def test_a_generator_that_is_gone_costs_its_pictures_only(run, caplog):
    write_cell(run, "gone-make", "random", 0)
    draw(run, {})
    (warning,) = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert warning.startswith("no pictures of gone-make: unknown generator")
    assert len(list((run / "strips").iterdir())) == 2


def test_what_an_earlier_report_painted_goes_where_it_cannot_be_painted_anew(run):
    draw(run, {})
    stale = [run / "strips/planted-random.webp", run / "evolution/planted-discovered.webp"]
    assert all(path.exists() for path in stale)
    write_pictures(headline(read_cells(run), {}), {}, None, run, Attempts())
    assert not any(path.exists() for path in stale)


def test_a_generator_of_ones_own_is_found_by_what_the_run_calls_it(tmp_path, caplog):
    path = tmp_path / "own.py"
    path.write_text(OWN)
    write_cell(tmp_path / "run", "own-make", "random", 0)
    draw(tmp_path / "run", {"own-make": f"{path}:make"}, f"{path}:make")
    assert (tmp_path / "run/strips/own-make-random.webp").exists()
    assert not caplog.records


def test_a_generator_that_changed_since_is_not_shown(tmp_path, caplog):
    path = tmp_path / "own.py"
    path.write_text(OWN.replace("Planted()", "Planted(latent_dim=16, side=16)"))
    write_cell(tmp_path / "run", "own-make", "random", 0)
    draw(tmp_path / "run", {"own-make": f"{path}:make"}, f"{path}:make")
    assert not (tmp_path / "run/strips").exists()
    assert "weights are not those of the run" in caplog.text


def test_an_opened_generator_is_the_cells_own_and_frozen(run):
    generator = open_generator(read_cells(run)[0], {})
    assert weights_hash(generator) == weights_hash(Planted())
    assert not any(p.requires_grad for p in generator.parameters())


def test_failed_cells_have_no_pictures(tmp_path):
    write_cell(tmp_path, "planted", "random", 0, failure="x")
    draw(tmp_path, {})
    assert not (tmp_path / "strips").exists()


@pytest.mark.parametrize("name", ["strips", "evolution"])
def test_pictures_need_no_gradient(run, monkeypatch, name):
    monkeypatch.setattr(torch.Tensor, "backward", None)
    draw(run, {})
    assert (run / name / "planted-discovered.webp").exists()


def test_strips_and_explorer_make_each_image_once(run, monkeypatch):
    made = []
    forward = Planted.forward

    def counted(self, latents):
        made.append(len(latents))
        return forward(self, latents)

    monkeypatch.setattr(Planted, "forward", counted)
    rows = headline(read_cells(run), {})
    painters = open_generators(rows, {})
    made.clear()
    write_pictures(rows, painters, None, run, Attempts())
    stages = 5  # of the one direction whose evolution is shown
    of_row = LATENTS + 8 * LATENTS * (SHIFTS - 1)  # what is not shifted is the same for all eight
    of_other_seed = 8 * LATENTS * (SHIFTS - 1)
    assert sum(made) == 2 * (of_row + of_other_seed) + SHIFTS * stages


def test_rows_keep_their_order_and_their_faults(run, monkeypatch):
    for name in ("a", "b"):
        write_cell(run, f"gone-{name}", "random", 0)
    rows = headline(read_cells(run), {})
    painters = {(r.generator, r.method): Planted().eval() for r in rows}

    def fail(painted):
        raise ZeroDivisionError(painted.stored.result.cell.generator)

    monkeypatch.setattr("benchmark.report.pictures.gallery.draw_strips", fail)
    attempts = Attempts()
    chapters = write_pictures(rows, painters, None, run, attempts)
    assert [(c.generator, c.method, c.seed) for c in chapters] == [
        (r.generator, r.method, stored.result.cell.seed) for r in rows for stored in r.done
    ]
    assert len(attempts.faults) == len(rows)
    for r, fault in zip(rows, attempts.faults, strict=True):
        assert fault.startswith(f"strips/{r.generator}-{r.method}.webp cannot be made")
