"""What a generator makes of latents: points of its contract.

Each gives a note or "", and raises BenchError for a fault; the later ones rest on the earlier.
"""

from typing import Any

import torch
from torch import Tensor

from benchmark.core.errors import BenchError
from benchmark.core.failures import Failure, attempt
from benchmark.generators.asking.asked import Asked
from benchmark.generators.asking.asked_forward import how_to_reshape, why_it_fails
from benchmark.generators.family import Family
from benchmark.generators.fast.rewrites import fast_or_plain
from benchmark.generators.fast.sameness import LATENTS, answer
from benchmark.generators.options import option_names

REPEAT = 1e-4  # by which two images of one latent may differ: far below a grey level, 1 / 127.5
NOTHING = 1e-6  # by which images of different latents differ where they are the same image
OUTSIDE = 1.05  # a generator without tanh leaves [-1, 1] by a little, here and there;
SHARE_OUTSIDE = 0.1  # where more of its pixels do, or one by a lot, it has another range; the range
# of the suite's own families is known, and a StyleGAN paints a white wall well above 1
FAR_OUTSIDE = 10.0


def images(asked: Asked) -> str:
    """Images have the shape, type and range that they should."""
    place, shape = asked.place("forward"), tuple(asked.generator.image_shape)
    point = asked.latents.point.clone()
    made: Any = attempt(asked.make, asked.latents)
    if isinstance(made, Failure):
        raise BenchError(
            f"{place} fails for {LATENTS} latents of {asked.generator.latent_dim} dimensions: "
            f"{why_it_fails(asked, made)}"
        )
    if not isinstance(made, Tensor):
        kind = type(made).__name__
        raise BenchError(f"{place} returns a value of type {kind}; return the images alone")
    if not torch.equal(point, asked.latents.point):
        raise BenchError(f"{place} changes the latents it is given; work on a clone of them")
    if made.shape != (LATENTS, *shape):
        raise BenchError(
            f"{place} gives {LATENTS} images as {tuple(made.shape)}, but {asked.name}"
            f".image_shape is {shape}{how_to_reshape(made.shape[1:], shape)}"
        )
    if made.dtype != torch.float32:
        raise BenchError(f"{place} gives {made.dtype} images; end it with .float()")
    if made.is_inference():
        raise BenchError(f"{place} runs in inference mode; take torch.inference_mode() out")
    if not made.isfinite().all():
        raise BenchError(f"{place} gives values that are not finite numbers")
    asked.made = made
    low, high = float(made.min()), float(made.max())
    outside = float((made.abs() > OUTSIDE).float().mean())
    far = max(-low, high) > FAR_OUTSIDE
    if far or (outside > SHARE_OUTSIDE and not isinstance(asked.generator, Family)):
        raise BenchError(
            f"{place} gives values from {low:.4g} to {high:.4g}; bring images to [-1, 1], "
            f"{_rescaled(asked, low, high)}"
        )
    if low >= 0.0:
        return (
            f"values lie in [{low:.2g}, {high:.2g}]; if they are meant to span [0, 1], "
            f"{'say ?low=0&high=1' if _is_told(asked) else 'return 2 * images - 1'} ({place})"
        )
    return ""


def repeating(asked: Asked) -> str:
    """The same latents give the same images."""
    off = float((asked.make(asked.latents) - asked.made).abs().max())
    if not off <= REPEAT:
        raise BenchError(
            f"{asked.place('forward')} gives images that differ by {off:.2g} for the same "
            "latents; keep noise fixed, and dropout to training mode"
        )
    return ""


def variety(asked: Asked) -> str:
    """Images depend on the latents."""
    if float((asked.made - asked.made[:1]).abs().max()) <= NOTHING:
        raise BenchError(
            f"{asked.place('forward')} gives one image whatever the latents are; "
            "make it depend on latents.point"
        )
    return ""


def gradient(asked: Asked) -> str:
    """A gradient reaches the latents."""
    place = asked.place("forward")
    _, slope = answer(asked.plain, asked.generator.image_shape[1:])
    if not slope.isfinite().all():
        raise BenchError(f"{place} gives the latents a gradient that is not finite")
    if not slope.any():
        raise BenchError(
            f"no gradient reaches the latents through {place}; take no_grad, detach, .data, "
            "numpy and rounding out of it"
        )
    return ""


def alone(asked: Asked) -> str:
    """An image depends on its own latent alone."""
    one = attempt(asked.make, asked.latents[:1])
    if isinstance(one, Failure):
        return f"{asked.place('forward')} cannot make a single image ({one.reason})"
    if float((one - asked.made[:1]).abs().max()) <= 10 * REPEAT:  # batches are summed otherwise
        return ""
    return (
        "an image changes with the others of its batch, so RCA depends on the size of a batch; "
        "a batch norm without running statistics does that"
    )


def rewriting(asked: Asked) -> str:
    """The form that is rewritten for speed gives the same images."""
    reason = fast_or_plain(asked.generator)[1]
    return f"the plain form is used, which is slower: {reason}" if reason else ""


def _rescaled(asked: Asked, low: float, high: float) -> str:
    """How images of such a range are brought to [-1, 1]."""
    if _is_told(asked):
        white = 255 if high > FAR_OUTSIDE else f"{high:.3g}"
        return f"as ?low={0 if low >= 0.0 else f'{low:.3g}'}&high={white} does"
    if low >= 0.0:
        return "as in images / 127.5 - 1" if high > FAR_OUTSIDE else "as in images - 1"
    return "as tanh does, or undo the normalisation of the training data"


def _is_told(asked: Asked) -> bool:
    """Whether its options say what is black and white: a network that nobody can edit."""
    return {"low", "high"} <= set(option_names(asked.generator))
