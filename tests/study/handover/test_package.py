"""A study handed over: what the folder holds, and that its scripts find the tables again."""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from benchmark.cli.main import main
from benchmark.study.analyse import analyse_study
from benchmark.study.handover.package import write_package
from study_server import commands
from study_server.models import Annotator, Assignment, Judgment
from study_server.opened import opened
from tests.command_line import done

NUMBER = "5f7c1e0a9b3d4c2e8a6f0123"  # of a recruiting service
NAME = re.compile(r"([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\.csv")


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    (path,) = (folder / "data").glob(f"*_description-{name}_data.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def study(answered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, to which one came from a service, one with a formula for a reason, and bots."""
    folder = shutil.copytree(answered, tmp_path_factory.mktemp("handover") / "study")
    with opened(folder) as served:
        people = rows_of(served)
        served.store.write(
            lambda db: db.execute(
                update(Annotator)
                .where(Annotator.public_id == people[0])
                .values(outside=json.dumps({"PROLIFIC_PID": NUMBER}), outside_id=NUMBER)
            )
        )
    commands.exclude(folder, people[1], "=looked away, and said so")
    commands.simulate(folder, 1)
    rehearsed = Judgment.created_at - 7 * 86400  # the bots, a week before
    with opened(folder) as served:
        of_bots = update(Judgment).where(Judgment.simulated).values(created_at=rehearsed)
        served.store.write(lambda db: db.execute(of_bots) and None)
    text = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(
        text.replace("min_checks_passed = 0.5", "min_checks_passed = 0.4")
    )
    with opened(folder):
        pass
    return folder


def rows_of(served) -> list[str]:
    from study_server.people import people_in

    with served.store.read() as db:
        return people_in(db)["annotator"].tolist()


@pytest.fixture(scope="module")
def package(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handover") / "package"
    made = CliRunner().invoke(main, ["study", "export", str(study), "--package", str(folder)])
    assert made.exit_code == 0, made.output
    assert f"{len(rows(folder, 'judgments'))} judgments" in made.output
    return folder


def test_it_is_a_psych_ds_data_set(package: Path) -> None:
    described = json.loads((package / "dataset_description.json").read_text("utf-8"))
    assert described["@type"] == "Dataset"
    assert all(described[key] for key in ("name", "description", "variableMeasured"))
    measured = {variable["name"] for variable in described["variableMeasured"]}
    files = list((package / "data").iterdir())
    assert len(files) == 4
    for path in files:
        assert NAME.fullmatch(path.name), path
        with path.open(encoding="utf-8", newline="") as file:
            head, *body = csv.reader(file)
        assert set(head) <= measured
        assert len(set(head)) == len(head)
        assert {len(line) for line in body} == {len(head)}


def test_its_days_are_those_of_its_judgments(package: Path) -> None:
    described = json.loads((package / "dataset_description.json").read_text("utf-8"))
    days = sorted(row["created_at"][:10] for row in rows(package, "judgments"))
    assert described["temporalCoverage"] == f"{days[0]}/{days[-1]}"


def test_every_column_is_explained(package: Path) -> None:
    with (package / "documentation" / "codebook.csv").open(encoding="utf-8", newline="") as file:
        book = {(row["table"], row["column"]): row for row in csv.DictReader(file)}
    assert all(row["words"] and row["type"] for row in book.values())
    for name in ("judgments", "annotators", "directions", "items"):
        (first, *_) = rows(package, name)
        assert {column for table, column in book if table == name} == set(first)


def test_no_file_holds_an_outside_number_a_code_or_a_bot(package: Path, study: Path) -> None:
    with opened(study) as served, served.store.read() as db:
        codes = [code for (code,) in db.query(Annotator.completion_code) if code]
        bots = [n for (n,) in db.query(Annotator.public_id).filter(Annotator.simulated != "")]
        secret = served.bundle.secrets["secret_key"]
    assert codes
    assert bots
    for path in package.rglob("*"):
        if path.is_file():
            content = path.read_bytes().decode("utf-8", "replace")
            for hidden in (NUMBER, secret, *codes, *bots):
                assert hidden not in content, path


def test_who_is_left_out_and_why(package: Path) -> None:
    people = rows(package, "annotators")
    assert [row["counted"] for row in people] == ["true", "false", "true"]
    assert people[1]["staff_reason"] == "'=looked away, and said so"
    assert "looked away" in (package / "documentation" / "exclusions.md").read_text()


def test_the_key_joins_pages_to_directions(package: Path) -> None:
    key = rows(package, "items")
    folders = {path.name for path in (package / "materials" / "strips").iterdir()}
    assert folders == {row["item"] for row in key}
    for row in key:
        pictures = (package / "materials" / "strips" / row["item"]).iterdir()
        assert sorted(path.name for path in pictures) == [f"1-{n}.webp" for n in range(1, 5)]
    names = " ".join(str(path) for path in (package / "materials").rglob("*"))
    assert "discovered" not in names.removeprefix(str(package))
    shown = {(row["generator"], row["method"], row["direction"]) for row in key if not row["check"]}
    directions = rows(package, "directions")
    assert shown == {(row["generator"], row["method"], row["direction"]) for row in directions}
    assert all(0 <= float(row["rca"]) <= 1 for row in directions)
    assert {row["role"] for row in directions if row["method"] == "discovered"} == {"method"}


def test_the_plan_and_what_changed(package: Path) -> None:
    plan = json.loads((package / "documentation" / "plan.json").read_text())
    assert "CHANGED" in plan["says"]
    assert plan["at_build_sha256"] != plan["now_sha256"]
    assert plan["served"][0]["changes"] == []
    assert plan["served"][1]["changes"] == [
        {"setting": "screening.min_checks_passed", "from": 0.5, "to": 0.4}
    ]


def test_a_day_among_the_settings_and_settings_that_nobody_met(study: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(study, tmp_path / "study")
    text = (folder / "study.toml").read_text()
    text = text.replace('retention = ""', "retention = 2099-12-31")
    (folder / "study.toml").write_text(text)
    with opened(folder):
        pass
    (folder / "study.toml").write_text(text.replace("2099", "2100"))
    write_package(folder, tmp_path / "package")
    plan = json.loads((tmp_path / "package" / "documentation" / "plan.json").read_text())
    assert [changed for served in plan["served"] for changed in served["changes"]][1:] == [
        {"setting": "consent.retention", "from": "", "to": "2099-12-31"}
    ]


def test_nothing_is_overwritten_and_options_that_clash_are_told(package: Path, study: Path) -> None:
    again = CliRunner().invoke(main, ["study", "export", str(study), "--package", str(package)])
    assert again.exit_code == 2
    assert "exists already" in again.output
    both = [*("study", "export", str(study), "--package", "x", "--format", "csv")]
    clash = CliRunner().invoke(main, both)
    assert clash.exit_code == 2
    assert "leave --format and --out out" in clash.output
    assert clash.output.count("\n") == 1


def test_the_paragraph_has_the_study_s_numbers(package: Path, study: Path) -> None:
    text = (package / "documentation" / "METHODS.txt").read_text()
    assert (
        "3 people were invited by links of their own and 0 came by an open link; 3 agreed" in text
    )
    assert "The staff left out 1 more" in text
    analysis = analyse_study(study)
    mos = analysis.table("comparisons").frame.iloc[0]
    assert f"difference of MOS {mos['difference']:+.3f} [" in text
    assert analysis.methods == text
    steps = analysis.table("participants").frame.set_index("step")["people"]
    assert steps["judged a direction"] == 3
    assert steps["left out by the staff"] == 1
    assert steps["analysed"] == 2


def test_a_study_without_answers_is_refused_in_one_line(unanswered: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(
        main, ["study", "export", str(unanswered), "--package", str(tmp_path / "out")]
    )
    assert told.exit_code == 2
    assert "nobody has judged" in told.output
    assert not (tmp_path / "out").exists()


def test_write_package_counts_its_judgments(study: Path, tmp_path: Path) -> None:
    assert write_package(study, tmp_path / "again") == len(rows(tmp_path / "again", "judgments"))


@pytest.mark.parametrize("name", ["reproduce.py", "reproduce.R"])
def test_its_scripts_find_its_tables(package: Path, name: str) -> None:
    command = [sys.executable, "-I"] if name.endswith(".py") else ["Rscript", "--vanilla"]
    if shutil.which(command[0]) is None:
        pytest.skip("no R: apt-get install r-base-core")
    words = [*command, str(package / "analysis" / name)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The tables are those in results." in done.stdout


def test_a_study_of_two_directions_is_handed_over_without_tables_of_one(
    run: Path, tmp_path: Path
) -> None:
    task = f"{Path(__file__).parents[2] / 'plugins' / 'two_directions.py'}:Pairs"
    study = tmp_path / "study"
    done("study", "build", run, "--task", task, "--per-method", 2, "--out", study)
    done("study", "simulate", study, "--task", task, "--annotators", 2)
    with opened(study, task=task) as served:
        for model, values in (
            (Annotator, {"simulated": ""}),
            (Assignment, {"simulated": False}),
            (Judgment, {"simulated": False, "seconds": 8.0}),
        ):
            statement = update(model).values(values)
            served.store.write(lambda db, statement=statement: db.execute(statement) and None)
    done("study", "export", study, "--task", task, "--package", tmp_path / "out")
    key = rows(tmp_path / "out", "items")
    assert {row["place"] for row in key} == {"1", "2"}
    (first, *_) = rows(tmp_path / "out", "judgments")
    assert {"method_2", "which", "score"} <= set(first)
    item = tmp_path / "out" / "materials" / "strips" / key[0]["item"]
    assert len(list(item.iterdir())) == 2 * 4
    assert not (tmp_path / "out" / "analysis").exists()
    assert (tmp_path / "out" / "results" / "preferred.csv").exists()
    text = (tmp_path / "out" / "documentation" / "METHODS.txt").read_text()
    assert "Each page showed two directions" in text
