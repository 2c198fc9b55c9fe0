"""What a command prints while bars are drawn stands above them, whole."""

import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals on Windows", allow_module_level=True)

from tests.core.terminals import watch

RUN = """
import sys, time
sys.path.insert(0, {root!r})
from benchmark.cli.shared import tell
from benchmark.core.progress import part, phase, whole_run

with whole_run(cells=2, work=2.0):
    for name in ("random", "coordinate"):
        with part(cells=1, work=1.0, phases=1):
            with phase(f"judging {{name}}"):
                time.sleep(0.6)
            tell(f"planted {{name:10}} " + "rca_fresh 0.422  " * 5)
"""


def test_results_of_cells_stand_whole_above_the_bars(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(RUN.format(root=str(Path.cwd())))
    lines = watch(script).everything()
    assert " ".join(lines).count("rca_fresh 0.422") == 10
    assert [line.split()[1] for line in lines if line.startswith("planted")] == [
        "random",
        "coordinate",
    ]
    assert not any("judging" in line or "all cells" in line for line in lines)
