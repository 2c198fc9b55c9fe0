"""What a designer is told before and after a study is built: its size, its power, its next step."""

import math
import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.cli.study.designing import inviting
from benchmark.cli.study.serving import invite
from benchmark.stats.population import Population
from benchmark.stats.power import Design, power
from benchmark.study.strength import strength
from benchmark.study.to_render import announced, counted, numbers_of
from study_server.bundle import Bundle, load_bundle
from study_server.bundle_writer import write_bundle
from study_server.effort import effort
from study_server.tasks import TASKS
from study_server.watching import compared
from tests.study_server.blobs import GENERATORS, blob_bundle, strips


class Row:
    """What the size of a study takes from the replicates of a method."""

    def __init__(self, generator: str, method: str, k: int) -> None:
        self.generator, self.method, self.k = generator, method, k


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Six directions of each of three methods, three ratings each, six for each person."""
    folder = tmp_path_factory.mktemp("designed") / "study"
    blob_bundle(folder)
    return load_bundle(folder)


def test_methods_of_a_generator_show_as_many_and_checks_are_left_out() -> None:
    a, b, c = Row("g", "a", 12), Row("g", "b", 9), Row("h", "a", 4)
    assert numbers_of([a, b, c], 20, []) == {("g", "a"): 9, ("g", "b"): 9, ("h", "a"): 4}
    good = [(b, 3), (b, 3), (b, 5)]  # one of them named twice
    numbers = numbers_of([a, b, c], 20, good)
    assert numbers == {("g", "a"): 7, ("g", "b"): 7, ("h", "a"): 4}
    assert numbers_of([a, b, c], 5, good)["g", "a"] == 5
    said = announced(numbers, None)
    assert said.startswith("rendering 18 directions of a, b: of each method 7 on g, 4 on h\n")
    assert said.endswith("`bench study init` writes them to a file of yours")
    assert announced({("g", "a"): 7}, Path("my.toml")).endswith("settings: my.toml")


def test_rendering_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    shown = list(strips(1, GENERATORS[:1]))
    assert list(counted(iter(shown), len(shown))) == shown
    assert f"rendering directions  {len(shown)}/{len(shown)}" in capsys.readouterr().err


def test_people_suffice_for_the_ratings_and_more_are_invited(bundle: Bundle) -> None:
    needed = effort(bundle)
    items = sum(not check for check in bundle.checks.values())
    assert (needed.ratings, needed.each) == (3 * items, 6)
    assert (needed.people - 1) * needed.each < needed.ratings <= needed.people * needed.each
    assert needed.invited >= 1.1 * needed.people
    assert f"{needed.people} people or more" in str(needed)
    assert f"about {needed.minutes} minutes a person" in str(needed)
    pages = needed.each + needed.extra
    assert needed.minutes == max(1, math.ceil(15 * pages / 60))  # a judgment takes 15 s


def test_power_is_that_of_the_plan_with_this_study_s_numbers(bundle: Bundle) -> None:
    shown = [one for of_item in bundle.sources.values() for one in of_item if not one.check]
    (each,) = set(Counter(one.method for one in shown).values())
    said, one, adjusted = strength(bundle)
    rows = 3 * len(compared(bundle))  # on each of two generators, and over both
    assert f"the analysis makes {rows} and adjusts p for all of them" in adjusted
    assert one.startswith("power on one generator alone (3 directions of each")
    design = Design(each, effort(bundle).people, 3)
    same = power(design, Population(0.5), Population(0.3), 4_000, seed=9)
    found = float(re.search(r"with a chance of (\d\.\d\d): too little", said)[1])
    assert f"({each} directions of each method, 3 ratings each)" in said
    assert found == pytest.approx(same.power, abs=0.04)
    enough = int(re.search(r"about (\d+) directions of each would make it 0.8", said)[1])
    larger = power(Design(enough, design.annotators, 3), Population(0.5), Population(0.3), 2_000)
    assert larger.power == pytest.approx(0.8, abs=0.06)


def test_methods_that_are_not_on_all_generators_are_named(tmp_path: Path) -> None:
    shown = list(strips(4, GENERATORS))
    where = GENERATORS[1]
    some = [one for one in shown if (one.generator, one.method) != (where, "random")]
    write_bundle(tmp_path / "some", some)
    said, *_ = strength(load_bundle(tmp_path / "some"))
    assert "2 generators together, of the methods on all of them (not random) (8 dir" in said
    one = [each for each in some if (each.generator, each.method) != (where, "discovered")]
    write_bundle(tmp_path / "one", one)
    said, alone, *_ = strength(load_bundle(tmp_path / "one"))
    assert said.endswith("none, since no two methods stand on all of them")
    assert alone.startswith("power on one generator alone (4 directions of each")


def test_few_directions_and_pairs_have_no_power(tmp_path: Path) -> None:
    write_bundle(tmp_path / "few", strips(2, GENERATORS[:1]))
    said, *_ = strength(load_bundle(tmp_path / "few"))
    assert said.endswith("none, since fewer than 4 cannot be tested")
    write_bundle(tmp_path / "pairs", strips(2, GENERATORS[:1]), task=TASKS["pairs"])
    assert list(strength(load_bundle(tmp_path / "pairs"))) == [
        "power: not known of a study that shows two directions"
    ]


def test_the_password_is_told_before_anything_that_somebody_may_stop(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_: Bundle) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmark.study.build.build_study", lambda *_: "the-password")
    monkeypatch.setattr("benchmark.study.strength.strength", stopped)
    told = CliRunner().invoke(main, ["study", "build", "run", "--out", str(bundle.folder)])
    assert told.exit_code
    assert "administrator's password, not stored anywhere: the-password\n" in told.output


@pytest.mark.parametrize("people", [1, 499, 500, 501, 1234])
def test_as_many_links_are_suggested_as_one_command_makes(people: int) -> None:
    option = next(one for one in invite.params if one.name == "count")
    said = list(inviting(people))
    for count, _ in said:
        assert option.type.min <= count <= option.type.max
    times = [int(re.match(r"(\d+) times|", why)[1] or 1) for _, why in said]
    assert sum(n * count for n, (count, _) in zip(times, said, strict=True)) == people


def test_init_writes_settings_and_says_what_comes_next(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    first = CliRunner().invoke(main, ["study", "init", str(path)])
    assert first.exit_code == 0, first.output
    assert "fill in its consent: institution, " in first.output
    assert first.output.endswith(f"next: bench study build RUN --settings {path}\n")
    again = CliRunner().invoke(main, ["study", "init", str(path)])
    assert again.exit_code
    assert again.output == f"error: {path} exists already; edit it, or name another file\n"
