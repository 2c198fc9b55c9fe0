"""Files are whole or absent, and faults are named."""

import os
from pathlib import Path

import pytest
import torch

from benchmark.core.checkpoints import load_checkpoint, save_checkpoint
from benchmark.core.errors import BenchError
from benchmark.core.storage import sha256, write_atomically


def test_a_writer_that_fails_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fails(part: Path) -> None:
        part.write_text("half of the n")
        raise OSError(28, "No space left on device")

    with pytest.raises(BenchError, match=r"cannot write .*file: No space left on device"):
        write_atomically(path, fails)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_is_nobody_elses_from_its_first_byte_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    replace, umask = Path.replace, os.umask(0)

    def look(part: Path) -> None:
        part.write_text("secret")
        seen.append(part.stat().st_mode & 0o777)

    def renamed(part: Path, path: Path) -> Path:
        seen.append(part.stat().st_mode & 0o777)
        return replace(part, path)

    monkeypatch.setattr(Path, "replace", renamed)
    try:
        write_atomically(tmp_path / "links.csv", look, 0o600)
        write_atomically(tmp_path / "table.csv", look)
    finally:
        os.umask(umask)
    assert seen == [0o600, 0o600, 0o644, 0o644]


def test_torchs_own_error_of_a_full_disk_is_named_too(tmp_path: Path) -> None:
    def fails(part: Path) -> None:
        raise RuntimeError("enforce fail:\n unexpected pos 704 vs 598")

    with pytest.raises(BenchError, match=r"is the disk full\? \(enforce fail: unexpected pos"):
        write_atomically(tmp_path / "a.pt", fails)


def test_folders_are_made_and_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "b" / "c.txt", lambda part: part.write_text("x"))
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "x"
    with pytest.raises(BenchError, match=r"cannot write .*c\.txt/d"):
        write_atomically(tmp_path / "a" / "b" / "c.txt" / "d", lambda part: part.write_text("x"))


def test_checkpoints_come_back(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    assert load_checkpoint(path) is None
    save_checkpoint(path, {"step": 3, "weights": torch.arange(4.0)})
    state = load_checkpoint(path)
    assert state is not None
    assert state["step"] == 3
    assert torch.equal(state["weights"], torch.arange(4.0))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "another version", "a link"])
def test_a_damaged_checkpoint_starts_over_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    path = tmp_path / "state.pt"
    save_checkpoint(path, {"step": 3, "weights": torch.arange(4000.0)})
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1  # torch itself would load it
    if damage == "another version":
        torch.save({"step": 3}, path)
    elif damage == "a link":
        path.rename(tmp_path / "other")
        path.symlink_to(tmp_path / "other")
    else:
        path.write_bytes({"cut": whole[:-1], "flipped": bytes(flipped), "empty": b""}[damage])
    assert load_checkpoint(path) is None
    assert f"{path} is damaged or of another version: the work starts over" in caplog.text


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_text("abc")  # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == expected
