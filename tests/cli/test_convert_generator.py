"""`bench convert-generator`: a file of others becomes the same generator, with a card."""

import hashlib
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors import safe_open

from benchmark.cli.main import main
from benchmark.generators.registry import find_generator
from benchmark.generators.stored import load_weights, weights_hash
from tests.generators.reading.small_stylegan2 import (
    as_rosinality,
    check_same,
    persistent,
    pickled,
    saved,
    small_stylegan2,
    snapshot,
)


def bench(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("layout", ["pkl", "pt"])
def test_it_is_the_same_generator_as_the_file(tmp_path: Path, layout: str) -> None:
    generator = small_stylegan2()
    source, out = tmp_path / f"ffhq|small.{layout}", tmp_path / "made" / "G.safetensors"
    if layout == "pkl":
        source.write_bytes(pickled(snapshot(persistent(generator.state_dict()))))
    else:
        saved({"g_ema": as_rosinality(generator)}, source)
    said = bench("convert-generator", source, "--out", out)
    direct = load_weights(source)
    check_same(load_weights(out), direct)  # in full precision, so that directions fit both
    name, entry = find_generator(str(source))
    assert name == "ffhq|small"
    check_same(entry.load(), direct)

    card = (tmp_path / "made" / "G.md").read_text()
    facts = {
        "source": source.name,
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "licence": "non-commercial",
    }
    with safe_open(out, "pt") as file:
        header = file.metadata()
    for key, value in facts.items():
        assert value in header[key]
        assert value.replace("|", "/") in card
    for fact in (weights_hash(direct), "channels 16-4-4", "As known, check yourself".lower()):
        assert fact in card.lower().replace("as known; check", "as known, check")
    assert ("no mean of w" in card) == (layout == "pt")
    assert ("no mean of w" in said) == (layout == "pt")
    assert f"next: bench check {out}" in said


def test_a_run_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "d.pt"
    torch.save({"d": {}}, source)
    result = CliRunner().invoke(
        main, ["convert-generator", str(source), "--out", str(tmp_path / "G.safetensors")]
    )
    assert result.exit_code == 2
    assert "no known generator; it holds d" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["d.pt"]


def test_help_says_what_is_read() -> None:
    said = bench("convert-generator", "--help")
    for name in ("StyleGAN3", "rosinality", "genforce", "nothing in it is run", "--out"):
        assert name in said
