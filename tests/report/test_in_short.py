"""What a run says in the terminal at its end: who is ahead where, at what price."""

from pathlib import Path

from benchmark.report.in_short import in_short
from benchmark.report.making import write_report
from benchmark.runs.replicates import headline
from benchmark.runs.results import read_cells
from tests.report.drawn import MEASURES, write_cell


def lines(run: Path, *ahead: tuple[str, str]) -> list[str]:
    return in_short(headline(read_cells(run), {}), ahead, MEASURES)


def write(run: Path, generator: str, method: str, rca: float, cosine: float, still: float) -> None:
    figures = {"rca_fresh": rca, "max_cosine": cosine, "collapse": still, "effective_rank": 7.0}
    write_cell(run, generator, method, 0, figures=figures)


def test_who_is_ahead_and_its_worst_prices(tmp_path: Path) -> None:
    write(tmp_path, "a", "discovered", 0.6, 0.5, 0.9)
    write(tmp_path, "a", "random", 0.3, 0.99, 0.1)  # not ahead: its prices are not told
    write(tmp_path, "b", "discovered", 0.5, 0.2, 0.7)
    write(tmp_path, "b", "random", 0.4, 0.0, 1.0)
    assert lines(tmp_path, ("a", "discovered"), ("b", "discovered")) == [
        "ahead of all others by rca_fresh: "
        "discovered on a (0.600, chance 0.125), b (0.500, chance 0.125)",
        "the price of it, at worst: max_cosine 0.500 (a), collapse 0.70 (b)",
    ]


def test_where_nobody_is_ahead_the_best_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a", "discovered", 0.6, 0.5, 0.9)
    write(tmp_path, "a", "random", 0.3, 0.0, 1.0)
    write(tmp_path, "b", "discovered", 0.4, 0.2, 0.7)
    write(tmp_path, "b", "random", 0.5, 0.0, 1.0)
    first, _, last = lines(tmp_path, ("a", "discovered"))
    assert first == "ahead of all others by rca_fresh: discovered on a (0.600, chance 0.125)"
    best = "random on b (0.500, chance 0.125)"
    assert last == f"nobody is surely ahead of all others; the best: {best}"


def test_one_method_alone_has_nobody_to_be_ahead_of(tmp_path: Path) -> None:
    write(tmp_path, "a", "discovered", 0.6, 0.5, 0.9)
    write_cell(tmp_path, "a", "random", 0, failure="no memory")
    assert lines(tmp_path) == []


def test_nothing_is_the_best_where_figures_do_not_compare(tmp_path: Path) -> None:
    """RCA of fewer directions is higher by itself."""
    for generator, k in (("a", 8), ("b", 2)):
        write_cell(tmp_path, generator, "discovered", 0, k=8, skill=0.5)
        write_cell(tmp_path, generator, "random", 0, k=k, skill=0.4)
    best, unequal = lines(tmp_path)
    assert best.startswith("nobody is surely ahead of all others; the best: discovered on a (")
    assert " b (" not in best
    assert unequal == "who is ahead on b cannot be said: not on equal terms: k 8 and 2"


def test_who_is_alone_on_a_generator_is_not_the_best_there(tmp_path: Path) -> None:
    write(tmp_path, "a", "discovered", 0.6, 0.5, 0.9)
    write(tmp_path, "a", "random", 0.3, 0.0, 1.0)
    write(tmp_path, "b", "discovered", 0.4, 0.2, 0.7)
    write_cell(tmp_path, "b", "random", 0, failure="no memory")
    first, _ = lines(tmp_path, ("a", "discovered"))
    assert first == "ahead of all others by rca_fresh: discovered on a (0.600, chance 0.125)"


def test_a_baseline_may_be_ahead_and_all_places_say_so_alike(tmp_path: Path) -> None:
    """The comparison holds methods under test against baselines, and no baseline against another;
    the pairs of the leaderboard do. Terminal, table and board must not contradict each other."""
    for seed in range(3):
        for method, skill in (("discovered", 0.5), ("random", 0.3), ("sefa", 0.97)):
            write_cell(tmp_path, "planted", method, seed, k=32, skill=skill)
    written = write_report(tmp_path)
    assert written.in_short[0].startswith("ahead of all others by rca_fresh: sefa on planted")
    for name in ("rca.md", "leaderboard.md"):
        (line,) = (text for text in (tmp_path / name).read_text().splitlines() if "| **0." in text)
        assert "sefa" in line
