"""Slurm as submitit's own tests mock it: one array, the same bytes, and jobs that are lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.core.errors import BenchError
from tests.runs.engines.grids import artefacts, computed, groups

pytest.importorskip("submitit", reason="the extra `cluster` is not installed")

from submitit.core import submission
from submitit.slurm.test_slurm import mocked_slurm

from benchmark.runs.engines import on_slurm
from benchmark.runs.engines.on_slurm import OnSlurm, keys


class Cluster:
    """Runs the jobs of a mocked Slurm when the driver first asks for their news."""

    def __init__(self, mock: object, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lost = 0  # jobs that end without a result
        self.scripts: list[str] = []
        ask = on_slurm._Queued.news
        seen: set[str] = set()

        def news(queued: on_slurm._Queued) -> object:
            job = queued._job
            if job.job_id not in seen:
                seen.add(job.job_id)
                self.scripts.append(job.paths.submission_file.read_text())
                if self.lost:
                    self.lost -= 1
                    mock.set_job_state(job.job_id, "FAILED")  # type: ignore[attr-defined]
                    job._results_timeout_s = 0
                else:
                    with mock.job_context(job.job_id):  # type: ignore[attr-defined]
                        submission.process_job(job.paths.folder)
            return ask(queued)

        monkeypatch.setattr(on_slurm._Queued, "news", news)
        monkeypatch.setattr(OnSlurm, "pause", 0.05)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    with mocked_slurm() as mock:
        yield Cluster(mock, monkeypatch)


def test_an_array_of_jobs_leaves_the_bytes_of_one_process(
    tmp_path: Path, cluster: Cluster, alone: dict[str, bytes]
) -> None:
    run = tmp_path / "run"
    engine = OnSlurm({"slurm_partition": "long", "timeout_min": 5}, run, 2)
    results = computed(groups(), run, engine)
    assert [result.status for result in results] == ["done"] * 6
    assert artefacts(run) == alone
    assert not list(run.glob(".*"))
    script = cluster.scripts[0]
    assert "#SBATCH --array=0-1%" in script
    assert "#SBATCH --partition=long" in script
    assert "#SBATCH --time=5" in script


@pytest.mark.slow
def test_a_job_that_is_lost_is_submitted_once_more(
    tmp_path: Path, cluster: Cluster, alone: dict[str, bytes]
) -> None:
    cluster.lost = 1
    run = tmp_path / "run"
    results = computed(groups(), run, OnSlurm({}, run, 2))
    assert [result.status for result in results] == ["done"] * 6
    assert artefacts(run) == alone
    assert len(cluster.scripts) == 3


def test_a_machine_without_slurm_and_parameters_of_a_wrong_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mocked_slurm(), pytest.raises(BenchError, match=r"Slurm cannot be used: .*timeout_min"):
        OnSlurm({"timeout_min": "soon"}, tmp_path, 1)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="Slurm cannot be used"):
        OnSlurm({}, tmp_path, 1)
    assert {"slurm_partition", "timeout_min", "slurm_array_parallelism"} <= set(keys())
