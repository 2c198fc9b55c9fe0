"""w: one for both images of a pair, moved in chosen layers alone, by its standard deviations."""

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines.ganspace import GANSpace
from baselines.sefa import SeFa
from benchmark.core.errors import BenchError
from benchmark.directions.artefact import Directions
from benchmark.directions.shift import FrozenLinear, Shift
from benchmark.directions.vector_fields import WarpedShift
from benchmark.generators.asking.contract import check
from benchmark.generators.base import Latents
from benchmark.generators.fast.parts import InParts
from benchmark.generators.fast.rewrites import prepare
from benchmark.generators.layer_ranges import as_ranges, layers_of
from benchmark.generators.mapped import MappedOptions
from benchmark.generators.ruler import Ruler
from benchmark.methods.method import Assignment, check_shift
from benchmark.rca.protocol import Protocol
from benchmark.rca.questions import ShiftRange
from tests.generators.small_mapped import SmallMapped


def opened(n_classes: int = 0, **options: object) -> SmallMapped:
    generator = SmallMapped(n_classes).eval().requires_grad_(False)
    generator.configure(MappedOptions(**{"space": "w", **options}))  # type: ignore[arg-type]
    return generator


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def of_w(generator: SmallMapped, n: int) -> np.ndarray:
    """w (n, 5) of fresh z, in float64, by hand."""
    z = torch.randn(n, 6, generator=rng(5), dtype=torch.float64).numpy()
    layer = generator.into_w
    return z @ layer.weight.double().numpy().T + layer.bias.double().numpy()


def unit(seed: int) -> Tensor:
    drawn = torch.randn(5, 3, generator=rng(seed))
    return drawn / drawn.norm(dim=0)  # (5, 3)


def task(generator: SmallMapped, k: int = 3) -> Assignment:
    protocol = Protocol(k=k, steps=1, evaluation=1)
    return Assignment(generator, prepare(generator), protocol, rng(1), "stream", 0)


def test_z_and_w_of_one_draw_are_the_same_images() -> None:
    for n_classes in (0, 3):
        in_z, in_w = opened(n_classes, space="z"), opened(n_classes)
        z, w = in_z.sample(7, rng()), in_w.sample(7, rng())
        assert (z.point.shape, w.point.shape) == ((7, 6), (7, 4, 5))
        torch.testing.assert_close(in_z(z), in_w(w), rtol=0, atol=1e-6)
        if n_classes:
            assert z.labels is not None
            assert w.labels is not None
            assert torch.equal(z.labels, w.labels)
            assert set(in_w.sample(99, rng()).labels.tolist()) == {0, 1, 2}  # type: ignore[union-attr]


def test_one_w_serves_both_images_of_a_pair() -> None:
    generator = opened()
    before = generator.mapped
    shifts = ShiftRange(6.0, 0.0).draw(generator, 3, 8, rng())
    images = generator(shifts.latents)
    delta = FrozenLinear(unit(0))(shifts.latents, shifts.k, shifts.eps)
    moved = generator(shifts.latents.moved(delta))
    assert generator.mapped == before + 1  # drawn once, and never mapped again
    assert not torch.equal(images, moved)


def test_a_shift_moves_the_chosen_layers_and_no_other() -> None:
    generator = opened(layers="1,3")
    latents = generator.sample(6, rng())
    delta = torch.randn(6, 5, generator=rng(2))
    moved = latents.moved(delta)
    assert torch.equal(moved.point[:, [0, 2]], latents.point[:, [0, 2]])
    assert torch.equal(moved.point[:, [1, 3]], latents.point[:, [1, 3]] + delta.unsqueeze(1))
    assert moved.layers == latents[:3].to("cpu").layers == (1, 3)
    assert torch.equal(latents.base, latents.point[:, [1, 3]].mean(dim=1))


def test_eps_counts_standard_deviations_of_w_along_the_direction() -> None:
    generator, columns = opened(), unit(3)
    w = of_w(generator, 200_000)
    deviations = (w @ columns.double().numpy()).std(axis=0)  # (3,), by projection
    assert deviations.max() > 3 * deviations.min()
    latents = generator.sample(3, rng())
    eps = torch.tensor([1.0, -2.0, 6.0])
    delta = FrozenLinear(columns)(latents, torch.arange(3), eps)
    expected = eps[:, None] * torch.from_numpy(deviations).float()[:, None] * columns.T
    torch.testing.assert_close(delta, expected, rtol=0.02, atol=1e-4)
    torch.testing.assert_close(latents.lengths(delta), eps.abs())
    # truncated points spread less, and so does an eps
    half = opened(psi=0.5).sample(3, rng())
    torch.testing.assert_close(half.measured(columns.T), latents.measured(columns.T) / 2)
    assert half[:2].ruler is half.ruler


def test_a_ruler_is_the_spread_of_its_points() -> None:
    points = torch.randn(50, 4, generator=rng(), dtype=torch.float64) @ torch.diag(
        torch.tensor([3.0, 1.0, 0.1, 0.0], dtype=torch.float64)
    )
    ruler = Ruler.of(points)
    for column in torch.eye(4, dtype=torch.float64):
        expected = (points @ column).numpy().std()
        assert ruler.along(7 * column).item() == pytest.approx(expected, abs=1e-9)
    assert ruler.scale == pytest.approx(np.sqrt(points.numpy().var(axis=0).mean()), abs=1e-12)
    standing = ruler.standing(points)
    assert standing.mean(dim=0).abs().max() < 1e-12
    assert standing.var(dim=0, correction=0).mean().item() == pytest.approx(1.0)
    still = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(ruler.measured(still).sum(), still)
    assert slope.isfinite().all()


def test_truncation_pulls_the_first_layers_towards_the_mean() -> None:
    whole = opened().sample(5, rng()).point.double()
    mean = SmallMapped().mean_w.double()
    for cutoff, truncated in ((None, 4), (0, 0), (3, 3)):
        generator = opened(psi=0.3, cutoff=cutoff)
        point = generator.sample(5, rng()).point.double()
        expected = whole.clone()
        expected[:, :truncated] = mean + 0.3 * (whole[:, :truncated] - mean)
        torch.testing.assert_close(point, expected, rtol=0, atol=1e-5)
        in_z = opened(space="z", psi=0.3, cutoff=cutoff)
        torch.testing.assert_close(
            in_z(in_z.sample(5, rng())), generator(generator.sample(5, rng())), rtol=0, atol=1e-6
        )


def test_the_measure_is_the_same_each_time_and_moves_along() -> None:
    one, other = opened(psi=0.5), opened(psi=0.5)
    assert torch.equal(one.spread, other.spread)
    assert "spread" not in one.state_dict()  # the weights alone make its hash
    assert prepare(one).sample(2, rng()).ruler is not None


def test_a_generator_in_w_keeps_the_contract() -> None:
    for options in ({}, {"layers": "2-3"}, {"psi": 0.7, "cutoff": 1}):
        for n_classes in (0, 3):
            found = check(opened(n_classes, **options))
            assert [p for p in found.points if p.state == "fault"] == []


def test_a_warped_field_begins_as_wide_as_w_and_moves_by_eps() -> None:
    generator = opened(layers="1-2")
    shift = WarpedShift(5, 3, dipoles=4, step=0.5)
    shift.scatter(rng())
    frozen = shift.frozen()
    check_shift(frozen, generator, Protocol(k=3))
    # the same fields at z that stand where these w do, measured afterwards
    latents = generator.sample(9, rng())
    k, eps = torch.arange(9) % 3, torch.linspace(-6, 6, 9)
    ruler = latents.ruler
    assert ruler is not None
    standing = (latents.point[:, 1:3].mean(dim=1) - ruler.centre) / ruler.scale
    in_z = frozen(Latents(standing), k, eps)
    torch.testing.assert_close(frozen(latents, k, eps), ruler.measured(in_z))


class Unmeasured(Shift):
    """Moves by eps in w itself, whatever w's spread is."""

    kind = "test-unmeasured"

    def __init__(self, latent_dim: int, k: int) -> None:
        super().__init__()
        self.latent_dim, self.k = latent_dim, k

    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        return eps.unsqueeze(1) * torch.eye(self.latent_dim)[k]


def test_a_shift_that_ignores_the_measure_is_refused() -> None:
    with pytest.raises(BenchError, match=r"give latents.measured\(\) the direction at length 1"):
        check_shift(Unmeasured(5, 3), opened(), Protocol(k=3))


def test_sefa_in_w_takes_the_styles_of_the_layers_that_move() -> None:
    for layers, moving in (("", range(4)), ("1,3", (1, 3))):
        generator = opened(layers=layers)
        weight = np.concatenate([generator.styles[i].weight.double().numpy() for i in moving])
        weight /= np.linalg.norm(weight, axis=1, keepdims=True)
        _, _, rows = np.linalg.svd(weight)  # an oracle of its own: singular vectors
        found = SeFa().fit(task(generator)).shift.matrix().double().numpy()  # type: ignore[operator]
        np.testing.assert_allclose(abs((rows[:3] * found.T).sum(axis=1)), 1.0, atol=1e-6)
    in_z = opened(space="z")
    assert torch.equal(in_z.first_layer(), in_z.into_w.weight)


def test_ganspace_in_w_takes_the_components_of_w_itself() -> None:
    generator = opened()
    found = GANSpace(samples=20_000).fit(task(generator))
    assert found.notes["layer"] == "w"
    w = of_w(generator, 100_000)
    _, _, rows = np.linalg.svd(w - w.mean(axis=0), full_matrices=False)
    matrix = found.shift.matrix().double().numpy()  # type: ignore[operator]
    np.testing.assert_allclose(abs((rows[:3] * matrix.T).sum(axis=1)), 1.0, atol=2e-3)
    # in z, the moves of z that go with these components: w is linear in z here
    back = GANSpace(samples=20_000).fit(task(opened(space="z"))).shift.matrix()  # type: ignore[operator]
    weight = generator.into_w.weight.double().numpy()
    expected = np.linalg.pinv(weight) @ rows[:3].T
    expected /= np.linalg.norm(expected, axis=0)
    np.testing.assert_allclose(abs((expected * back.double().numpy()).sum(axis=0)), 1.0, atol=5e-3)


def test_directions_fit_the_space_that_they_were_found_in_and_no_other() -> None:
    generator = opened(layers="0-1", psi=0.5)
    frame = {"space": "w", "layers": "0-1", "psi": "0.5", "cutoff": "all"}
    assert generator.frame().items() >= frame.items()
    directions = Directions(FrozenLinear(unit(0)), generator.frame())
    directions.check_fits(generator)
    for options, words in (
        ({"space": "z"}, "these directions move w"),
        ({"layers": "0-1,3", "psi": 0.5}, "move the layers 0-1 of w"),
        ({"psi": 0.5}, "shifts of the generator move all of them"),
        ({"layers": "0-1"}, "with psi 0.5 .*, but the generator has psi 1"),
        ({"layers": "0-1", "psi": 0.5, "cutoff": 1}, "with cutoff all .* has cutoff 1"),
    ):
        with pytest.raises(BenchError, match=words):
            directions.check_fits(opened(**options))
    wider = opened(layers="0-1", psi=0.5)
    wider.spread.mul_(1.02)
    with pytest.raises(BenchError, match=r"with w_scale .*, but the generator has w_scale"):
        directions.check_fits(wider)
    whole = Directions(FrozenLinear(unit(0)), opened().frame())
    whole.check_fits(opened())
    with pytest.raises(BenchError, match="move the layers all of w"):
        whole.check_fits(opened(layers="0"))
    # all of them by number, as files of others say it
    for space in ("z", "w"):
        said = Directions(FrozenLinear(torch.eye(6 if space == "z" else 5)), {"layers": "0-3"})
        for all_move in (opened(space=space), prepare(opened(space=space))):
            said.check_fits(all_move)
            said.check_fits(InParts(all_move))
    said.check_fits(opened(layers="0-3"))
    for number in ("0-2", "0-4"):
        with pytest.raises(BenchError, match=f"move the layers {number} of w"):
            Directions(FrozenLinear(unit(0)), {"layers": number}).check_fits(opened())
    with pytest.raises(BenchError, match="move the layers 0-3 of w"):
        said.check_fits(opened(layers="0-2"))
    # what others say nothing of is not held against them
    Directions(FrozenLinear(unit(0)), {"space": "w"}).check_fits(generator)


def test_directions_of_some_classes_fit_others_that_lie_far_from_them() -> None:
    far = torch.tensor([0.0, 20.0, 500.0])[:, None].expand(3, 5)
    found = {}
    for classes in (None, (0,), (2,), (0, 1)):
        generator = SmallMapped(3).eval().requires_grad_(False)
        generator.of_class.weight.copy_(far)
        generator.configure(MappedOptions(space="w", classes=classes, psi=0.5, layers="0-1"))
        found[classes] = generator
    for one in found.values():
        assert one.frame() == found[None].frame()
        for other in found.values():
            Directions(FrozenLinear(unit(0)), one.frame()).check_fits(other)
    # an eps is a deviation of the points that are drawn all the same
    for generator in found.values():
        expected = generator.sample(20_000, rng()).base.double().std(dim=0)
        along = generator.ruler().along(torch.eye(5)).double()  # type: ignore[union-attr]
        torch.testing.assert_close(along, expected, rtol=0.03, atol=0)
    ruler = found[None].ruler()
    assert ruler is not None
    assert found[(0,)].frame()["w_scale"] == f"{ruler.scale:.4g}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"space": "w+"}, "unknown space 'w\\+'"),
        ({"psi": 0.0}, "psi lies in 0.01 to 2, not 0"),
        ({"psi": 1e-9}, "psi lies in 0.01 to 2, not 1e-09"),
        ({"layers": "\u0663"}, "such as 0-5 or 0,3-5"),
        ({"cutoff": 5}, "cutoff is a number of layers up to 4, not 5"),
        ({"layers": "2-9"}, "the layers of w go from 0 to 3, and 2-9 is not in them"),
        ({"layers": "3-2"}, "3-2 is not in them"),
        ({"layers": "a"}, "such as 0-5 or 0,3-5, not 'a'"),
        ({"space": "z", "layers": "1"}, "take space=w beside layers"),
        ({"classes": (1,)}, "has no classes to choose from"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(BenchError, match=words):
        opened(**options)


def test_chosen_classes_are_drawn_and_others_refused() -> None:
    labels = opened(3, classes=(2,)).sample(20, rng()).labels
    assert labels is not None
    assert set(labels.tolist()) == {2}
    for wrong in ((3,), ()):
        with pytest.raises(BenchError, match="classes are whole numbers from 0 to 2"):
            opened(3, classes=wrong)


def test_layers_are_one_text_however_they_are_written() -> None:
    assert layers_of("3,0-1,1", 4) == (0, 1, 3)
    for written in ("0-1,3", "3,1,0", "0,1-1,3-3"):
        assert as_ranges(layers_of(written, 4)) == "0-1,3"
        assert opened(layers=written).frame()["layers"] == "0-1,3"
    assert as_ranges([8]) == "8"
    assert as_ranges([]) == ""
    whole = opened(layers="0-3")
    assert (whole.moved_layers, whole.moving) == ("", None)
    assert whole.frame() == opened().frame()


@pytest.mark.parametrize("options", [{}, {"psi": 0.5, "cutoff": 1, "layers": "0-2"}])
def test_the_spread_is_that_of_the_layers_that_move(options: dict[str, object]) -> None:
    generator = opened(**options)
    base = generator.sample(50_000, rng(4)).base.double()
    expected = base.numpy().std(axis=0)
    ruler = generator.sample(1, rng()).ruler
    assert ruler is not None
    np.testing.assert_allclose(ruler.along(torch.eye(5)).numpy(), expected, rtol=0.03)
    off = (ruler.centre.numpy() - base.mean(dim=0).numpy()) / expected
    assert abs(off).max() < 0.05  # standard deviations; means of 10,000 are off by 0.01
