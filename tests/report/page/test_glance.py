"""What the page says at a glance is what the tables say, no more."""

import pytest

from benchmark.report.page.glance import difference, glances, sentence, sentences
from benchmark.report.tables.against import comparison_table
from benchmark.report.tables.main_table import rca_table
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from benchmark.runs.roles import assign_roles
from tests.report.drawn import MEASURES, draw_judged, write_cell

ROLES = assign_roles({"discovered": "method", "random": "baseline", "coordinate": "baseline"})
PAIR = {
    "method": "discovered",
    "baseline": "random",
    "rca_difference": 0.2,
    "note": "",
    "rca_difference_low": 0.1,
    "rca_difference_high": 0.3,
    "rca_p_adjusted": 0.01,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            "R tells directions of discovered apart better than those of random, by 0.200, "
            "adjusted p 0.010.",
        ),
        (
            {"rca_difference": -0.2},
            "R tells directions of discovered apart worse than those of "
            "random, by 0.200, adjusted p 0.010.",
        ),
        (
            {"rca_p_adjusted": 0.05},
            "No difference to random is shown (discovered lies above it by "
            "0.200, adjusted p 0.050).",
        ),
        (
            {"rca_p_adjusted": None, "note": "few directions"},
            "Whether discovered differs from random cannot be said: few directions.",
        ),
    ],
)
def test_a_sentence_is_as_careful_as_its_p(changes, expected):
    assert sentence(PAIR | changes) == expected


NEW = {
    "seeds": 6,
    "rca_difference_new_runs": 0.2,
    "rca_difference_new_runs_low": 0.1,
    "rca_difference_new_runs_high": 0.3,
    "rca_p_new_runs": 0.01,
    "rca_p_new_runs_adjusted": 0.02,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "New runs can be expected to lie above as well (+0.200 [+0.100, +0.300], adjusted p"),
        ({"rca_p_new_runs_adjusted": 0.3}, "For new runs no difference is shown (+0.200 ["),
        (
            {"seeds": 2, "rca_difference_new_runs": None, "rca_p_new_runs_adjusted": None},
            "That speaks of these trained runs, a claim about new ones needs at least 5 seeds.",
        ),
        ({"rca_p_new_runs_adjusted": None}, "That speaks of these trained runs."),
    ],
)
def test_a_sentence_says_apart_what_holds_for_new_runs(changes, expected):
    here = "R tells directions of discovered apart better than those of random, by 0.200, "
    assert sentence(PAIR | NEW | changes).startswith(f"{here}adjusted p 0.010. {expected}")


def test_a_difference_shows_what_is_known_of_it():
    words = "RCA of discovered less this: +0.200"
    assert difference(PAIR, "rca") == f"{words} [+0.100, +0.300], adjusted p 0.010"
    without = {"rca_difference_low": None, "rca_difference_high": None, "rca_p_adjusted": None}
    assert difference(PAIR | without, "rca") == words
    assert difference({}, "rca") == difference(PAIR, "mos") == ""


def test_few_directions_have_a_glance_without_an_interval(tmp_path):
    for method in ("discovered", "random"):
        write_cell(tmp_path, "planted", method, 0, k=3)
    write_cell(tmp_path, "planted", "coordinate", 0, failure="x")
    rows = headline(read_cells(tmp_path), {})
    (glance,) = glances(rca_table(rows, MEASURES), MEASURES, comparison_table(rows, ROLES))
    words = {row["method"]: row["against"] for row in glance.rows}
    assert words["discovered"] == words["coordinate"] == []
    assert words["random"][0].startswith("RCA of discovered less this: ")
    assert "nan" not in str(glance).lower().replace("planned", "")


def test_a_study_adds_its_mos_with_its_word(run):
    rows, judged = headline(read_cells(run), {}), draw_judged(simulated=True)
    (glance,) = glances(
        rca_table(rows, MEASURES), MEASURES, comparison_table(rows, ROLES, judged), judged
    )
    random = glance.rows[1]["against"]
    own = judged.directions.query("method == 'random'")["mos"]
    assert random[1] == f"simulated MOS {own.mean():.2f}, 7 directions judged"
    assert random[2].startswith("simulated MOS of discovered less this: ")


MANY = [
    PAIR | {"baseline": "a", "rca_p_adjusted": 0.001},
    PAIR | {"baseline": "b", "rca_p_adjusted": 0.04},
    PAIR | {"baseline": "c", "rca_p_adjusted": 0.03, "rca_difference": -0.1},
    PAIR | {"baseline": "d", "rca_p_adjusted": 0.3},
    PAIR | {"baseline": "e", "rca_p_adjusted": 0.5, "note": "not on equal terms on x: steps"},
    PAIR | {"baseline": "f", "rca_difference": None},
    PAIR | {"baseline": "elsewhere", "rca_difference": None},
]
PRESENT = {"discovered", *"abcdef"}


def test_many_comparisons_are_said_together():
    assert sentences(MANY, PRESENT) == [
        "R tells directions of discovered apart better than those of a and b, "
        "adjusted p 0.040 at most.",
        "R tells directions of discovered apart worse than those of c, adjusted p 0.030.",
        "No difference to d and e (on other terms) is shown.",
        "Whether discovered differs from f cannot be said.",
        "That speaks of these trained runs; of new ones the table of comparisons does.",
    ]


def test_few_get_a_sentence_each_and_what_is_not_there_gets_none():
    assert sentences(MANY[:2], PRESENT) == [sentence(pair) for pair in MANY[:2]]
    assert sentences(MANY[-1:], PRESENT) == []


def test_one_k_is_said_once_and_different_ones_of_each(tmp_path):
    for method in ("discovered", "random"):
        write_cell(tmp_path / "a", "planted", method, 0, k=8)
        write_cell(tmp_path / "b", "planted", method, 0, k=8 if method == "random" else 4)
    for name, k in (("a", 8), ("b", None)):
        rows = headline(read_cells(tmp_path / name), {})
        (glance,) = glances(rca_table(rows, MEASURES), MEASURES, None)
        assert glance.k == k
        assert {row["k"] for row in glance.rows} == ({8} if k else {4, 8})


def test_many_comparisons_stand_in_sentences_and_the_table_alone(tmp_path):
    names = ("coordinate", "random", "ant", "bee")
    for method in ("discovered", *names):
        write_cell(tmp_path, "planted", method, 0)
    roles = assign_roles({"discovered": "method", **dict.fromkeys(names, "baseline")})
    rows = headline(read_cells(tmp_path), {})
    (glance,) = glances(rca_table(rows, MEASURES), MEASURES, comparison_table(rows, roles))
    assert [row["against"] for row in glance.rows] == [[]] * 5
    assert glance.sentences


def test_a_card_shows_how_much_of_the_truth_was_found_where_it_is_known(tmp_path) -> None:
    for generator, known in (("planted", {"recovery": 0.9}), ("mnist", {})):
        figures = {"rca_fresh": 0.5, "collapse": 0.9, **known}
        write_cell(tmp_path, generator, "random", 0, figures=figures)
    views = glances(rca_table(headline(read_cells(tmp_path), {}), MEASURES), MEASURES, None)
    told = {view.generator: view.rows[0]["price"] for view in views}
    assert told["planted"].endswith("recovery 0.900")
    assert "recovery" not in told["mnist"]
