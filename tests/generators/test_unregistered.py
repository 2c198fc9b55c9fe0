"""What a generator keeps beside its registered weights is part of what it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.generators.families.planted import Planted
from benchmark.generators.registry import find_generator
from benchmark.generators.unregistered import unregistered

KEPT: dict[str, Callable[[float], object]] = {
    "a tensor": lambda x: torch.full((3,), x),
    "a half": lambda x: torch.full((3,), x, dtype=torch.bfloat16),
    "an array": lambda x: np.full(3, x),
    "networks in a list": lambda x: [nn.Linear(2, 2), _filled(x)],
    "networks by name": lambda x: {"a": {"b": _filled(x)}},
    "a frozen script": lambda x: torch.jit.freeze(torch.jit.script(_filled(x).eval())),
    "a quantised tensor": lambda x: torch.quantize_per_tensor(
        torch.full((3,), x), 0.1, 0, torch.qint8
    ),
}


def _filled(x: float) -> nn.Module:
    torch.manual_seed(0)
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.bias, x)
    return layer


def keeping(kind: str, x: float) -> Planted:
    generator = Planted()
    torch.manual_seed(0)
    generator.kept = KEPT[kind](x)  # type: ignore[assignment]  # anything at all
    return generator


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:torch.quantize")
@pytest.mark.parametrize("kind", KEPT)
def test_what_is_simply_kept_counts(kind: str) -> None:
    one, same, other = (unregistered(keeping(kind, x)) for x in (1.0, 1.0, 2.0))
    assert one == same != other
    assert len(one) == 64


def test_an_integer_buffer_counts_and_weights_do_not() -> None:
    generator = Planted()
    assert unregistered(generator) == ""
    generator.norm = nn.BatchNorm1d(2)
    assert unregistered(generator) == ""
    generator.register_buffer("places", torch.tensor([1, 2]))
    before = unregistered(generator)
    generator.places += 1
    assert unregistered(generator) != before


def test_a_file_beside_the_code_that_it_reads_makes_another_generator(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from benchmark.generators.families.planted import Planted\n\n"
        "class Own(Planted):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.w = np.load(Path(__file__).with_name('w.npy'))\n"
    )
    codes = []
    for value in (1.0, 1.0, 2.0):
        np.save(tmp_path / "w.npy", np.full(3, value))
        codes.append(find_generator(f"{file}:Own")[1].load().code)
    assert codes[0] == codes[1] != codes[2]


@pytest.mark.parametrize(
    "line", ["torch.set_grad_enabled(False)", "torch.set_default_dtype(torch.float64)"]
)
def test_what_a_file_sets_for_all_of_torch_ends_with_its_loading(tmp_path: Path, line: str) -> None:
    file = tmp_path / "own.py"
    file.write_text(
        f"import torch\n{line}\n"
        "from benchmark.generators.families.planted import Planted\n\n"
        f"def make():\n    {line}\n    return Planted()\n"
    )
    find_generator(f"{file}:make")[1].load()
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32
