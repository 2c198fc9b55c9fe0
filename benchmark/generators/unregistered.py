"""What decides the images of a generator of one's own beside its registered weights: tensors and
arrays that it simply keeps, integer buffers, networks in a list, frozen scripts."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.generators.base import Generator


def unregistered(generator: Generator) -> str:
    """SHA-256 over all of it, as the generator was made; "" where there is nothing of it.

    The weights that torch knows of have a hash of their own (`stored.weights_hash`).
    """
    state = generator.state_dict(keep_vars=True)
    known = {id(value) for name, value in state.items() if _is_hashed_or_a_counter(name, value)}
    digest, found = hashlib.sha256(), False
    for path, content in _held(generator, "", known):
        digest.update(f"{path}\n".encode())
        digest.update(content)
        found = True
    return digest.hexdigest() if found else ""


def _is_hashed_or_a_counter(name: str, value: Tensor) -> bool:
    return value.is_floating_point() or name.endswith("num_batches_tracked")


def _held(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, bytes]]:
    """Where it is kept, and its bytes. seen: what is not to be looked at again."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, torch.jit.ScriptModule):
        if not value.state_dict():  # frozen: its weights are constants of its code
            graph = value.inlined_graph  # which its nodes do not keep
            for i, node in enumerate(graph.findAllNodes("prim::Constant")):  # type: ignore[attr-defined]
                if node.hasAttribute("value") and node.kindOf("value") == "t":
                    yield f"{path}.{i}", _bytes(node.t("value"))
    elif isinstance(value, Tensor):
        yield f"{path} {value.dtype} {tuple(value.shape)}", _bytes(value)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{path} {value.dtype} {value.shape}", value.tobytes()
    elif isinstance(value, nn.Module):
        yield from _held(vars(value), path, seen)
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield from _held(value[key], f"{path}.{key}", seen)
    elif isinstance(value, list | tuple):
        for i, one in enumerate(value):
            yield from _held(one, f"{path}.{i}", seen)


def _bytes(tensor: Tensor) -> bytes:
    plain = tensor.detach().dequantize() if tensor.is_quantized else tensor.detach()
    flat = plain.to_dense().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()
