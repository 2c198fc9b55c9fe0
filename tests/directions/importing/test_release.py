"""Releases of the method's authors: folders with args.json, and what their deformators hold."""

import collections
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.core.errors import BenchError
from benchmark.directions.artefact import Directions
from benchmark.directions.importing.found import Told
from benchmark.directions.importing.sets import read_set
from benchmark.directions.importing.unit_columns import UnitColumns

D, K = 9, 4
NOISE = torch.Generator().manual_seed(0)
HALF = torch.randn(D, D, generator=NOISE)
WEIGHT = torch.randn(D, D, generator=NOISE)


def rotation(half: torch.Tensor) -> torch.Tensor:
    """exp(L - L^T) by its series, in float64."""
    skew = (half - half.T).double()
    term = total = torch.eye(D, dtype=torch.float64)
    for n in range(1, 120):
        term = term @ skew / n
        total = total + term
    return total


def release(folder: Path, state: object, file: str = "models/deformator_0.pt", **args: Any) -> Path:
    (folder / "models").mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / file)
    (folder / "args.json").write_text(json.dumps(args))
    return folder


def ortho(**args: Any) -> dict[str, Any]:
    return {"state": collections.OrderedDict(log_mat_half=HALF), "deformator": "ortho", **args}


def read(folder: Path) -> UnitColumns:
    return read_set([folder], Told(latent_dim=D), D)


@pytest.mark.parametrize("key", ["max_latent_ind", "directions_count"])
def test_ortho_is_the_exponential_and_only_what_was_trained(tmp_path: Path, key: str) -> None:
    release(tmp_path, **ortho(**{key: K}))
    (tmp_path / "human_annotation.txt").write_text("2: zoom\n0: rotation\n")
    found = read(tmp_path)
    torch.testing.assert_close(found.matrix.double(), rotation(HALF)[:, :K], atol=1e-6, rtol=0)
    assert found.said == ("5 columns were never trained, and are left out",)
    assert {label.index: label.label for label in found.labels} == {2: "zoom", 0: "rotation"}
    assert found.provenance["space"] == "z"
    assert found.provenance["deformator"] == "ortho"
    for path in (tmp_path, tmp_path / "models/deformator_0.pt"):
        loaded = Directions.load(path)
        assert torch.equal(loaded.shift.matrix(), found.matrix)  # type: ignore[attr-defined]
        assert {label.label for label in loaded.labels} == {"zoom", "rotation"}


@pytest.mark.parametrize("kind", ["proj", "linear"])
def test_linear_columns_are_divided_by_their_length_and_a_bias_is_named(
    tmp_path: Path, kind: str
) -> None:
    state = {"linear.weight": WEIGHT, "linear.bias": torch.full((D,), 0.1)}
    found = read(release(tmp_path, state, deformator=kind, directions_count=None))
    expected = WEIGHT.double() / WEIGHT.double().norm(dim=0)
    torch.testing.assert_close(found.matrix.double(), expected, atol=1e-6, rtol=0)
    assert found.said == ("a bias of length 0.3, which moves every direction alike, is left out",)
    scale = torch.tensor([float(text) for text in found.provenance["scale"].split(",")])
    torch.testing.assert_close(scale, WEIGHT.norm(dim=0), atol=1e-4, rtol=1e-4)


def test_a_matrix_of_fewer_directions_than_dimensions_is_whole(tmp_path: Path) -> None:
    found = read(release(tmp_path, {"linear.weight": WEIGHT[:, :K]}, directions_count=K))
    assert found.matrix.shape == (D, K)
    assert found.said == ()


def test_the_last_deformator_counts_and_else_the_checkpoint(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        state = collections.OrderedDict(log_mat_half=HALF * step / 100)
        release(tmp_path, state, f"models/deformator_{step}.pt", directions_count=K)
    torch.testing.assert_close(
        read(tmp_path).matrix.double(), rotation(HALF)[:, :K], atol=1e-6, rtol=0
    )
    state = {
        "step": 70,
        "deformator": {"log_mat_half": HALF},
        "shift_predictor": {"fc1.weight": torch.zeros(3, 3)},
    }
    found = read(release(tmp_path / "other", state, "checkpoint.pt", directions_count=K))
    torch.testing.assert_close(found.matrix.double(), rotation(HALF)[:, :K], atol=1e-6, rtol=0)
    assert found.provenance["step"] == "70"


@pytest.mark.parametrize(
    ("args", "space"),
    [
        ({"w_shift": True, "gan_type": "StyleGAN2"}, "w"),
        ({"w_shift": True}, "w"),
        ({"w_shift": False, "gan_type": "StyleGAN2"}, "z"),
        ({"w_shift": True, "gan_type": "SN_MNIST"}, "z"),  # the default, which means nothing there
        ({}, "z"),
    ],
)
def test_directions_move_w_where_a_stylegan_was_shifted_there(
    tmp_path: Path, args: dict[str, Any], space: str
) -> None:
    found = read(release(tmp_path, **ortho(max_latent_ind=K, **args)))
    assert found.provenance["space"] == space
    assert found.provenance.get("gan_type") == args.get("gan_type")


@pytest.mark.parametrize(
    ("state", "args", "message"),
    [
        ({}, {"deformator": "id"}, "id stores nothing; its directions are the axes"),
        ({}, {"deformator": "random"}, "random stores nothing; its matrix was never saved"),
        ({}, {"deformator": "fc"}, "an empty mapping, as an id or random deformator leaves"),
        ({"fc1.weight": WEIGHT}, {"deformator": "fc"}, "such as an fc deformator, bends"),
        ({"conv.weight": WEIGHT}, {}, "is no deformator, but a mapping of conv.weight"),
        ({"log_mat_half": HALF}, {}, "does not say max_latent_ind or directions_count"),
        ({"log_mat_half": HALF}, {"max_latent_ind": 10}, "says 10 directions, of 9 stored"),
        ({"log_mat_half": HALF}, {"max_latent_ind": "4"}, "says '4' directions, of 9"),
        ({"log_mat_half": HALF[:5]}, {"max_latent_ind": 4}, "is no square"),
        ({"log_mat_half": HALF * float("nan")}, {"max_latent_ind": 4}, "finite"),
        ({"log_mat_half": HALF[:5, :5]}, {"max_latent_ind": 4}, "of 5 dimensions, but .* have 9"),
    ],
)
def test_a_release_without_linear_directions_says_why(
    tmp_path: Path, state: object, args: dict[str, Any], message: str
) -> None:
    with pytest.raises(BenchError, match=message) as caught:
        read(release(tmp_path, state, **args))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("told", [{"orientation": "rows"}, {"layout": "pca"}])
def test_nobody_needs_to_say_what_a_release_is(tmp_path: Path, told: dict[str, str]) -> None:
    release(tmp_path, **ortho(max_latent_ind=K))
    for path in (tmp_path, tmp_path / "models/deformator_0.pt"):
        with pytest.raises(BenchError, match=r"layout 'release', .* leave out|no entry 'comp'"):
            read_set([path], Told(latent_dim=D, **told), D)


def test_what_is_missing_from_a_release_is_named(tmp_path: Path) -> None:
    release(tmp_path, **ortho(max_latent_ind=K))
    (tmp_path / "models/deformator_0.pt").rename(tmp_path / "alone.pt")
    with pytest.raises(BenchError, match=r"no models/deformator_N\.pt and no checkpoint\.pt"):
        read(tmp_path)
    (tmp_path / "args.json").unlink()
    with pytest.raises(BenchError, match="does not say how many of its 9 columns were trained"):
        read(tmp_path / "alone.pt")
    (tmp_path / "args.json").write_text("[]")
    with pytest.raises(BenchError, match=r"args\.json holds no settings"):
        read(tmp_path)
