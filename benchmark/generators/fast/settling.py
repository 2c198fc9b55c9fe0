"""Weights that a forward pass would compute first, settled: spectral and weight norms.

Until a first forward pass, the older kind of norm shows its layer's raw weight, and a rewrite that
reads the weight would fold the wrong one. Newer ones compute the weight whenever it is read, and a
layer that is built from another would lose that. In eval mode both always give the same weight.
"""

import copy

from torch import Tensor, nn
from torch.nn.utils import parametrize, remove_spectral_norm, remove_weight_norm
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from benchmark.generators.base import Generator


def frozen_copy(generator: Generator) -> Generator:
    """A copy in eval mode whose weights do not learn."""
    computed = {  # weights that a norm left behind, with the graph that made them
        id(value): value.detach().clone()
        for module in generator.modules()
        for value in vars(module).values()
        if isinstance(value, Tensor) and not value.is_leaf
    }
    return copy.deepcopy(generator, computed).eval().requires_grad_(False)


def settle(module: nn.Module) -> None:
    """Replace every norm of a weight inside `module`, in eval mode, by the weight it gives."""
    for layer in list(module.modules()):
        for hook in list(layer._forward_pre_hooks.values()):
            if isinstance(hook, SpectralNorm):
                remove_spectral_norm(layer, hook.name)
            elif isinstance(hook, WeightNorm):
                remove_weight_norm(layer, hook.name)
        if parametrize.is_parametrized(layer):
            kind = type(layer)  # copies share it, and removing a parametrization changes it
            layer.__class__ = type(kind.__name__, kind.__bases__, dict(vars(kind)))
            for name in list(layer.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(layer, name, leave_parametrized=True)
    module.requires_grad_(False)
