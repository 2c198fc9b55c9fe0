"""SNGAN: the authors' layout of keys and shapes and of their folder, and strict loading."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Latents
from benchmark.generators.families.sngan import SNGAN
from benchmark.generators.stored import load_weights, weights_hash
from tests.generators.small import images, new_generator, save_authors_layout


def test_keys_and_shapes_are_the_authors() -> None:
    shapes = {k: tuple(v.shape) for k, v in SNGAN(128, (256,) * 4, 1).state_dict().items()}
    assert shapes["model.0.weight"] == (256 * 16, 128)
    for block in (2, 3, 4):
        assert shapes[f"model.{block}.model.0.running_var"] == (256,)
        assert shapes[f"model.{block}.model.3.weight"] == (256, 256, 3, 3)
        assert shapes[f"model.{block}.model.6.weight"] == (256, 256, 3, 3)
    assert shapes["model.5.weight"] == (256,)
    assert shapes["model.7.weight"] == (1, 256, 3, 3)
    assert not any("bypass" in key for key in shapes)  # equal widths: nothing to learn there


def test_the_64_pixel_member_convolves_its_bypass() -> None:
    generator = SNGAN(128, (64, 32, 16, 8, 4), 3)
    shapes = {k: tuple(v.shape) for k, v in generator.state_dict().items()}
    assert shapes["model.2.bypass.1.weight"] == (32, 64, 3, 3)
    assert generator.image_shape == (3, 64, 64)
    images = generator(generator.sample(2, stream("z")))
    assert images.shape == (2, 3, 64, 64)
    assert images.abs().max() <= 1.0


def test_a_state_with_the_authors_twins_loads_at_any_width() -> None:
    torch.manual_seed(0)
    generator = SNGAN(9, (12, 8, 8, 4), 2).eval()
    state = dict(generator.state_dict())
    for key, value in list(state.items()):
        if ".model.3." in key:
            state[key.replace(".model.3.", ".conv1.")] = value
        if ".model.6." in key:
            state[key.replace(".model.6.", ".conv2.")] = value
    loaded = SNGAN.from_state_dict(state, "generator.pt").eval()
    z = Latents(torch.randn(3, 9, generator=stream("z")))
    assert loaded.channels == (12, 8, 8, 4)
    assert torch.equal(loaded(z), generator(z))


@pytest.mark.parametrize("fault", ["missing", "extra", "shape", "foreign"])
def test_a_state_that_does_not_fit_is_refused_by_name(fault: str) -> None:
    state = dict(SNGAN(9, (8,) * 4, 1).state_dict())
    if fault == "missing":
        del state["model.3.model.0.running_mean"]
    elif fault == "extra":
        state["model.9.weight"] = torch.zeros(1)
    elif fault == "shape":
        state["model.3.model.3.weight"] = torch.zeros(8, 7, 3, 3)
    else:
        state = {"layers.0.weight": torch.zeros(3)}
    with pytest.raises(BenchError, match=r"weird\.pt is not an SNGAN generator"):
        SNGAN.from_state_dict(state, "weird.pt")


# Their folder.


class AuthorsBlock(nn.Module):
    """A block that holds its convolutions twice, as the authors' does."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(a, b, 3, padding=1)
        self.conv2 = nn.Conv2d(b, b, 3, padding=1)
        up = nn.Upsample(scale_factor=2)
        self.model = nn.Sequential(
            nn.BatchNorm2d(a),
            nn.ReLU(),
            up,
            self.conv1,
            nn.BatchNorm2d(b),
            nn.ReLU(),
            self.conv2,
        )
        self.bypass = up if a == b else nn.Sequential(up, nn.Conv2d(a, b, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) + self.bypass(x)


class AuthorsGenerator(nn.Module):
    def __init__(self, d: int, channels: tuple[int, ...], image_channels: int) -> None:
        super().__init__()
        blocks = [AuthorsBlock(a, b) for a, b in pairwise(channels)]
        self.model = nn.Sequential(
            nn.Linear(d, 16 * channels[0]),
            nn.Unflatten(1, (channels[0], 4, 4)),
            *blocks,
            nn.BatchNorm2d(channels[-1]),
            nn.ReLU(),
            nn.Conv2d(channels[-1], image_channels, 3, padding=1),
            nn.Tanh(),
        )


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
    z = generator.sample(20, torch.Generator().manual_seed(0)).point
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


def test_a_folder_that_lacks_a_file(tmp_path: Path) -> None:
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
