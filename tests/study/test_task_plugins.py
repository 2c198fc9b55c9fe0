"""Users' own tasks, one file each: from the command line through the site to the tables."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from study_server import commands
from study_server.bundle import load_bundle
from study_server.export import judgments
from study_server.simulate import run_bots
from study_server.study_settings import Settings
from study_server.tasks import Question, Rating, Task
from study_server.tasks.choosing import stored_task, task_class
from study_server.tasks.task import FormError
from tests.command_line import bench, done

from .conftest import default_settings

PLUGINS = Path(__file__).parents[1] / "plugins"
SURE = f"{PLUGINS / 'third_question.py'}:Sure"
PAIRS = f"{PLUGINS / 'two_directions.py'}:Pairs"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "study.toml"
    path.write_text(default_settings().replace("ratings_per_item = 5", "ratings_per_item = 2"))
    return path


def judged(run: Path, folder: Path, task: str, settings: Path, bots: int) -> Path:
    """A study of the task that bots have judged."""
    study = folder / "study"
    options = ("--per-method", 4, "--settings", settings, "--out", study)
    done("study", "build", run, "--task", task, *options)
    done("study", "simulate", study, "--task", task, "--annotators", bots)
    return study


@pytest.fixture(scope="module")
def sure(run: Path, settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(run, tmp_path_factory.mktemp("sure"), SURE, settings, 4)


@pytest.fixture(scope="module")
def pairs(run: Path, settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(run, tmp_path_factory.mktemp("pairs"), PAIRS, settings, 4)


def exported(study: Path, task: str, folder: Path) -> pd.DataFrame:
    done("study", "export", study, "--task", task, "--out", folder / "answers.csv")
    return pd.read_csv(folder / "answers.csv")


def test_one_more_question_adds_a_column_and_a_row_of_agreement_and_changes_nothing_else(
    sure: Path, tmp_path: Path
) -> None:
    frame = exported(sure, SURE, tmp_path)
    always = ["consistent", "single", "sure", "mos", "category", "label"]
    assert list(frame)[4:10] == always
    assert set(frame["sure"]) <= {"very", "so_so", "not"}
    assert frame["sure"].notna().all()
    done("study", "analyse", sure, "--task", SURE, "--simulated", "--out", tmp_path)
    agreement = pd.read_csv(tmp_path / "agreement.csv")
    compared = agreement.loc[agreement["agreement"] == "between annotators", "question"]
    assert compared.tolist() == ["consistent", "single", "sure", "mos", "category"]
    assert {"mos_methods", "comparisons", "change_types", "screening", "mos_directions"} <= {
        path.stem for path in tmp_path.glob("*.csv")
    }
    assert (tmp_path / "figures" / "change_types.webp").exists()


def test_two_directions_have_their_columns_and_their_own_table(pairs: Path, tmp_path: Path) -> None:
    frame = exported(pairs, PAIRS, tmp_path)
    assert list(frame)[:9] == [
        *("generator", "method", "direction", "generator_2", "method_2", "direction_2"),
        *("annotator", "which", "score"),
    ]
    first = frame[(frame["repeat"] == 0) & frame["check"].isna()]
    assert (first["method"] != first["method_2"]).all()
    assert set(frame["check"].dropna()) == {"good"}
    text = done("study", "analyse", pairs, "--task", PAIRS, "--simulated", "--out", tmp_path)
    assert "Which method is preferred?" in text
    table = pd.read_csv(tmp_path / "preferred.csv").set_index("method")
    screened = pd.read_csv(tmp_path / "screening.csv").set_index("annotator")["excluded"]
    kept = first[~first["annotator"].map(screened)]
    for method, row in table.iterrows():
        mine = (kept["method"] == method).sum() + (kept["method_2"] == method).sum()
        won = kept[kept["method"] == method]["which"].eq("a").sum()
        won += kept[kept["method_2"] == method]["which"].eq("b").sum()
        assert (row["preferred"], row["shown"]) == (won, mine)
    assert not list(tmp_path.glob("mos_*.csv"))
    assert pd.read_csv(tmp_path / "agreement.csv")["question"].tolist() == ["which", "score"] * 2


def frame_of(study: Path, task: str, database: str | None) -> pd.DataFrame:
    """All answers, without their time, which files round to milliseconds."""
    with commands.opened(study, database, task) as opened:
        return judgments(opened).drop(columns="created_at")


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("task", [SURE, PAIRS], ids=["sure", "pairs"])
def test_exports_come_back(
    request: pytest.FixtureRequest, tmp_path: Path, task: str, kind: str
) -> None:
    study = request.getfixturevalue("sure" if task == SURE else "pairs")
    database = f"sqlite:///{tmp_path}/new.sqlite"
    path = tmp_path / f"answers.{kind}"
    done("study", "export", study, "--task", task, "--format", kind, "--out", path)
    done("study", "import", study, path, "--task", task, "--database", database)
    before, after = (frame_of(study, task, url) for url in (None, database))
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_without_its_file_a_study_says_what_to_give_and_imports_nothing(
    pairs: Path, tmp_path: Path
) -> None:
    for command in ("status", "simulate", "export", "analyse", "label", "close", "invite"):
        refused = bench("study", command, pairs)
        assert refused.exit_code == 2
        assert "--task FILE.py:CLASS" in refused.output
        assert len(refused.output.strip().splitlines()) == 1
    stored = (pairs / "manifest.json").read_text("utf-8"), (pairs / "private" / "map.json")
    assert "two_directions.py" not in stored[0] + stored[1].read_text("utf-8")
    done("study", "status", pairs, "--task", PAIRS)


def test_what_compares_directions_names_none(pairs: Path) -> None:
    refused = bench("study", "label", pairs, "--task", PAIRS)
    assert refused.exit_code == 2
    assert "names none of them" in refused.output


def test_another_task_is_refused(pairs: Path, sure: Path) -> None:
    assert "is 'rating and how sure'" in bench("study", "status", pairs, "--task", SURE).output
    assert "is 'rating'" in bench("study", "status", pairs, "--task", "rating").output


FAILS = """class Mine(Rating):
    name = "mine"
    def {}(self, *given):
        raise ValueError("no")"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Mine(Rating):\n    pass", "has the name of the task 'rating'"),
        ("Mine = Rating", "has the name of the task 'rating'"),
        ("Mine = 7", "is of type int; it must be a subclass of study_server.tasks.task.Task"),
        ("class Mine(Task):\n    name = 'mine'", "is unfinished: it lacks score"),
        ("class Mine(Task):\n    def score(self, answer): ...", "is unfinished: it lacks name"),
        ("Other = 7", "unknown name in"),
        ("raise ValueError('no')", "ValueError: no"),
        (FAILS.format("__init__"), "the task mine cannot be made: ValueError: no (mine.py line 5)"),
        (FAILS.format("items"), "the task mine failed in items(): ValueError: no (mine.py line 5)"),
    ],
)
def test_a_file_that_is_no_task_is_one_line(
    run: Path, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(f"from study_server.tasks import Rating, Task\n{text}\n")
    refused = bench("study", "build", run, "--task", f"{path}:Mine", "--out", tmp_path / "study")
    assert refused.exit_code == 2
    *before, said = refused.output.strip().splitlines()
    assert message in said
    assert not any(
        "error" in line or "Traceback" in line for line in before
    )  # but what is rendered
    assert "unknown task 'ratng'" in bench("study", "build", run, "--task", "ratng").output


EN = {"en": {"ask": "Well?"}}
YES_NO = Question("clear", "yes_no", EN)


class Own(Task):
    name = "own"
    questions = (YES_NO,)

    def score(self, answer):
        return int(answer["clear"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"questions": ()}, "asks nothing"),
        ({"questions": (YES_NO, YES_NO)}, "cannot be the name"),
        ({"questions": (Question("method", "yes_no", EN),)}, "cannot be the name"),
        ({"questions": (Question("Clear!", "yes_no", EN),)}, "cannot be the name"),
        ({"questions": (Question("clear", "yes_no", {}),)}, "has no words"),
        ({"questions": (Question("clear", "yesno", EN),)}, "kind 'yesno'; there are yes_no"),  # type: ignore[arg-type]  # a user's fault
        ({"questions": (Question("sure", "yes_no", EN),)}, "KeyError: 'clear'; it holds what was"),
        ({"questions": (Question("which", "one_of", EN, ("a",)),)}, "fewer than two choices"),
        ({"questions": (Question("clear", "yes_no", EN, keys=("p", "q")),)}, "plays the pictures"),
        (
            {"questions": (Question("why", "text", EN, asked_if={"clear": True}), YES_NO)},
            "waits for clear",
        ),
        (
            {"questions": (YES_NO, Question("why", "text", EN, asked_if={"clear": "maybe"}))},
            "waits for clear = 'maybe'",
        ),
        ({"questions": (replace(YES_NO, required=False),)}, "KeyError: 'clear'; it holds what was"),
        (
            {"questions": (YES_NO, Question("category", "one_of", EN, ("hue", "form")))},
            "offers those of study.toml",
        ),
        ({"score": lambda self, answer: 0.5}, "of one direction it is 0, 1 or None"),
        ({"shows": 3}, "room for 1 or 2"),
        ({"score_name": "clear"}, "'clear' cannot be the name of a question"),
        ({"score_name": "seconds"}, "'seconds' cannot be the name of the score"),
    ],
)
def test_a_task_that_makes_no_sense_is_named(changes: dict, message: str) -> None:
    task = type("Wrong", (Own,), changes)
    with pytest.raises(BenchError, match=message):
        task(Settings({}, {}, "1"))


def test_a_choice_that_may_be_left_out_is() -> None:
    class Lenient(Own):
        name = "lenient"
        questions = (
            replace(YES_NO, required=False),
            Question("how", "one_of", EN, ("a", "b"), required=False),
        )

        def score(self, answer):
            return None if "clear" not in answer else int(answer["clear"])

    task = Lenient(Settings({}, {}, "1"))
    assert task.parse({}) == {}
    assert task.parse({"clear": "no", "how": ""}) == {"clear": False}
    with pytest.raises(FormError):
        task.parse({"clear": "perhaps"})
    assert len(list(task.possible())) == 9


def test_a_task_that_asks_otherwise_by_now_is_refused(sure: Path) -> None:
    bundle = load_bundle(sure, SURE)
    described = json.loads((sure / "manifest.json").read_text("utf-8"))["task"]
    stored_task(described, bundle.settings, SURE)
    described["questions"][4]["choices"] = ["very", "not"]
    with pytest.raises(BenchError, match=r"not the one that the study was built for: choices of"):
        stored_task(described, bundle.settings, SURE)
    described["questions"].pop()
    with pytest.raises(BenchError, match="it asks consistent, single, label, category, sure, not"):
        stored_task(described, bundle.settings, SURE)


def test_words_may_be_corrected_and_categories_changed_afterwards(study: Path) -> None:
    path = study / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["task"]["questions"][0]["words"]["en"]["ask"] = "As it was put at first?"
    path.write_text(json.dumps(manifest), "utf-8")
    toml = study / "study.toml"
    toml.write_text(toml.read_text("utf-8").replace('"texture"]', '"texture", "mouth"]'), "utf-8")
    questions = {q.name: q for q in load_bundle(study).task.questions}
    assert questions["category"].choices == ("geometry", "colour", "texture", "mouth")
    assert questions["category"].options[-2:] == (("mouth", "4"), ("other", "5"))


def test_installed_packages_bring_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Offered:
        def load(self):
            return type("Loaded", (), {"value": Own})()

    monkeypatch.setattr("study_server.tasks.choosing.installed", lambda kind: {"own": Offered()})
    assert task_class("own") is Own
    described = Own(Settings({}, {}, "1")).describe()
    assert isinstance(stored_task(described, Settings({}, {}, "1"), None), Own)
    with pytest.raises(BenchError, match="did you mean own"):
        task_class("onw")


def test_a_perfect_observer_gives_checks_what_they_deserve() -> None:
    import random

    from study_server.tasks import Source

    settings = Settings({}, {}, "1")
    for kind in (Rating, Own, task_class(SURE)):
        task = kind(settings)
        for n in range(20):
            for check, expected in task.expected.items():
                source = Source("g", "m", n, check)
                said = task.truth((source,), random.Random(n))
                assert task.score(said) == expected
                task.check(task.asked(said | {"label": "x"} if "category" in said else said))


LATER = Question("which", "one_of", EN, ("a", "b"), asked_if={"clear": True})


class Conditional(Own):
    """Its score reads a question that is asked after a yes alone."""

    questions = (YES_NO, LATER)

    def score(self, answer):
        return {"a": 1.0, "b": 0.0}[answer["which"]] if answer["clear"] else None


def test_a_score_is_asked_about_whole_answers_alone() -> None:
    task = Conditional(Settings({}, {}, "1"))
    answers = [{"clear": True, "which": "a"}, {"clear": True, "which": "b"}, {"clear": False}]
    assert list(task.possible()) == answers
    assert [task.score(task.deserved(check)) for check in ("good", "still")] == [1.0, 0.0]
    assert task.deserved("") == {}


@pytest.mark.parametrize(
    ("instead", "message"),
    [
        ("[", "leaves nothing to judge: every item holds a check"),
        ("[*fair, *zip(studied, of_kind['still'])", "puts a check beside a direction under study"),
    ],
)
def test_a_task_that_does_not_keep_checks_and_studied_directions_apart_is_refused(
    run: Path, tmp_path: Path, instead: str, message: str
) -> None:
    path = tmp_path / "mine.py"
    text = Path(PAIRS.rpartition(":")[0]).read_text("utf-8")
    path.write_text(text.replace("[*fair", instead).replace("[, *", "[*"))
    refused = bench("study", "build", run, "--task", f"{path}:Pairs", "--out", tmp_path / "study")
    assert refused.exit_code == 2
    assert message in refused.output


def test_whatever_a_bot_meets_ends_the_simulation_in_one_line() -> None:
    def fails() -> int:
        raise KeyError("which")

    with pytest.raises(BenchError, match="the simulation stopped: KeyError: 'which'"):
        run_bots([fails])
