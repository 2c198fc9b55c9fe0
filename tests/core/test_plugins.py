"""Plug-ins: a user's file runs as under python, is known by its content, and fails in one line."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from benchmark.core.plugins import (
    distinct_names,
    from_file,
    installed,
    is_file,
    name_of,
)
from tests.conftest import Install

OWN = """
from __future__ import annotations
from dataclasses import dataclass

@dataclass
class Mine:
    width: int = 3
    other: Mine | None = None

def make():
    return Mine(4)

def fails():
    raise ValueError("no weights\\n  today")

def leaves():
    raise SystemExit(3)

value = 7
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return path


def test_a_name_of_a_file_is_found_and_called(own: Path) -> None:
    assert is_file(f"{own}:make")
    assert not is_file("planted")
    assert name_of(f"{own}:make") == "mine-make"
    assert from_file(f"{own}:value").value == 7
    assert from_file(f"{own}:make", lambda make: make()).value.width == 4


def test_dataclasses_know_their_module_under_late_annotations(own: Path) -> None:
    from typing import get_type_hints

    kind = from_file(f"{own}:Mine").value
    assert get_type_hints(kind)["other"] == kind | None
    assert kind.__module__ in sys.modules
    assert kind.__module__ != "mine"


def test_the_file_is_not_run_as_a_program(own: Path) -> None:
    own.write_text("value = __name__ == '__main__'\n")
    assert from_file(f"{own}:value").value is False


def test_modules_beside_the_file_can_be_imported_also_while_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("width = 5\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "late.py").write_text("width = 6\n")
    main = tmp_path / "mine.py"
    main.write_text(
        "from net import width\n\ndef make():\n    from parts.late import width as w\n"
        "    return width, w\n"
    )
    path = list(sys.path)
    assert from_file(f"{main}:make", lambda make: make()).value == (5, 6)
    assert sys.path == path
    program = subprocess.run(
        [sys.executable, "-c", "from mine import make; print(make())"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert program.stdout.strip() == "(5, 6)"  # as python itself does it


def test_two_folders_with_modules_of_one_name_do_not_mix(tmp_path: Path) -> None:
    found = []
    for folder, width in (("a", 1), ("b", 2), ("a", 1)):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "net.py").write_text(f"width = {width}\n")
        (tmp_path / folder / "mine.py").write_text("from net import width\n")
        found.append(from_file(f"{tmp_path / folder / 'mine.py'}:width").value)
    assert found == [1, 2, 1]


def test_modules_that_were_there_before_stay_and_do_not_count(tmp_path: Path) -> None:
    main = tmp_path / "mine.py"
    main.write_text("import json, decimal\nvalue = json\n")
    before = sys.modules["json"]
    loaded = from_file(f"{main}:value")
    assert loaded.value is before
    from_file(f"{main}:value")
    assert sys.modules["json"] is before
    assert loaded.code == hashlib.sha256(main.read_bytes()).hexdigest()


def test_the_code_is_the_hash_of_the_file_and_of_what_lies_beside_it(tmp_path: Path) -> None:
    main, beside = tmp_path / "mine.py", tmp_path / "net.py"
    main.write_text("value = 1\n")
    beside.write_text("width = 5\n")
    alone = from_file(f"{main}:value").code
    assert alone == hashlib.sha256(b"value = 1\n").hexdigest()
    main.write_text("from net import width\nvalue = width\n")
    first = from_file(f"{main}:value")
    assert (first.value, from_file(f"{main}:value").code) == (5, first.code)
    beside.write_text("width = 6\n")  # as long as before, within the same second
    second = from_file(f"{main}:value")
    assert second.value == 6
    assert second.code != first.code
    assert not (tmp_path / "__pycache__").exists()
    (tmp_path / "moved").mkdir()
    for path in (main, beside):
        path.rename(tmp_path / "moved" / path.name)
    assert from_file(f"{tmp_path / 'moved' / 'mine.py'}:value").code == second.code


def test_it_runs_anew_each_time(tmp_path: Path) -> None:
    """A file that sets its own seed must draw the same numbers each time."""
    main = tmp_path / "mine.py"
    main.write_text(
        "import random\nrandom.seed(0)\ndef make():\n    return random.random()\nvalue = []\n"
    )
    draws = {from_file(f"{main}:make", lambda make: make()).value for _ in range(3)}
    assert len(draws) == 1
    from_file(f"{main}:value").value.append(1)
    assert from_file(f"{main}:value").value == []
    main.write_text("value = 2\n")
    assert from_file(f"{main}:value").value == 2


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (OWN, "mak", "unknown name in {path} 'mak'; did you mean make"),
        (
            OWN,
            "fails",
            "{path}:fails cannot be made: ValueError: no weights today (mine.py line ",
        ),
        (OWN, "leaves", "{path}:leaves cannot be made: SystemExit: 3 (mine.py line 17)"),
        ("import nowhere_at_all\n", "x", "{path}:x failed: ModuleNotFoundError: No module named"),
        (
            "\n\n1 / 0\n",
            "x",
            "{path}:x failed: ZeroDivisionError: division by zero (mine",
        ),
        ("def f(:\n", "x", "{path}:x failed: SyntaxError: invalid syntax (mine.py, line 1)"),
        (
            "from benchmark.core.errors import BenchError\nraise BenchError('no weights at w')\n",
            "x",
            "{path}:x failed: no weights at w",
        ),
        ("import sys\nsys.exit('bye')\n", "x", "{path}:x failed: SystemExit: bye (mine.py line 2)"),
        (
            "from benchmark.core.errors import BenchError as E\ndef f():\n    raise E('mine')\n",
            "f",
            "mine",
        ),
    ],
)
def test_a_fault_is_one_line_that_names_the_place(
    tmp_path: Path, content: str, name: str, message: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(content)
    modules, search = set(sys.modules), list(sys.path)
    with pytest.raises(BenchError) as caught:
        from_file(f"{path}:{name}", lambda value: value())
    assert str(caught.value).startswith(message.format(path=path))
    assert "\n" not in str(caught.value)
    assert sys.path == search
    left = {m for m in set(sys.modules) - modules if m.startswith("user_file_")}
    assert len(left) <= 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"no Python file at nowhere\.py$"):
        from_file("nowhere.py:make")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(BenchError, match=r"no Python file at .*folder\.py; Is a directory"):
        from_file(f"{tmp_path}/folder.py:make")


def test_names_are_told_apart_by_what_their_references_do_not_share() -> None:
    def names(*references: str) -> list[str]:
        return list(
            distinct_names({r: r.partition("?")[0].split("/")[-1] for r in references}).values()
        )

    assert names("planted", "x/a") == ["planted", "a"]
    assert names("runs/a/g", "runs/b/g", "planted") == ["g-a", "g-b", "planted"]
    assert names("g", "a/g") == ["g", "g-a"]
    assert names("g?classes=1,2", "g?classes=3") == ["g-1-2", "g-3"]
    swapped = names("a/b/g", "b/a/g")
    assert len(set(swapped)) == 2
    assert all(name.startswith("g-") for name in swapped)
    assert set(names("b/a/g", "a/b/g")) == set(swapped)  # whatever the order
    assert names("a/g", "a/g") == ["g"]


@pytest.fixture
def package(install: Install) -> None:
    methods = {"sefa": "sefa_plugin:Sefa", "broken": "sefa_gone:Gone", "lost": "sefa_plugin:Lost"}
    install(
        "sefa 0.2",
        "class Sefa:\n    'It.'\nclass Pairs: pass\n",
        {"methods": methods, "tasks": {"pairs": "sefa_plugin:Pairs"}},
    )


@pytest.mark.usefixtures("package")
def test_packages_offer_by_entry_points_without_being_imported() -> None:
    offers = installed("methods")
    assert {"sefa", "broken", "lost"} <= set(offers)
    assert offers["sefa"].package == "sefa 0.2"
    assert "sefa_plugin" not in sys.modules
    assert set(installed("tasks")) == {"pairs"}
    loaded = offers["sefa"].load()
    assert loaded.value.__name__ == "Sefa"
    assert loaded.code == "sefa 0.2"


@pytest.mark.usefixtures("package")
def test_one_that_cannot_be_loaded_is_told_with_its_package_and_the_others_work() -> None:
    offers = installed("methods")
    with pytest.raises(BenchError) as caught:
        offers["broken"].load()
    assert str(caught.value) == (
        "'broken' of package sefa 0.2 cannot be loaded: "
        "ModuleNotFoundError: No module named 'sefa_gone'"
    )
    with pytest.raises(BenchError, match=r"'lost' of package sefa 0\.2 cannot be loaded"):
        offers["lost"].load()
    assert offers["sefa"].load().value.__doc__ == "It."
