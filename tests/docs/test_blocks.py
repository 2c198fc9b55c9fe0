"""Every code block of README and docs works as printed, and one that does not is noticed."""

import shutil
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from tests.docs.blocks import ROOT, Fault, Section, check_inline, inline_commands, sections

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("**/*.md"))]
SECTIONS = [(path.name, section) for path in DOCUMENTS for section in sections(path)]


@pytest.mark.parametrize(
    "section", [pytest.param(s, id=f"{name}: {s.name}") for name, s in SECTIONS]
)
def test_the_blocks_of_a_section_work(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    section.run(tmp_path)


INLINE = sorted({line for path in DOCUMENTS for line in inline_commands(path.read_text())})


@pytest.mark.parametrize("line", INLINE)
def test_a_command_in_the_running_text_exists(line: str) -> None:
    check_inline(line)


def test_a_command_in_the_running_text_that_does_not_exist() -> None:
    (line,) = inline_commands("see `bench\nablat k` and ```sh\nbench list\n```, `ls bench `")
    with pytest.raises(Fault, match="ablat"):
        check_inline(line)


GOOD = """# A document

## One section

```python
# mine.py
VALUE = 3
```

```python
import runpy

value = runpy.run_path("mine.py")["VALUE"]
```

```python
assert value == 3
```

```sh
bench list               # what there is
bench run -g planted \\
    -m discovered --set steps=5000
make test
python -m pytest tests/docs -m slow
pip install 'latent-direction-bench[train]'
```

```text
anything goes
```
"""
BROKEN = {
    "VALUE = 3": "VALUE = 4",
    'path("mine.py")': 'path("other.py")',
    "assert value": "assert valeu",
    "bench list": "bench lists",
    "-m discovered": "--methods discovered",
    "-g planted": "-g",
    "steps=5000": "step=5000",
    "make test": "make tests",
    "tests/docs -m": "tests/dox -m",
    "-m slow": "-m slwo",
    "[train]": "[trian]",
    "```text": "```",
    "```sh": "```zsh",
    "pip install": "pip uninstall",
    "bench list ": "rm -r /",
    "# mine.py": "# unused.py\n```\n\n```python\n# mine.py",
    "steps=5000\nmake": "steps=5 --preset none\nmake",
}


def test_a_document_that_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(GOOD, tmp_path, monkeypatch)


@pytest.mark.parametrize(("right", "wrong"), BROKEN.items(), ids=BROKEN.values())
def test_a_block_that_is_broken(
    right: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert right in GOOD
    with pytest.raises((Fault, BenchError, AssertionError, NameError, FileNotFoundError)):
        run(GOOD.replace(right, wrong, 1), tmp_path, monkeypatch)


def test_sections_share_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = GOOD.replace("```python\nassert", "### Another section\n\n```python\nassert")
    with pytest.raises(NameError, match="value"):
        run(apart, tmp_path, monkeypatch)


def test_a_run_of_few_steps_is_a_real_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = "bench run -g planted -m random --set steps=2 --set evaluation=20 --out results/try"
    text = f"## A\n\n```sh\n{short}\nbench report results/try\n```\n"
    run(text, tmp_path, monkeypatch)
    assert (tmp_path / "A" / "results" / "try" / "report.html").exists()
    shutil.rmtree(tmp_path / "A")
    with pytest.raises(Fault, match="do not fit"):  # it parses, and fails when it is run
        run(text.replace("steps=2", "steps=2 --set k=99"), tmp_path, monkeypatch)


def run(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = folder / "document.md"
    document.write_text(text)
    for section in sections(document):
        place = folder / section.name
        place.mkdir()
        monkeypatch.chdir(place)
        section.run(place)
