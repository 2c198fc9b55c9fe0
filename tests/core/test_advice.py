"""Advice on weights: torch's long words become the line to change in the user's own file."""

import zipfile
from pathlib import Path

import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.core.plugins import from_file

NETWORK = """
from pathlib import Path
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.last = nn.Linear(8, 2)

def make():
    net = Net()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


def told(folder: Path, *lines: str) -> str:
    """What is said of a file whose `make` has these lines."""
    path = folder / "own.py"
    path.write_text(NETWORK + "".join(f"    {line}\n" for line in lines) + "    return net\n")
    with pytest.raises(BenchError) as error:
        from_file(f"{path}:make", lambda make: make())
    words = str(error.value)
    assert "\n" not in words
    assert len(words) < 420
    assert "(own.py line" in words
    return words


def state() -> dict[str, torch.Tensor]:
    """The weights of `Net`."""
    sizes = {"first.weight": (8, 4), "first.bias": (8,), "last.weight": (2, 8), "last.bias": (2,)}
    return {name: torch.zeros(size) for name, size in sizes.items()}


def as_saved_from_cuda(path: Path) -> None:
    """The same file, its tensors on the first CUDA device, as torch would have written it there."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            cuda = content.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
            assert name[-8:] != "data.pkl" or cuda != content
            archive.writestr(name, cuda if name.endswith("data.pkl") else content)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there the weights can be read")
def test_weights_that_were_saved_from_cuda(folder: Path) -> None:
    torch.save(state(), folder / "G.pth")
    as_saved_from_cuda(folder / "G.pth")
    load = 'net.load_state_dict(torch.load(Path(__file__).parent / "G.pth"{}))'
    words = told(folder, load.format(""))
    assert "saved from a CUDA device, and there is none here" in words
    assert 'read them by torch.load(path, map_location="cpu")' in words
    cpu = ', map_location="cpu"'
    own = (folder / "own.py").read_text().replace(load.format(""), load.format(cpu))
    (folder / "own.py").write_text(own)
    from_file(f"{folder / 'own.py'}:make", lambda make: make())  # what it says works


@pytest.mark.skipif(torch.cuda.is_available(), reason="there it works")
def test_a_network_that_is_moved_to_cuda(folder: Path) -> None:
    assert 'leave .cuda() and device="cuda" out' in told(folder, "net.cuda()")


def test_a_network_that_was_saved_whole(folder: Path) -> None:
    torch.save(torch.nn.Sequential(), folder / "G.pth")
    words = told(folder, 'torch.load(Path(__file__).parent / "G.pth")')
    assert "holds Python objects (torch.nn.modules.container.Sequential)" in words
    assert "save its weights alone by torch.save(net.state_dict(), path)" in words
    assert "weights_only" not in words  # torch's own advice would switch protection off


def test_a_file_that_is_looked_for_in_the_wrong_folder(folder: Path) -> None:
    torch.save(state(), folder / "G.pth")
    words = told(folder, 'torch.load("G.pth")')
    assert f"there is no G.pth in {folder / 'elsewhere'}" in words
    assert "name a file beside your own by Path(__file__).parent / 'G.pth'" in words
    absolute = told(folder, f'torch.load("{folder / "none.pth"}")')
    assert "FileNotFoundError" in absolute


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            ['net.load_state_dict({f"module.{k}": v for k, v in net.state_dict().items()})'],
            'their names begin with "module.", as nn.DataParallel writes them; load {name.remove',
        ),
        (
            [
                "state = net.state_dict()",
                "net = nn.DataParallel(net)",
                "net.load_state_dict(state)",
            ],
            "leave nn.DataParallel out",
        ),
        (
            ['net.load_state_dict({"epoch": 3, "netG": net.state_dict(), "netD": {}})'],
            "the file is a checkpoint of epoch, netG, netD; load the part that holds",
        ),
        (
            [
                "own = net.state_dict()",
                'own["last.bias"] = torch.zeros(3)',
                'own["mean.x"] = own.pop("first.bias")',
                "net.load_state_dict(own)",
            ],
            "it lacks first.bias; it has mean.x besides; last.bias is (3) in the file and (2) in "
            "the network",
        ),
        (
            ["net.load_state_dict({})"],
            "it lacks first.weight, first.bias, last.weight and 1 more",
        ),
    ],
)
def test_weights_that_do_not_fit_the_network(folder: Path, lines: list[str], words: str) -> None:
    found = told(folder, *lines)
    assert "the weights do not fit the network" in found
    assert words in found


def test_other_errors_keep_their_own_words(folder: Path) -> None:
    assert "ZeroDivisionError: division by zero" in told(folder, "1 / 0")
