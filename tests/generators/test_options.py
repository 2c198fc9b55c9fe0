"""Options in a reference: written as they are read, and only of a generator that has them."""

import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.planted import Planted
from benchmark.generators.options import (
    option_names,
    read_options,
    split_reference,
    with_options,
)


def test_options_are_written_as_they_are_read() -> None:
    torch.manual_seed(0)
    dogs = BigGAN(32, latent_dim=8, width=2, n_classes=9, shared_dim=3)
    reference = with_options("dogs?classes=7", {"classes": [1, 2], "truncation": 0.25})
    assert reference == "dogs?classes=1,2&truncation=0.25"
    base, given = split_reference(reference)
    assert base == "dogs"
    assert read_options(dogs, given) == {"classes": (1, 2), "truncation": 0.25}
    assert with_options("g", {}) == "g"
    assert with_options("g", {"classes": 3}) == "g?classes=3"
    assert option_names(dogs) == ("classes", "truncation", "space")
    assert option_names(Planted()) == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (None, "none"), ("a&b=c?d", "a&b=c?d"), ("w+, 1%", "w+, 1%"), ((), "")],
)
def test_any_text_survives(value: object, text: str) -> None:
    reference = with_options("path/g.py:make", {"one": value, "two": 2})
    assert split_reference(reference) == ("path/g.py:make", {"one": text, "two": "2"})


def test_an_option_given_twice_is_refused() -> None:
    for reference in ("g?space=w&space=z", "g?class=1&classes=2"):
        with pytest.raises(BenchError, match=r"gives the option '(space|classes)' twice"):
            split_reference(reference)
    assert split_reference("g?class=1")[1] == {"classes": "1"}


def test_a_generator_without_options_says_so() -> None:
    assert read_options(Planted(), {}) == {}
    with pytest.raises(BenchError, match="the generator Planted has no options"):
        read_options(Planted(), {"classes": "1"})
