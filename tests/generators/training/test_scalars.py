"""TensorBoard is needed to train a generator, and for nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.generators.training.scalars import scalar_writer

WITHOUT = """
import pkgutil, sys
sys.modules["tensorboard"] = None  # importing it fails
import benchmark
for module in pkgutil.walk_packages(benchmark.__path__, "benchmark."):
    __import__(module.name)
import baselines, study_server
"""


def test_without_it_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    # Before it looks at the data, which it would read for minutes.
    missing = str(tmp_path / "missing.npz")
    result = CliRunner().invoke(main, ["train-generator", "mnist-sngan", "--data", missing])
    assert result.exit_code == 2
    assert result.output == (
        "error: training a generator needs TensorBoard: "
        "pip install 'latent-direction-bench[train]'\n"
    )


def test_all_of_benchmark_imports_without_it() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, timeout=120)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BenchError, match=r"cannot write .*file/tensorboard"):
        scalar_writer(tmp_path / "file" / "tensorboard", 0)
