"""The rule that says when there is enough: what it says, and that looking often does no harm."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from scipy.special import expit
from scipy.stats import binom, t, ttest_ind

from benchmark.core.errors import BenchError
from benchmark.core.estimates import Undefined
from benchmark.stats.power import arrangements, p_values
from benchmark.stats.wins import contests, pair_scores
from study_server.bundle import Bundle, load_bundle
from study_server.bundle_writer import write_bundle
from study_server.commands import status
from study_server.served import Served
from study_server.settings_file import read_settings
from study_server.stopping_rule import StoppingRule
from study_server.tasks import Pairs, Task
from study_server.tasks.choosing import made_task
from study_server.tasks.question import Answer, Question
from study_server.watching import Looked, difference_width, look
from study_server.watching_wins import wins_width

from .blobs import SETTINGS, blob_bundle, strips
from .conftest import Visitor
from .test_assignment import judge_all, newcomer


def test_the_width_is_welch_s() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(9), rng.random(14) / 2
    ends = ttest_ind(one, other, equal_var=False).confidence_interval()
    assert difference_width([(one, other)]) == pytest.approx(ends.high - ends.low, rel=1e-9)
    assert difference_width([(one, one + 0.1)] * 2) < difference_width([(one, one + 0.1)])
    assert difference_width([(np.ones(5), np.zeros(5))]) == 0
    with pytest.raises(BenchError, match="the MOS of directions"):
        difference_width([(np.array([0.1, np.nan]), other)])


RULE = "[stopping]\nwidth = 0.5\npeople = 4\n"


@pytest.fixture
def ruled(tmp_path: Path) -> Bundle:
    """A study with a rule, of four directions of each method."""
    blob_bundle(tmp_path / "study", per_method=4, generators=("blobs-grey",), rules=RULE)
    return load_bundle(tmp_path / "study")


@pytest.fixture
def bundle(bundle: Bundle) -> Bundle:
    """The usual small study, with that rule."""
    path = bundle.folder / "study.toml"
    path.write_text(path.read_text("utf-8") + RULE, "utf-8")
    return load_bundle(bundle.folder)


def answers(bundle: Bundle, people: int, good: str = "discovered") -> pd.DataFrame:
    """Everybody says yes to all directions of one method, and no to all but the first of others."""
    sources = [s for (s,) in bundle.sources.values() if not s.check]
    rows = [
        {
            **vars(source),
            "annotator": f"a{i}",
            "mos": float(source.method == good or source.direction == 0),
            "repeat": 0,
            "seconds": 5.0,
            "check": None,
            "simulated": False,
        }
        for source in sources
        for i in range(people)
    ]
    return pd.DataFrame(rows)


def test_it_waits_for_ratings_of_every_direction(ruled: Bundle) -> None:
    everybody = {f"a{i}" for i in range(9)}
    two = look(ruled, answers(ruled, 2), everybody)
    assert isinstance(two.width, Undefined)
    assert "12 directions have fewer than 3 ratings" in str(two)
    assert (two.people, two.met) == (2, False)
    three = look(ruled, answers(ruled, 3), everybody)
    others = [1.0, 0.0, 0.0, 0.0]
    ends = ttest_ind(others, others, equal_var=False).confidence_interval()
    assert three.width == pytest.approx(ends.high - ends.low, rel=1e-9)  # the widest of the three
    assert not three.met
    assert look(ruled, answers(ruled, 4), everybody).met  # by people
    assert not look(ruled, answers(ruled, 4), {"a0", "a1", "a2"}).met  # of whom one does not count


def test_directions_without_spread_are_not_narrow_but_unknown(ruled: Bundle) -> None:
    frame = answers(ruled, 3)
    alike = frame.assign(mos=(frame["method"] == "discovered").astype(float))
    found = look(ruled, alike, {"a0", "a1", "a2"})
    assert "do not vary" in str(found)
    assert not found.met


def test_where_it_lies_makes_no_difference(ruled: Bundle) -> None:
    frame = answers(ruled, 3)
    shifted = frame.assign(mos=1 - frame["mos"])
    everybody = {"a0", "a1", "a2"}
    assert look(ruled, frame, everybody).width == look(ruled, shifted, everybody).width


@pytest.mark.parametrize(
    ("rule", "width", "people", "met"),
    [
        (StoppingRule(0.2, 0), 0.19, 99, True),
        (StoppingRule(0.2, 0), 0.2, 99, False),
        (StoppingRule(0.2, 9), 0.3, 9, True),
        (StoppingRule(0.0, 9), Undefined("not asked for"), 8, False),
        (StoppingRule(0.2, 0), Undefined("not known"), 99, False),
    ],
)
def test_it_is_met_by_either(rule: StoppingRule, width: float, people: int, met: bool) -> None:
    assert Looked(rule, width, people).met == met


def test_it_is_part_of_the_plan_and_older_plans_keep_their_hash(tmp_path: Path) -> None:
    text = SETTINGS.format(ratings=3, items=6, repeats=0, checks=1)
    path = tmp_path / "study.toml"

    def read(more: str) -> tuple[str, dict]:
        path.write_text(text + more, "utf-8")
        settings = read_settings(path)
        return settings.plan_sha256, settings.plan

    without, plan = read("")
    assert "stopping_width" not in plan
    assert read("[stopping]\nwidth = 0\n")[0] == without
    other, plan = read("[stopping]\nwidth = 0.15\npeople = 40\n")
    assert other != without
    assert (plan["stopping_width"], plan["stopping_people"]) == (0.15, 40)
    for wrong, message in (
        ("[stopping]\nwidth = 3\n", "stopping.width lies between 0 and 2"),
        ("[stopping]\npeople = -1\n", "stopping.people is 0 or more"),
        ("[stopping]\nwidht = 0.1\n", "did you mean stopping.width"),
        ("[screening]\nwidth = 0.1\n", "belongs below .stopping."),
    ):
        with pytest.raises(BenchError, match=message):
            read(wrong)


def test_staff_and_the_status_are_told_and_nothing_closes(
    app: Flask, staff: Visitor, served: Served
) -> None:
    assert "Now not met: the width is undefined: not known yet" in staff.get("/admin/").text
    for _ in range(4):
        judge_all(served, newcomer(served))
    page = staff.get("/admin/").text
    assert "Fixed with the plan: stop when the 95% interval of the difference of MOS" in page
    assert "4 of 4 people" in page
    assert "There is enough; nothing closes by itself.\nThe rule looks" in page
    said = status(served.bundle.folder)
    assert said["stopping rule"].startswith("stop when the 95% interval of the difference")
    assert "; met: the width is" in said["stopping rule"]
    assert said["state"] == "open"


def test_a_task_without_mos_or_wins_has_nothing_to_be_narrow(tmp_path: Path) -> None:
    class Other(Task):
        name = "other"
        shows = 2
        questions = (Question("which", "yes_no", {"en": {"which.ask": "This?"}}),)

        def score(self, answer: Answer) -> float:
            return float(answer["which"])

    path = tmp_path / "study.toml"
    path.write_text(SETTINGS.format(ratings=3, items=6, repeats=0, checks=1) + RULE, "utf-8")
    with pytest.raises(BenchError, match=r"neither MOS nor wins, so that \[stopping\] width"):
        made_task(Other, read_settings(path))
    made_task(Pairs, read_settings(path))


@pytest.fixture
def pairs(tmp_path: Path) -> Bundle:
    """A study of pairs with a rule, of four directions of each method."""
    path = tmp_path / "study.toml"
    path.write_text(SETTINGS.format(ratings=3, items=6, repeats=0, checks=1) + RULE, "utf-8")
    shown = strips(4, ("blobs-grey",))
    write_bundle(tmp_path / "study", shown, path, task=Pairs)
    return load_bundle(tmp_path / "study")


def answers_about_pairs(bundle: Bundle, people: int) -> pd.DataFrame:
    """Whoever judges chooses by chance, and sometimes nothing."""
    rng = np.random.default_rng(3)
    rows = []
    for one, other in bundle.sources.values():
        if not one.check:
            second = {f"{key}_2": value for key, value in vars(other).items()}
            rows += [
                {**vars(one), **second, "annotator": f"a{i}", "mos": rng.choice([0, 0.5, 1])}
                for i in range(people)
            ]
    given = {"repeat": 0, "seconds": 5.0, "check": None, "simulated": False}
    return pd.DataFrame(rows).drop(columns="check_2").assign(**given)


def test_pairs_are_watched_by_the_width_of_wins(pairs: Bundle) -> None:
    everybody = {f"a{i}" for i in range(9)}
    two = look(pairs, answers_about_pairs(pairs, 2), everybody)
    assert "24 pairs have fewer than 3 ratings" in str(two.width)
    frame = answers_about_pairs(pairs, 3)
    found = look(pairs, frame, everybody)
    assert found.fixed.startswith("stop when the 95% interval of a share of wins is narrower than")
    scored = pair_scores(frame)
    widths = []
    for method, other in itertools.permutations(["coordinate", "discovered", "random"], 2):
        own = scored[
            (scored["method"].isin([method, other])) & scored["method_2"].isin([method, other])
        ]
        turned = own["method"] == other
        value = np.where(turned, 1 - own["score"], own["score"])
        shares = {
            (
                row.Index,
                frozenset([(row.method, row.direction), (row.method_2, row.direction_2)]),
            ): v
            for row, v in zip(own.itertuples(), value - value.mean(), strict=True)
        }
        total = sum(  # a loop over pairs of pairs that share a direction
            a * b
            for (i, ends), a in shares.items()
            for (j, others), b in shares.items()
            if ends & others
        )
        alone = sum(a * a for a in shares.values())
        variance = max(total, alone) / len(value) ** 2 * 4 / 3
        widths.append(2 * t.ppf(0.975, 3) * variance**0.5)
    assert found.width == pytest.approx(max(widths), rel=1e-9)
    turned = look(pairs, frame.assign(mos=1 - frame["mos"]), everybody)
    assert turned.width == pytest.approx(found.width, rel=1e-9)


@pytest.mark.parametrize("answer", ["neither", "won"])
def test_pairs_that_do_not_vary_are_not_narrow_but_unknown(pairs: Bundle, answer: str) -> None:
    frame = answers_about_pairs(pairs, 3)
    won = (frame["method"] < frame["method_2"]).astype(float)
    alike = frame.assign(mos=won if answer == "won" else 0.5)
    for contest in contests(pair_scores(alike), ["coordinate", "discovered"]):
        assert contest.wins.interval.high - contest.wins.interval.low > 0.4  # the analysis' own
    found = look(pairs, alike, {"a0", "a1", "a2"})
    assert "do not vary" in str(found)
    assert not found.met


@pytest.mark.parametrize(
    "studies", [pytest.param(100, id="reduced"), pytest.param(2_000, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("directions", "width"), [(10, 0.36), (20, 0.24)])
def test_looking_often_at_wins_finds_none_that_are_not_there(
    studies: int, directions: int, width: float
) -> None:
    """Two methods alike; each direction stands in two pairs, as the task draws them."""
    rng, rounds, n = np.random.default_rng(directions), 12, directions
    a, b = np.tile(np.arange(n), 2), np.concatenate([np.arange(n), (np.arange(n) + 1) % n])
    ends = {"method": "x", "direction": a, "method_2": "y", "direction_2": b}
    frame = pd.DataFrame({"generator": "g", **ends})
    found, looks = 0, []
    for _ in range(studies):
        worth = 1.2 * rng.standard_normal((2, n))
        chance = expit(worth[0, a] - worth[1, b])  # (pairs,)
        won = (rng.random((2 * n, rounds)) < chance[:, None]).astype(float)
        scores = np.where(rng.random(won.shape) < 0.15, 0.5, won)  # (pairs, rounds)
        for seen in range(3, rounds + 1):
            scored = frame.assign(score=scores[:, :seen].mean(axis=1))
            if wins_width([scored]) < width:
                break
        looks.append(seen)
        judged = scored.assign(n=seen, ties=(scores[:, :seen] == 0.5).sum(axis=1))
        (contest,) = contests(judged, ["x", "y"])
        found += contest.p <= 0.05
    print(f"{directions} directions reject {found / studies:.4f}, mean rounds {np.mean(looks):.1f}")
    assert len(set(looks)) > 3
    assert binom.ppf(1e-3, studies, 0.05) <= found <= binom.ppf(1 - 1e-3, studies, 0.05)


@pytest.mark.parametrize(
    "studies", [pytest.param(200, id="reduced"), pytest.param(2_000, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("directions", "width"), [(20, 0.34), (40, 0.22)])
def test_looking_after_every_round_finds_no_difference_that_is_not_there(
    studies: int, directions: int, width: float
) -> None:
    rng, rounds, n = np.random.default_rng(directions), 12, directions
    labels = arrangements(n, rng)
    level = -0.4 + 1.2 * rng.standard_normal((studies, 2 * n, 1))  # (studies, 2n, 1)
    leniency = 0.6 * rng.standard_normal((studies, 1, rounds))
    yes = rng.random((studies, 2 * n, rounds)) < expit(level + leniency)
    means = yes.cumsum(axis=2) / np.arange(1, rounds + 1)  # (studies, 2n, rounds)
    stopped, looks = np.empty((studies, 2 * n)), []
    for study in range(studies):
        for seen in range(3, rounds + 1):
            stopped[study] = means[study, :, seen - 1]
            if difference_width([(stopped[study, :n], stopped[study, n:])]) < width:
                break
        looks.append(seen)
    found = int(np.sum(p_values(stopped, labels) <= 0.05))
    print(f"{directions} directions reject {found / studies:.4f}, mean rounds {np.mean(looks):.1f}")
    assert len(set(looks)) > 3  # the rule decides, and not the last round alone
    assert binom.ppf(1e-3, studies, 0.05) <= found <= binom.ppf(1 - 1e-3, studies, 0.05)
