"""Judges in files: what is written comes back, what is none is refused, the bundled ones fit."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.catalogue import GENERATORS
from benchmark.generators.judge import (
    BUNDLED,
    Judge,
    Kind,
    NamingJudge,
    judge_of,
    load_judge,
    save_judge,
)
from benchmark.generators.registry import find_generator

SHAPE = (3, 16, 16)


def judge(kind: Kind = "attributes", names: tuple[str, ...] = ("hat", "bow tie")) -> NamingJudge:
    return NamingJudge(Judge(SHAPE, len(names)).eval(), names, kind)


@pytest.mark.parametrize("kind", ["classes", "attributes"])
def test_it_comes_back_as_it_was_but_for_half_precision(tmp_path: Path, kind: Kind) -> None:
    first, path = judge(kind), tmp_path / "judge.safetensors"
    save_judge(first, SHAPE, path)
    again = load_judge(path)
    assert (again.names, again.kind) == (first.names, kind)
    images = torch.rand(5, *SHAPE) * 2 - 1
    torch.testing.assert_close(
        again.probabilities(images), first.probabilities(images), atol=2e-3, rtol=0
    )
    assert not any(p.requires_grad for p in again.network.parameters())
    save_judge(again, SHAPE, tmp_path / "again.safetensors")
    assert path.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_probabilities_are_those_of_classes_or_of_attributes() -> None:
    images = torch.rand(4, *SHAPE)
    outputs = judge().network(images).double()
    classes = NamingJudge(network := judge().network, ("a", "b"), "classes").probabilities(images)
    assert classes.dtype == torch.float64
    torch.testing.assert_close(classes.sum(dim=1), torch.ones(4, dtype=torch.float64))
    attributes = NamingJudge(network, ("a", "b"), "attributes").probabilities(images)
    torch.testing.assert_close(attributes, 1 / (1 + (-network(images).double()).exp()))
    assert outputs.shape == attributes.shape == (4, 2)


def test_what_is_no_judge_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = tmp_path / "whole.safetensors"
    save_judge(judge(), SHAPE, whole)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole.read_bytes()[:1000])
    other, lacks = tmp_path / "other.safetensors", tmp_path / "lacks.safetensors"
    save_file({"weight": torch.zeros(2)}, other)
    content = {"names": ["a"], "kind": "classes", "shape": SHAPE}
    save_file({"head.weight": torch.zeros(1, 128)}, lacks, {"judge": json.dumps(content)})
    for path in (cut, other, lacks, tmp_path / "none.safetensors"):
        with pytest.raises(BenchError, match=f"{path.name} holds no judge: ") as caught:
            load_judge(path)
        assert "\n" not in str(caught.value)


def test_generators_name_the_data_of_their_judge_and_only_where_there_is_one() -> None:
    named = {name: entry.trained_on for name, entry in GENERATORS.items() if entry.trained_on}
    assert named == {
        "mnist-sngan": "mnist",
        "celeba-proggan-small": "celeba",
        "celeba-stylegan2-small": "celeba",
        "cifar-biggan-small": "cifar",
    }
    assert find_generator("mnist-sngan")[1].load().trained_on == "mnist"
    assert find_generator("planted")[1].load().trained_on == ""
    assert judge_of("") is None
    assert judge_of("anime") is None


@pytest.mark.parametrize(
    ("data", "names", "first"),
    [("mnist", 10, "digit 0"), ("cifar", 10, "airplane"), ("celeba", 40, "5 o")],
)
def test_the_bundled_judges_are_small_and_have_a_card(data: str, names: int, first: str) -> None:
    found = judge_of(data)
    assert found is not None
    assert len(set(found.names)) == names
    assert found.names[0].startswith(first)
    assert (BUNDLED / f"{data}.safetensors").stat().st_size < 1_000_000
    card = (BUNDLED / f"{data}.md").read_text()
    assert all(f"| {name} | " in card for name in found.names)
    assert all(row in card for row in ("| Data |", "| Terms |", "| Weights |", "## Accuracy"))


def test_the_judge_of_digits_is_sure_of_what_the_generator_makes() -> None:
    generator = find_generator("mnist-sngan")[1].load()
    found = judge_of("mnist")
    assert found is not None
    with torch.no_grad():
        seen = found.probabilities(generator(generator.sample(64, stream("digits"))))  # (64, 10)
    assert seen.amax(dim=1).mean() > 0.85
    assert len(set(seen.argmax(dim=1).tolist())) >= 8
