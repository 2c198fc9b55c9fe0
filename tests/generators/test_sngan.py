"""SNGAN: the authors' layout of keys and shapes, and strict loading."""

import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.core.seeds import stream
from benchmark.generators.base import Latents
from benchmark.generators.sngan import SNGAN


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
