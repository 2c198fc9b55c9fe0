"""Warped shifts against autograd of f in float64: one step, a walk, its gradient, its length."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmark.core.seeds import stream
from benchmark.directions.artefact import Directions
from benchmark.directions.vector_fields import Walk, WarpedShift
from benchmark.generators.base import Latents

D, K, N, STEP = 6, 4, 5, 0.25
POINTS = torch.randn(7, D, generator=stream("points"), dtype=torch.float64)
FIELDS = torch.tensor([0, 1, 2, 3, 2, 1, 0])
EPS = torch.tensor([0.1, -0.2, 0.25, 1.1, -2.3, 0.0, -0.6], dtype=torch.float64)


@pytest.fixture
def shift() -> WarpedShift:
    """Fields whose poles lie anywhere, in float64."""
    made = WarpedShift(D, K, N, STEP).double()
    with torch.no_grad():
        made.poles.copy_(torch.randn(K, 2 * N, D, generator=stream("poles"), dtype=torch.float64))
    return made


def way(poles: Tensor, z: Tensor, k: int) -> Tensor:
    """The unit gradient (d,) of f_k at z (d,), by autograd; it stays in the graph of the poles."""
    at = z if z.requires_grad else z.clone().requires_grad_(True)
    f = sum(
        torch.exp(-(at - poles[k, i]).square().sum() / D)
        - torch.exp(-(at - poles[k, N + i]).square().sum() / D)
        for i in range(N)
    )
    (gradient,) = torch.autograd.grad(f, at, create_graph=True)
    return gradient / gradient.norm()


def walked(poles: Tensor, z: Tensor, k: int, eps: float) -> Tensor:
    """Where a walk by eps ends, (d,), step by step."""
    point, left = z, abs(eps)
    while left > 1e-9:
        here = min(left, STEP)
        point = point + (here if eps > 0 else -here) * way(poles, point, k)
        left -= here
    return point


def test_a_single_step_follows_the_gradient_of_f(shift: WarpedShift) -> None:
    eps = torch.tensor([0.25, -0.25, 0.1, -0.03, 0.2, -0.2, 0.15], dtype=torch.float64)
    delta = shift(Latents(POINTS), FIELDS, eps)
    for i, (z, k) in enumerate(zip(POINTS, FIELDS.tolist(), strict=True)):
        expected = eps[i] * way(shift.poles, z, k)
        torch.testing.assert_close(delta[i], expected, rtol=0, atol=1e-14)
    torch.testing.assert_close(delta.norm(dim=1), eps.abs(), rtol=1e-14, atol=0)


def test_a_shift_lies_on_the_ray_to_the_end_of_the_walk_as_far_as_eps_says(
    shift: WarpedShift,
) -> None:
    delta = shift(Latents(POINTS), FIELDS, EPS)
    for i, (z, k, eps) in enumerate(zip(POINTS, FIELDS.tolist(), EPS.tolist(), strict=True)):
        if eps == 0:
            assert torch.equal(delta[i], torch.zeros(D).double())
            continue
        chord = walked(shift.poles, z, k, eps) - z
        torch.testing.assert_close(delta[i], abs(eps) * chord / chord.norm(), rtol=0, atol=1e-13)
    torch.testing.assert_close(delta.norm(dim=1), EPS.abs(), rtol=1e-14, atol=0)


def test_distance_is_what_is_kept_as_a_walk_ends_nearer_than_it_is_long(
    shift: WarpedShift,
) -> None:
    eps = torch.full((7,), 3.0).double()
    ends = Walk.apply(POINTS, shift.poles[FIELDS], eps, STEP).detach().norm(dim=1)
    assert float(ends.max()) < 3.0
    assert float(ends.mean()) < 0.9 * 3.0, "the fields of this test should bend"
    length = shift(Latents(POINTS), FIELDS, eps).norm(dim=1)
    torch.testing.assert_close(length, eps, rtol=1e-14, atol=0)


def test_the_gradient_through_a_walk_is_that_of_every_step(shift: WarpedShift) -> None:
    weight = torch.randn(7, D, generator=stream("weight"), dtype=torch.float64)
    (shift(Latents(POINTS), FIELDS, EPS) * weight).sum().backward()
    found, shift.poles.grad = shift.poles.grad, None
    total = torch.zeros(()).double()
    for i, (z, k, eps) in enumerate(zip(POINTS, FIELDS.tolist(), EPS.tolist(), strict=True)):
        if eps != 0:
            chord = walked(shift.poles, z, k, eps) - z
            total = total + abs(eps) * chord @ weight[i] / chord.norm()
    total.backward()
    assert float(found.abs().max()) > 0.1
    torch.testing.assert_close(found, shift.poles.grad, rtol=0, atol=1e-12)


def test_one_field_for_all_gives_what_it_gives_among_others(shift: WarpedShift) -> None:
    alone = shift(Latents(POINTS), torch.full((7,), 2), EPS)
    among = torch.stack(
        [shift(Latents(POINTS[[i, 0]]), torch.tensor([2, 1]), EPS[[i, 0]])[0] for i in range(7)]
    )
    torch.testing.assert_close(alone, among, rtol=0, atol=1e-13)
    weight = torch.randn(7, D, generator=stream("weight"), dtype=torch.float64)
    one, two = (
        torch.autograd.grad((delta * weight).sum(), shift.poles)[0] for delta in (alone, among)
    )
    torch.testing.assert_close(one, two, rtol=0, atol=1e-13)


def test_far_from_every_pole_there_is_still_a_way() -> None:
    shift = WarpedShift(4, 1, 3, STEP)
    shift.scatter(stream("start"))
    far = Latents(torch.full((1, 4), 200.0))  # every exp(-|z - s|^2 / d) is 0 in float32
    delta = shift(far, torch.tensor([0]), torch.tensor([6.0]))
    torch.testing.assert_close(delta.norm(), torch.tensor(6.0))


def test_dipoles_start_antipodal_on_spheres_from_one_towards_four() -> None:
    shift = WarpedShift(D, 6, N, STEP)
    shift.scatter(stream("start"))
    heads, tails = shift.poles[:, :N], shift.poles[:, N:]
    assert torch.equal(heads, -tails)
    radii = torch.arange(1, 4, 3 / 6).view(6, 1).expand(6, N)
    torch.testing.assert_close(heads.norm(dim=2), radii)
    assert len({tuple(pole) for pole in heads.detach().flatten(0, 1).tolist()}) == 6 * N


def test_with_a_point_for_each_layer_the_walk_starts_at_their_mean(shift: WarpedShift) -> None:
    layers = torch.stack([POINTS - 1.0, POINTS + 1.0], dim=1)  # (7, 2, d)
    torch.testing.assert_close(
        shift(Latents(layers), FIELDS, EPS), shift(Latents(POINTS), FIELDS, EPS)
    )


def test_a_file_opens_where_no_method_is_loaded(tmp_path: Path) -> None:
    shift = WarpedShift(D, K, N, STEP)
    shift.scatter(stream("start"))
    latents, eps = Latents(POINTS.float()), EPS.float()
    Directions(shift.frozen()).save(tmp_path / "a.safetensors")
    program = (
        "import sys, torch\n"
        "from benchmark.directions.artefact import Directions\n"
        "shift = Directions.load(sys.argv[1]).shift\n"
        "assert not any(name.startswith('baselines') for name in sys.modules)\n"
        "print(type(shift).__name__, shift.dipoles, shift.step)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.safetensors")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["WarpedShift", str(N), str(STEP)]
    loaded = Directions.load(tmp_path / "a.safetensors").shift
    assert torch.equal(loaded(latents, FIELDS, eps), shift(latents, FIELDS, eps))
