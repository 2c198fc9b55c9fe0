"""Weights on disk: what is saved comes back, and what is not whole or not ours is refused."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from benchmark.core.errors import BenchError
from benchmark.generators.stored import load_weights, save_weights, weights_hash
from tests.generators.disturbed import FAMILIES, disturbed
from tests.generators.small import images, new_generator


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "small.safetensors"
    save_weights(new_generator(), path, {"steps": "9"})
    return path


def test_float16_on_disk_float32_in_memory(saved: Path) -> None:
    original, loaded = new_generator(), load_weights(saved)
    for name, value in original.state_dict().items():
        found = loaded.state_dict()[name]
        if "num_batches" in name:
            continue
        assert found.dtype == torch.float32
        expected = value if "running_" in name else value.half().float()
        assert torch.equal(found, expected), name
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())
    assert saved.stat().st_size < 2.2 * sum(p.numel() for p in original.parameters()) + 8000


def test_float16_changes_no_grey_value_by_more_than_one(saved: Path) -> None:
    difference = (images(new_generator()) - images(load_weights(saved))).abs().max()
    assert 0 < difference < 1 / 127.5


def test_a_variance_too_small_for_float16_survives(tmp_path: Path) -> None:
    generator = new_generator()
    generator.model[2].model[0].running_var.fill_(1e-9)
    save_weights(generator, tmp_path / "g.safetensors", {})
    loaded = load_weights(tmp_path / "g.safetensors")
    assert (loaded.model[2].model[0].running_var == 1e-9).all()


def test_the_header_names_the_architecture_the_hash_and_what_was_given(saved: Path) -> None:
    with safe_open(saved, "pt") as file:
        header = file.metadata()
    assert json.loads(header["architecture"]) == {
        "name": "sngan",
        "latent_dim": 16,
        "channels": [8, 8, 8, 8],
        "image_channels": 1,
    }
    assert header["weights_hash"] == weights_hash(load_weights(saved))
    assert header["steps"] == "9"


def test_saving_what_was_loaded_gives_the_same_identity(saved: Path, tmp_path: Path) -> None:
    loaded = load_weights(saved)
    save_weights(loaded, tmp_path / "again.safetensors", {})
    assert weights_hash(load_weights(tmp_path / "again.safetensors")) == weights_hash(loaded)


def test_the_hash_is_that_of_the_weights_alone() -> None:
    generator, other = new_generator(), new_generator()
    assert weights_hash(generator) == weights_hash(other)
    other.model[2].model[0].num_batches_tracked.add_(1)  # no image depends on it
    other.train().requires_grad_(False)
    assert weights_hash(generator) == weights_hash(other)
    other.model[2].model[0].running_mean[0] += 1e-6
    assert weights_hash(generator) != weights_hash(other)
    assert weights_hash(generator) != weights_hash(new_generator((8, 8, 8)))


def test_a_weight_beyond_float16_is_not_saved(tmp_path: Path) -> None:
    generator = new_generator()
    generator.model[0].weight.data[0, 0] = 1e6
    with pytest.raises(BenchError, match=r"model\.0\.weight has values that are not finite"):
        save_weights(generator, tmp_path / "g.safetensors", {})
    assert not (tmp_path / "g.safetensors").exists()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_comes_back_from_its_file(family: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = disturbed(FAMILIES[family]()).float()
    path = tmp_path / "g.safetensors"
    save_weights(generator, path, {})  # type: ignore[arg-type]  # all of them are families
    loaded = load_weights(path)
    assert type(loaded) is type(generator)
    assert loaded.image_shape == generator.image_shape
    latents = generator.sample(2, torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = generator(latents)
        difference = (loaded(latents) - expected).std() / expected.std()
    assert 0 < difference < 0.01
    with safe_open(path, "pt") as file:
        assert file.metadata()["weights_hash"] == weights_hash(loaded)


# What is not whole.


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.999])
def test_safetensors_cut_short(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(BenchError, match=f"{saved} is not a whole safetensors file"):
        load_weights(saved)


def test_one_flipped_bit(saved: Path) -> None:
    content, expected = bytearray(saved.read_bytes()), weights_hash(load_weights(saved))
    content[-1] ^= 1
    saved.write_bytes(content)
    with pytest.raises(BenchError, match=rf"small.* hash to [0-9a-f]{{64}}, expected {expected}"):
        load_weights(saved)


def rewritten(path: Path, tensors: dict[str, Tensor], **header: str) -> None:
    with safe_open(path, "pt") as file:
        old = file.metadata()
    save_file(tensors, path, {**old, **header})


def test_a_tensor_of_another_shape(saved: Path) -> None:
    tensors = load_file(saved)
    tensors["model.0.weight"] = torch.zeros(128, 17)
    rewritten(saved, tensors)
    with pytest.raises(
        BenchError, match=r"small.*model\.0\.weight should be \(128, 16\), but is \(128, 17\)"
    ):
        load_weights(saved)


def test_a_tensor_too_few_or_too_many(saved: Path) -> None:
    tensors = load_file(saved)
    rewritten(saved, {**tensors, "model.99.bias": torch.zeros(3)})
    with pytest.raises(BenchError, match=r"model\.99\.bias should be absent, but is \(3,\)"):
        load_weights(saved)
    del tensors["model.0.bias"]
    rewritten(saved, tensors)
    with pytest.raises(BenchError, match=r"model\.0\.bias should be \(128,\), but is absent"):
        load_weights(saved)


@pytest.mark.parametrize(
    ("architecture", "fault"),
    [
        ('{"name": "sngann"}', "did you mean sngan"),
        ('{"name": "sngan"}', "no usable architecture"),
        ('{"name": "sngan", "latent_dim": "a", "channels": [8], "image_channels": 1}', "usable"),
        ('{"name": "sngan", "latent_dim": 16, "channels": [], "image_channels": 1}', "usable"),
        ("[]", "no usable architecture"),
        ("{", "no usable architecture"),
        ("[" * 100_000, "no usable architecture: it is nested too deeply"),
    ],
)
def test_an_architecture_that_is_none(saved: Path, architecture: str, fault: str) -> None:
    rewritten(saved, load_file(saved), architecture=architecture)
    with pytest.raises(BenchError, match=fault):
        load_weights(saved)


def test_safetensors_of_something_else(tmp_path: Path) -> None:
    save_file({"directions": torch.zeros(3, 3)}, tmp_path / "d.safetensors")
    with pytest.raises(BenchError, match="names no architecture"):
        load_weights(tmp_path / "d.safetensors")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no weights at"):
        load_weights(tmp_path / "absent.safetensors")


# What others publish.


@pytest.mark.parametrize("family", ["sngan-64", "proggan"])
@pytest.mark.parametrize("as_zip", [True, False])
def test_a_published_state_dict_is_told_by_its_keys(
    family: str, as_zip: bool, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    generator = FAMILIES[family]()
    path = tmp_path / "snapshot.pth"
    torch.save(generator.state_dict(), path, _use_new_zipfile_serialization=as_zip)
    assert weights_hash(load_weights(path)) == weights_hash(generator)


def test_a_published_state_dict_of_something_else(tmp_path: Path) -> None:
    torch.save(nn.Linear(3, 3).state_dict(), tmp_path / "g.pth")
    with pytest.raises(BenchError, match=r"g\.pth is a state dict of no known generator"):
        load_weights(tmp_path / "g.pth")
