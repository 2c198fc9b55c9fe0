"""Weights on disk: what is saved comes back, and what is not whole or not ours is refused."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from benchmark.errors import BenchError
from benchmark.generators.published import save_authors_layout
from benchmark.generators.sngan import SNGAN
from benchmark.generators.weights import load_weights, save_weights, weights_hash
from tests.generators.disturbed import FAMILIES, disturbed


def new_generator(channels: tuple[int, ...] = (8, 8, 8, 8)) -> SNGAN:
    """A generator whose batch-norm layers have all learned and measured something."""
    torch.manual_seed(0)
    generator = SNGAN(16, channels, 1)
    for layer in generator.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias)
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    return generator.eval()


def images(generator: SNGAN) -> Tensor:
    latents = generator.sample(20, torch.Generator().manual_seed(0))
    with torch.no_grad():
        return generator(latents)


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
        "name": "sngan", "latent_dim": 16, "channels": [8, 8, 8, 8], "image_channels": 1,
    }  # fmt: skip
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


class AuthorsBlock(nn.Module):
    """A block that holds its convolutions twice, as the authors' does."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(a, b, 3, padding=1)
        self.conv2 = nn.Conv2d(b, b, 3, padding=1)
        up = nn.Upsample(scale_factor=2)
        self.model = nn.Sequential(
            nn.BatchNorm2d(a), nn.ReLU(), up, self.conv1,
            nn.BatchNorm2d(b), nn.ReLU(), self.conv2,
        )  # fmt: skip
        self.bypass = up if a == b else nn.Sequential(up, nn.Conv2d(a, b, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) + self.bypass(x)


class AuthorsGenerator(nn.Module):
    def __init__(self, d: int, channels: tuple[int, ...], image_channels: int) -> None:
        super().__init__()
        blocks = [AuthorsBlock(a, b) for a, b in pairwise(channels)]
        self.model = nn.Sequential(
            nn.Linear(d, 16 * channels[0]), nn.Unflatten(1, (channels[0], 4, 4)), *blocks,
            nn.BatchNorm2d(channels[-1]), nn.ReLU(),
            nn.Conv2d(channels[-1], image_channels, 3, padding=1), nn.Tanh(),
        )  # fmt: skip


@pytest.mark.parametrize("channels", [(8, 8, 8, 8), (12, 8, 6, 4, 2)])
def test_the_authors_module_loads_what_is_written_for_it(
    channels: tuple[int, ...], tmp_path: Path
) -> None:
    generator = new_generator(channels)
    save_authors_layout(generator, tmp_path)
    args = json.loads((tmp_path / "args.json").read_text())
    assert args["model"] == f"sn_resnet{4 * 2 ** (len(channels) - 1)}"
    assert (args["latent_dim"], args["image_channels"]) == (16, 1)
    theirs = AuthorsGenerator(args["latent_dim"], channels, args["image_channels"])
    theirs.load_state_dict(torch.load(tmp_path / "generator.pt", weights_only=True))
    z = generator.sample(20, torch.Generator().manual_seed(0)).z
    with torch.no_grad():
        torch.testing.assert_close(theirs.eval().model(z), images(generator))

    ours = load_weights(tmp_path)
    assert weights_hash(ours) == weights_hash(generator)
    assert torch.equal(images(ours), images(generator))


def test_the_authors_colour_is_the_default(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_authors_layout(SNGAN(16, (8, 8, 8, 8), 3), tmp_path)
    (tmp_path / "args.json").write_text('{"model": "sn_resnet32", "latent_dim": 16, "lr": 1}')
    assert load_weights(tmp_path).image_shape == (3, 32, 32)


def test_there_is_no_authors_generator_of_16_pixels(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="32 or 64 pixel images, not 16"):
        save_authors_layout(new_generator((8, 8, 8)), tmp_path)


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
    with pytest.raises(BenchError, match=r"has no args\.json"):
        load_weights(tmp_path)
    (tmp_path / "args.json").write_text("{}")
    with pytest.raises(BenchError, match=r"has no generator\.pt"):
        load_weights(tmp_path)


@pytest.fixture
def authors(tmp_path: Path) -> Path:
    save_authors_layout(new_generator(), tmp_path / "authors")
    return tmp_path / "authors"


@pytest.mark.parametrize(
    "args", ["", "[]", "{}", '{"model": "sn_resnet48"}', '{"model": "sn_resnet32"}']
)
def test_args_that_name_no_model(authors: Path, args: str) -> None:
    (authors / "args.json").write_text(args)
    with pytest.raises(BenchError, match=r"args\.json should name a model of sn_resnet32"):
        load_weights(authors)


@pytest.mark.parametrize(
    "args",
    [
        '{"model": "sn_resnet64", "latent_dim": 16, "image_channels": 1}',
        '{"model": "sn_resnet32", "latent_dim": 12, "image_channels": 1}',
        '{"model": "sn_resnet32", "latent_dim": 16}',
    ],
)
def test_args_that_do_not_fit_the_weights(authors: Path, args: str) -> None:
    (authors / "args.json").write_text(args)
    with pytest.raises(BenchError, match=r"maps 16 latent dimensions to images \(1, 32, 32\), but"):
        load_weights(authors)


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code of the file ran",)


@pytest.mark.parametrize("content", [Malicious(), torch.zeros(3), [1], {1: 2}])
def test_a_pt_file_of_something_else(
    authors: Path, content: object, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(content, authors / "generator.pt")
    with pytest.raises(BenchError, match=r"generator\.pt is not a readable state dict"):
        load_weights(authors)
    assert "ran" not in capsys.readouterr().out


def test_a_state_dict_of_something_else(authors: Path) -> None:
    torch.save(nn.Linear(3, 3).state_dict(), authors / "generator.pt")
    with pytest.raises(BenchError, match=r"generator\.pt is not an SNGAN generator"):
        load_weights(authors)


@pytest.mark.parametrize("share", [0, 0.1, 0.9])
def test_a_pt_file_cut_short(authors: Path, share: float) -> None:
    path = authors / "generator.pt"
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(BenchError, match=r"generator\.pt is not a readable state dict"):
        load_weights(authors)


def test_an_error_is_one_line(authors: Path) -> None:
    state = torch.load(authors / "generator.pt", weights_only=True)
    state["model.3.model.3.weight"] = torch.zeros(8, 8, 5, 5)
    torch.save(state, authors / "generator.pt")
    with pytest.raises(BenchError, match=r"generator\.pt .*model\.3\.model\.3\.weight") as caught:
        load_weights(authors)
    assert "\n" not in str(caught.value)


# Families, and files as others publish them.


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
