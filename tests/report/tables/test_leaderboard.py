"""The leaderboard: who stands where, what is surely so, and what is left out."""

import pandas as pd
import pytest

from benchmark.report.figures.places import place_table
from benchmark.report.tables.leaderboard import leaderboard, write_leaderboard
from benchmark.report.tables.main_table import write_tables
from benchmark.runs.replicates import answers, headline
from benchmark.runs.results import read_cells
from benchmark.stats.paired import compare_rca
from benchmark.tables.writing import page
from tests.report.drawn import MEASURES, write_cell

ORDER = ("strong", "weak", "weaker")
SKILLS = dict(zip(ORDER, (0.9, 0.2, 0.19), strict=True))


@pytest.fixture
def run(tmp_path):
    for generator in ("x", "y"):
        for method, skill in SKILLS.items():
            write_cell(tmp_path, generator, method, 0, k=16, n=4000, skill=skill)
    return tmp_path


def board_of(run):
    return leaderboard(headline(read_cells(run), {}, ORDER), MEASURES, ORDER)


def test_the_clearly_better_one_is_first_and_can_be_nothing_else(run):
    frame = board_of(run).board.frame.set_index("method")
    assert frame.index[0] == "strong"
    first = frame.loc["strong", ["mean place", "mean place_low", "mean place_high"]]
    assert first.tolist() == [1, 1, 1]
    others = frame.loc[["weak", "weaker"], ["mean place_low", "mean place_high"]]
    assert others.to_numpy().tolist() == [[2, 3], [2, 3]]  # nobody knows which of the two


def test_a_cell_holds_the_figure_of_its_generator(run):
    table = board_of(run).board
    stored = {
        (c.result.cell.generator, c.result.cell.method): c.result.metrics["rca_fresh"]
        for c in read_cells(run)
    }
    frame = table.frame.set_index("method")
    for (generator, method), share in stored.items():
        assert frame.loc[method, f"on {generator}"] == pytest.approx(share)
    assert set(table.bold) == {(0, "on x"), (0, "on y")}


def test_the_matrix_is_its_own_mirror_and_stars_what_is_sure(run):
    frame = board_of(run).matrix.frame.set_index("method")
    assert frame.loc["strong", "weak"].startswith("+")
    assert frame.loc["strong", "weak"].endswith(" *")
    assert frame.loc["weak", "strong"] == frame.loc["strong", "weak"].replace("+", "-")
    assert "*" not in frame.loc["weak", "weaker"]
    assert [frame.loc[m, m] for m in ORDER] == ["", "", ""]


def test_the_matrix_of_the_csv_holds_numbers(run):
    write_leaderboard(headline(read_cells(run), {}, ORDER), MEASURES, run, ORDER)
    stored = pd.read_csv(run / "matrix.csv").set_index("method")
    pairs = pd.read_csv(run / "pairs.csv").set_index(["generator", "method", "baseline"])
    difference = pairs.loc[("x + y", "strong", "weak"), "rca_difference"]
    assert stored.loc["strong", "weak"] == pytest.approx(difference)
    assert stored.loc["weak", "strong"] == pytest.approx(-difference)
    assert pd.isna(stored.loc["weak", "weak"])
    assert "| strong | " in (run / "matrix.md").read_text()


def test_all_pairs_are_one_family(run):
    frame = board_of(run).pairs.frame
    assert len(frame) == 3 * (2 + 1)  # pairs, on each generator and pooled
    p, adjusted = frame["rca_p"].astype(float), frame["rca_p_adjusted"].astype(float)
    assert adjusted.min() == pytest.approx(p.min() * 9)


def test_a_method_that_is_missing_somewhere_leaves_that_generator_out_of_the_places(run):
    write_cell(run, "z", "strong", 0, k=16, n=4000, skill=0.1)
    write_cell(run, "z", "weak", 0, k=16, n=4000, skill=0.9)
    write_cell(run, "z", "weaker", 0, k=16, failure="no first layer")
    board = board_of(run).board
    assert (
        "Places, and the means beside them, are over x, y; not every method was compared on z."
        in board.notes
    )
    assert "weaker on z: failed: no first layer." in board.notes
    frame = board.frame.set_index("method")
    assert frame.loc["strong", "mean place"] == 1
    assert frame.loc["weaker", "on z"] is None
    assert frame.loc["weak", "on z"] > 0.5
    (line,) = (text for text in page(board).splitlines() if text.startswith("| weaker "))
    assert "undefined" not in line  # it was not measured there, as the note says


def test_a_method_that_failed_on_a_dear_generator_looks_no_cheaper_for_it(run):
    dear = {"max_cosine": 0.9, "collapse": 0.1}
    for method in ("strong", "weak"):
        write_cell(run, "z", method, 0, k=16, n=4000, skill=0.5, figures=dear)
    write_cell(run, "z", "weaker", 0, k=16, failure="no memory")
    frame = board_of(run).board.frame.set_index("method")
    for name in ("max_cosine", "collapse", "seconds"):
        assert len(set(frame[name])) == 1, name


@pytest.mark.parametrize("failing", ["a", "z"])
def test_the_matrix_shows_what_was_compared_wherever_the_other_failed(run, failing):
    for method in ("strong", "weak"):
        write_cell(run, failing, method, 0, k=16, n=4000, skill=0.5)
    write_cell(run, failing, "weaker", 0, k=16, failure="no first layer")
    rows = [r for r in headline(read_cells(run), {}, ORDER) if r.generator in ("x", failing)]
    matrix = leaderboard(rows, MEASURES, ORDER).matrix
    cell = matrix.frame.set_index("method").loc["strong", "weaker"]
    assert cell.startswith("+")
    assert cell.endswith(" *")
    assert not [note for note in matrix.notes if note.startswith("?")]


def test_without_a_common_generator_there_are_no_places(tmp_path):
    for generator, method in (("x", "strong"), ("y", "weak"), ("z", "weaker")):
        write_cell(tmp_path, generator, method, 0)
    board = board_of(tmp_path).board
    assert "mean place" not in board.frame
    assert board.notes[0].startswith("No generator has figures of every method")


def test_two_methods_have_no_board_and_an_old_one_goes(run):
    rows = headline(read_cells(run), {}, ORDER)
    assert write_leaderboard(rows, MEASURES, run, ORDER) is not None
    assert (run / "leaderboard.md").exists()
    assert pd.read_csv(run / "pairs.csv")["rca_difference"].notna().all()
    two = [r for r in rows if r.method != "weak"]
    assert write_leaderboard(two, MEASURES, run, ORDER) is None
    assert not list(run.glob("leaderboard.*")) + list(run.glob("pairs.*"))


def test_the_order_by_length_of_shift_is_that_of_accuracy_there(run):
    rows = headline(read_cells(run), {}, ORDER)
    places = place_table(rows)
    strong = places[places["method"] == "strong"]
    assert strong["share"].tolist() == pytest.approx([(i + 0.5) / 6 for i in range(6)])
    assert (strong["place"].iloc[2:] == 1).all()
    assert places.groupby("share")["place"].sum().tolist() == pytest.approx([6] * 6)


def test_a_generator_on_which_nothing_is_done_has_no_column(run):
    for method in ORDER:
        write_cell(run, "z", method, 0, k=16, failure="no memory")
    board = board_of(run).board
    assert not [name for name in board.frame if "on z" in name]
    assert board.frame["mean place"].notna().all()
    assert "weak on z: failed: no memory." in board.notes


def test_methods_of_other_k_get_no_places(run):
    for method, k in zip(ORDER, (4, 4, 8), strict=True):
        write_cell(run, "z", method, 0, k=k)
    board = board_of(run).board
    assert "Places, and the means beside them, are over x, y." in board.notes
    assert "Without places and bold: z, not on equal terms: k 4 and 8." in board.notes
    assert {name for _, name in board.bold} == {"on x", "on y"}
    places = place_table(headline(read_cells(run), {}, ORDER))
    without = [r for r in headline(read_cells(run), {}, ORDER) if r.generator != "z"]
    assert places.equals(place_table(without))


def test_the_highest_is_bold_only_where_it_is_surely_ahead_of_all(tmp_path):
    for method, skill in zip(ORDER, (0.66, 0.65, 0.2), strict=True):
        write_cell(tmp_path, "x", method, 0, k=16, n=2000, skill=skill)
    found = board_of(tmp_path)
    assert found.board.frame["on x"].nunique() == 3
    assert set(found.board.bold) == set()


def test_the_highest_is_not_bold_by_a_p_that_is_small_only_alone(tmp_path):
    for method, skill in zip(ORDER, (0.62, 0.5, 0.1), strict=True):
        write_cell(tmp_path, "x", method, 0, k=16, n=2000, skill=skill)
        write_cell(tmp_path, "y", method, 0, k=16, n=2000, skill=0.3)
    found = board_of(tmp_path)
    pairs = found.pairs.frame.set_index(["generator", "method", "baseline"])
    assert len(pairs) == 9
    assert pairs.loc[("x", "strong", "weaker"), "rca_p_adjusted"] < 0.05
    close = pairs.loc[("x", "strong", "weak")]
    assert close["rca_p"] < 0.05 < close["rca_p_adjusted"]
    assert (found.ahead, set(found.board.bold)) == ((), set())


def test_a_pair_in_the_matrix_is_the_pooled_duel(tmp_path):
    for generator, skills in (("x", (0.9, 0.2, 0.5)), ("y", (0.3, 0.4, 0.1))):
        for method, skill in zip(ORDER, skills, strict=True):
            write_cell(tmp_path, generator, method, 0, skill=skill)
    rows = headline(read_cells(tmp_path), {}, ORDER)
    on_x, on_y, pooled = (
        c.difference.value for c in compare_rca(answers(rows), "strong", ["weak"])
    )
    assert pooled == pytest.approx((on_x + on_y) / 2)
    cell = board_of(tmp_path).matrix.frame.set_index("method").loc["strong", "weak"]
    assert cell.split()[0] == f"{pooled:+.3f}" != f"{on_x:+.3f}"


def test_seconds_are_those_of_one_cell(tmp_path):
    for method, seeds in zip(ORDER, (2, 2, 3), strict=True):
        for seed in range(seeds):
            write_cell(tmp_path, "x", method, seed)
    frame = board_of(tmp_path).board.frame
    assert frame["seconds"].tolist() == pytest.approx([1.5 + 2.5 + 0.25] * 3)


def test_on_other_terms_nothing_is_bold(run):
    write_cell(run, "z", "strong", 0, k=16, n=2000, skill=0.9, steps=300)
    for method in ("weak", "weaker"):
        write_cell(run, "z", method, 0, k=16, n=2000, skill=0.2)
    board = board_of(run).board
    assert {name for _, name in board.bold} == {"on x", "on y"}
    words = "Without places and bold: z, not on equal terms: steps 300 and 200."
    assert board.notes == ("Places, and the means beside them, are over x, y.", words)
    assert board.frame["mean place"].max() == 3


def test_a_pair_on_other_terms_says_so_and_has_no_star(run):
    for method, skill in SKILLS.items():
        terms = {"steps": 5000} if method == "strong" else {}
        write_cell(run, "z", method, 0, k=16, n=4000, skill=skill, **terms)
    found = board_of(run)
    pairs = found.pairs.frame.set_index(["generator", "method", "baseline"])
    unequal = "not on equal terms on z: steps 5000 and 200"
    assert pairs.loc[("z", "strong", "weak"), "rca_p_adjusted"] < 0.05
    for generator, note in (("x", ""), ("z", unequal), ("x + y + z", unequal)):
        for weaker in ("weak", "weaker"):
            assert pairs.loc[(generator, "strong", weaker), "note"] == note
        assert pairs.loc[(generator, "weak", "weaker"), "note"] == ""
    matrix = found.matrix.frame.set_index("method")
    assert matrix.loc["strong", "weak"].startswith("+")
    assert not any("*" in cell for cell in matrix.to_numpy().ravel())
    words = f"Without a star: strong and weak, strong and weaker, {unequal}."
    assert found.matrix.notes == (words,)


def test_means_over_other_seeds_get_no_places_and_nothing_is_bold(tmp_path):
    for generator, more in (("x", (2, 3, 4)), ("y", ())):
        for method, skill in SKILLS.items():
            for seed in (0, 1, *(more if method == "strong" else ())):
                low = seed > 1  # seeds of which the others know nothing pull the mean down
                own = 0.05 if low else skill
                write_cell(tmp_path, generator, method, seed, k=16, n=4000, skill=own)
    rows = headline(read_cells(tmp_path), {}, ORDER)
    found = leaderboard(rows, MEASURES, ORDER)
    words = "means over different seeds: 0, 1, 2, 3, 4 of strong; 0, 1 of weak and weaker."
    notes = (
        "Places are means over y.",
        "Means of what methods cost are over x, y.",
        f"Without places and bold: x, {words}",
    )
    assert found.board.notes == notes
    assert found.ahead == (("y", "strong"),)
    places = found.board.frame.set_index("method").loc["strong"]
    assert places[["mean place", "mean place_low", "mean place_high"]].tolist() == [1, 1, 1]
    write_tables(rows, MEASURES, tmp_path, found.ahead)
    assert f"Nothing is bold on x: {words}" in (tmp_path / "rca.md").read_text()
    assert place_table(rows).equals(place_table([r for r in rows if r.generator == "y"]))


def test_a_method_of_two_configurations_is_left_out_there_and_nothing_is_bold(run):
    other = {"lr": 1.0}  # a copy of another run's cell, without run.json
    write_cell(run, "x", "strong", 0, k=16, n=4000, skill=0.05, method_settings=other)
    found = board_of(run)
    table = found.board
    assert table.notes[0] == "Left out is strong on x: it has 2 configurations in this run."
    frame = table.frame.set_index("method")
    assert frame.loc["strong", "on x"] is None
    assert frame.loc["strong", "on y"] > 0.5
    assert set(table.bold) == {(0, "on y")}
    assert found.ahead == (("y", "strong"),)
    rows = headline(read_cells(run), {}, ORDER)
    only_y = place_table([r for r in rows if r.generator == "y"])
    assert place_table(rows).equals(only_y)
    assert only_y["place"].max() == 3


def test_shares_of_the_largest_shift_meet_whatever_that_is(tmp_path):
    for generator, largest in (("x", 6.0), ("y", 4.2), ("z", 3.3)):
        for method in ORDER:
            write_cell(tmp_path, generator, method, 0, max_shift=largest)
    places = place_table(headline(read_cells(tmp_path), {}, ORDER))
    assert len(places) == 3 * 6
