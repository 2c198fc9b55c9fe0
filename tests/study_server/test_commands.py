"""The commands, and the bots that drive the real site."""

import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest

from benchmark.core.errors import BenchError
from study_server import commands
from study_server.bundle import Bundle
from study_server.export import counting, judgments
from study_server.stopping import Stop
from tests.command_line import done


@pytest.fixture(scope="module")
def simulated(bundle_template, tmp_path_factory):
    """A study in which nine careful bots and two of each other profile took part."""
    import shutil

    folder = tmp_path_factory.mktemp("simulated") / "study"
    shutil.copytree(bundle_template, folder)
    counts = {"careful": commands.simulate(folder, 9, "careful")}
    return folder, counts


def test_careful_bots_fill_the_study_and_agree(simulated) -> None:
    folder, counts = simulated
    assert counts["careful"] == 81
    status = commands.status(folder, simulated=True)
    assert status["annotators"] == "simulated"
    assert status["ratings"] == "54 of 54"
    assert float(status["Krippendorff's alpha"].split()[0]) > 0.5
    people = commands.status(folder)
    assert people["ratings"] == "0 of 54"
    assert people["annotators by stage"] == "none"


def test_their_rows_are_marked_for_ever(simulated) -> None:
    folder, _ = simulated
    with commands.opened(folder) as study:
        frame, task = judgments(study), study.bundle.task
    assert frame["simulated"].all()
    assert counting(frame, task).empty
    checks = frame[frame["check"].notna()]
    right = (checks["mos"] == 1) == (checks["check"] == "good")
    assert right.mean() > 0.7


def test_profiles_answer_as_their_names_say(simulated) -> None:
    import random

    from study_server.simulate import PROFILES, Bot

    folder, _ = simulated
    with commands.opened(folder) as study:
        items = [k for k, check in study.bundle.checks.items() if not check]
        shares = {}
        for profile in PROFILES:
            bots = [
                Bot(profile, random.Random(n), study.bundle.sources, study.bundle.task)
                for n in range(60)
            ]
            votes = Counter(
                (bot.answers(item)["consistent"], bot.answers(item)["single"])
                for bot in bots
                for item in items
            )
            shares[profile] = votes["yes", "yes"] / votes.total()
    assert shares["straight"] == 1
    assert shares["careless"] == pytest.approx(0.25, abs=0.05)
    assert shares["biased"] > shares["careful"] + 0.15


def test_unknown_profiles_get_a_hint(bundle: Bundle) -> None:
    with pytest.raises(BenchError, match="did you mean careful"):
        commands.simulate(bundle.folder, 1, "carefull")


def test_a_closed_study_stops_the_simulation(bundle: Bundle) -> None:
    commands.close(bundle.folder)
    with pytest.raises(BenchError, match="is the study open"):
        commands.simulate(bundle.folder, 1)
    assert commands.status(bundle.folder)["state"] == "closed"


def test_bots_leave_a_full_study(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one language: the page that says so has no form then, and nothing to send."""
    path = bundle.folder / "study.toml"
    path.write_text(path.read_text("utf-8").replace('["en", "zh"]', '["en"]'), "utf-8")
    monkeypatch.setattr("study_server.counting.is_full", lambda *_, **__: True)
    assert commands.simulate(bundle.folder, 2) == 0


def test_invitations_and_exports(bundle: Bundle, tmp_path) -> None:
    with pytest.raises(BenchError, match="a name is empty"):
        commands.invite(bundle.folder, 1, names=["Ada", " "])
    links = commands.invite(bundle.folder, 3, "https://study.example/")
    assert len(set(links)) == 3
    assert all(link.startswith("https://study.example/join/") for link in links)
    assert commands.export(bundle.folder, tmp_path / "x.parquet") == 0
    assert (tmp_path / "x.parquet").read_bytes().startswith(b"PAR1")
    assert pd.read_parquet(tmp_path / "x.parquet").empty
    assert "3 invited" in commands.status(bundle.folder)["annotators by stage"]


def test_a_taken_port_is_named(bundle: Bundle) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BenchError, match=f"127.0.0.1:{port}"):
            commands.serve(bundle.folder, Stop(), port=port)


def test_backup_and_restore_by_name(bundle: Bundle, tmp_path) -> None:
    commands.invite(bundle.folder, 2)
    study, copy = str(bundle.folder), str(tmp_path / "b.sqlite")
    assert done("study", "backup", study, "--out", copy) == f"0 judgments in {copy}\n"
    commands.invite(bundle.folder, 1)
    restored, former = done("study", "restore", study, copy).splitlines()
    assert restored == "0 judgments restored"
    assert former.startswith(f"the database before is kept as {bundle.database}.")
    assert "2 invited" in commands.status(bundle.folder)["annotators by stage"]


def test_the_log_of_a_start_is_its_own(bundle: Bundle) -> None:
    """Nothing of the migrations' own log, in a process that has set up no other."""
    code = (
        "import sys, pathlib\nfrom study_server import commands\n"
        "commands.make_server = lambda *_: sys.exit('it would serve now')\n"
        "commands.serve(pathlib.Path(sys.argv[1]), commands.Stop())"
    )
    words = [sys.executable, "-c", code, str(bundle.folder)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.stderr == "it would serve now\n"
