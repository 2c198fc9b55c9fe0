"""Warped shifts (Tzelepis et al., ICCV 2021): directions that are vector fields, so that each
latent follows a path of its own.

A field is the gradient, brought to unit length, of a sum over N dipoles of poles s and s':
f_k(z) = sum of exp(-|z - s|^2 / d) - exp(-|z - s'|^2 / d).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.directions.shift import Shift
from benchmark.generators.base import Latents

RADII = 1.0, 4.0  # of the first and past the last field's dipoles, at the start


class WarpedShift(Shift):
    """K fields of N dipoles each, walked along in steps of at most `step`.

    A shift by eps walks |eps| along the field, towards its heads or its tails by the sign of eps,
    in steps of `step` and a last one of what is left; each follows the field where it stands. The
    authors train with single steps and only look at longer walks; here the whole walk learns, as
    all methods meet the same eps.

    Then the displacement is brought to length |eps|. A bent walk ends nearer than it is long, and
    the protocol's eps is a distance: it is what R must name, what a column moves by, and what could
    buy RCA. So where the walk ends says which way to go, and eps says how far: a shift of one step
    is the authors' own, a nearly straight walk ends as it would, and from a strongly bent one the
    shift lies on the ray through its end. Walking on until the distance is reached would stay on
    the path, but a path that leads to a maximum of f never gets there.

    Where latents have a ruler, as in w, the fields lie in its standing: so they begin as wide as
    the points, whatever the scale of the space.
    """

    kind = "warped"

    def __init__(self, latent_dim: int, k: int, dipoles: int, step: float) -> None:
        super().__init__()
        self.latent_dim, self.k, self.dipoles, self.step = latent_dim, k, dipoles, step
        self.poles = nn.Parameter(torch.zeros(k, 2 * dipoles, latent_dim))  # all s, then all s'

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "dipoles": self.dipoles, "step": self.step}

    @torch.no_grad()
    def scatter(self, rng: torch.Generator) -> None:
        """Put the dipoles where they start: antipodal, at random, on one sphere for each field."""
        first, last = RADII
        radii = first + (last - first) * torch.arange(self.k) / self.k  # (K,)
        drawn = torch.randn(self.k, self.dipoles, self.latent_dim, generator=rng)
        heads = radii.view(-1, 1, 1) * F.normalize(drawn, dim=2)  # (K, N, d)
        self.poles.copy_(torch.cat([heads, -heads], dim=1))

    def forward(self, latents: Latents, k: Tensor, eps: Tensor) -> Tensor:
        start, ruler = latents.base.to(self.poles.dtype), latents.ruler  # (n, d)
        start = start if ruler is None else ruler.standing(start)  # (n, d)
        alike = bool((k == k[:1]).all())  # one field for all is read once
        poles = self.poles[k[:1] if alike else k]  # (n or 1, 2N, d)
        moved: Tensor = Walk.apply(start, poles, eps, self.step)  # type: ignore[no-untyped-call]
        return eps.abs().unsqueeze(1) * latents.measured(F.normalize(moved, dim=1))  # (n, d)


class Walk(torch.autograd.Function):
    """The displacement (n, d) of a walk, with its gradient towards the poles.

    start: (n, d). poles: (n or 1, 2N, d). eps: (n,). Each step costs 8 N d multiplications and
    additions a latent. The gradient is exact, through all that a step changes for the steps after
    it, and costs twice that. The poles are the large tensor here, and autograd would write one of
    their size for each step; so their share is left for one pass over all steps together.
    """

    @staticmethod
    def forward(ctx: Any, start: Tensor, poles: Tensor, eps: Tensor, step: float) -> Tensor:
        learns = ctx.needs_input_grad[1]
        left, order = eps.abs().sort(descending=True)  # (n,): who walks on stands in front
        start, poles = start[order], poles[order] if len(poles) > 1 else poles
        signed = eps.sign()[order].unsqueeze(1)  # (n, 1)
        square, moved = poles.square().sum(dim=2), torch.zeros_like(start)  # (n or 1, 2N), (n, d)
        ctx.steps = []
        while n := int((left > 1e-6 * step).sum()):
            here = signed[:n] * left[:n].clamp(max=step).unsqueeze(1)  # (n, 1)
            with torch.set_grad_enabled(learns):
                stand = (start[:n] + moved[:n]).requires_grad_(learns)  # (n, d)
                way = field(stand.unsqueeze(1), poles[:n], square[:n]).squeeze(1)  # (n, d)
            if learns:
                ctx.steps.append((stand, way, here))
            moved[:n] += here * way.detach()
            left = (left - step).clamp(min=0)
        ctx.start, ctx.poles, ctx.order = start, poles, order
        return torch.zeros_like(moved).index_copy(0, order, moved)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, None, None]:
        grad = grad[ctx.order]  # (n, d), towards where each stands after a step
        stands = ctx.start.unsqueeze(1).repeat(1, len(ctx.steps), 1)  # (n, T, d)
        towards = torch.zeros_like(stands)  # (n, T, d), the gradient towards each step's way
        for t in reversed(range(len(ctx.steps))):
            stand, way, here = ctx.steps[t]
            n = len(stand)
            stands[:n, t], towards[:n, t] = stand.detach(), here * grad[:n]
            (through,) = torch.autograd.grad(way, stand, towards[:n, t], retain_graph=True)
            grad[:n] += through
        with torch.enable_grad():
            poles = ctx.poles.detach().requires_grad_()
            ways = field(stands, poles, poles.square().sum(dim=2))  # (n, T, d)
        (slope,) = torch.autograd.grad(ways, poles, towards)
        if len(slope) > 1:
            slope = torch.zeros_like(slope).index_copy(0, ctx.order, slope)
        return None, slope, None, None


def field(points: Tensor, poles: Tensor, square: Tensor) -> Tensor:
    """(n, T, d) unit vectors along the gradient of f at (n, T, d) points.

    poles: (n or 1, 2N, d), heads then tails; square: (n or 1, 2N), their squared lengths. Only the
    way of the gradient counts, so all weights at a point may be scaled alike, and are, lest all
    vanish far from every pole.
    """
    near = 2 * torch.einsum("ntd,nmd->ntm", points, poles) - square.unsqueeze(1)  # (n, T, 2N)
    near = near / points.shape[2]
    weight = torch.exp(near - near.detach().amax(dim=2, keepdim=True))  # (n, T, 2N)
    head, tail = weight.chunk(2, dim=2)  # (n, T, N) each
    signed = torch.cat([head, -tail], dim=2)  # (n, T, 2N)
    pull = torch.einsum("ntm,nmd->ntd", signed, poles)  # (n, T, d)
    return F.normalize(pull - signed.sum(dim=2, keepdim=True) * points, dim=2)
