"""Completion codes: one a person, and a list that joins them to outside numbers and exports."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from benchmark.core.errors import BenchError
from study_server import commands
from study_server.bundle import Bundle
from study_server.codes import COLUMNS, completion_code, write_codes
from study_server.export import judgments
from study_server.served import Served, set_state

from .conftest import new_visitor
from .test_entrance import NUMBER, enter, judge_all
from .test_site import YES


def listed(study: Served, path: Path) -> list[dict[str, str]]:
    write_codes(study, path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_list_joins_numbers_codes_and_the_export(
    app: Flask, served: Served, tmp_path: Path
) -> None:
    paid = enter(app, served, **NUMBER)
    judge_all(paid)
    code = re.search(r"<output>(.+?)</output>", paid.last.text).group(1)
    midway = enter(app, served)
    midway.begin()
    midway.post(**YES)
    new_visitor(app, served, simulated="careful")
    rows = listed(served, tmp_path / "codes.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [row["outside_number"] for row in rows] == [NUMBER["PROLIFIC_PID"], ""]
    assert [row["code"] for row in rows] == [code, ""]
    assert [row["stage"] for row in rows] == ["finished", "judging"]
    assert [row["ending"] for row in rows] == ["completed", ""]
    assert [row["action"] for row in rows] == ["approve", ""]
    assert [row["judgments"] for row in rows] == ["9", "1"]
    counts = judgments(served)["annotator"].value_counts()
    assert {row["annotator"]: int(row["judgments"]) for row in rows} == counts.to_dict()
    assert (tmp_path / "codes.csv").stat().st_mode & 0o077 == 0
    served.store.write(lambda db: set_state(db, "closed", 0))
    shown = re.search(r"<output>(.+?)</output>", midway.get("/study").text).group(1)
    assert [row["code"] for row in listed(served, tmp_path / "codes.csv")] == [code, shown]


def test_codes_are_each_person_s_own_and_do_not_change(bundle: Bundle) -> None:
    names = [f"{number:012x}" for number in range(500)]
    codes = [completion_code(bundle, name) for name in names]
    assert len(set(codes)) == 500
    assert all(re.fullmatch(r"[A-HJKMNP-Z2-9]{4}-[A-HJKMNP-Z2-9]{4}", code) for code in codes)
    assert codes == [completion_code(bundle, name) for name in names]
    letters = {letter for code in codes for letter in code}
    assert len(letters) == 32  # all 31, and the hyphen
    one = replace(bundle, settings=replace(bundle.settings, completion_code="C1"))
    assert {completion_code(one, name) for name in names} == {"C1"}


def test_the_command_writes_the_list(bundle: Bundle, tmp_path: Path) -> None:
    commands.invite(bundle.folder, 2)
    assert commands.codes(bundle.folder, tmp_path / "codes.csv") == {"": 2}
    assert (tmp_path / "codes.csv").read_text().startswith(",".join(COLUMNS))
    with pytest.raises(
        BenchError, match=r"there is no folder .*none to write codes\.csv to; make it"
    ):
        commands.codes(bundle.folder, tmp_path / "none" / "codes.csv")
    assert not (tmp_path / "none").exists()
