"""NVIDIA's pickles of StyleGAN2-ADA in PyTorch and of StyleGAN3: {"G", "D", "G_ema", ...}.

`G_ema`, the average of the generator over its training, is the one that images are made with. Its
names are those that the families here have.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError
from benchmark.core.unpickling import Refused, unpickled
from benchmark.generators.reading.persistent import PERSISTENT, Module
from benchmark.generators.reading.published_state import PublishedState, listed

LAYOUT = "snapshot of NVlabs/stylegan2-ada-pytorch or NVlabs/stylegan3"
LICENCE = (
    "weights that NVIDIA published are for non-commercial use (NVIDIA Source Code License); "
    "weights that others trained have terms of their own"
)
TENSORFLOW = ("dnnlib.tflib.network.Network", "tfutil.Network")
STYLEGAN2, STYLEGAN3 = "synthesis.b4.const", "synthesis.input.freqs"  # each has one of them
RATE = 0.01  # of the mapping network, by which its stored weights are scaled in use


def read_snapshot(path: Path) -> PublishedState:
    """The averaged generator in a pickle; nothing in it is imported or run.

    Raises BenchError, in one line, for a pickle of anything else.
    """
    fault = f"{path} cannot be read"
    with path.open("rb") as stream:
        try:
            content = unpickled(stream, fault, PERSISTENT)
        except BenchError as error:
            if isinstance(error.__cause__, Refused) and error.__cause__.name in TENSORFLOW:
                raise BenchError(
                    f"{fault}: it holds networks of TensorFlow, as StyleGAN and StyleGAN2 were "
                    "first published; legacy.py of NVlabs/stylegan3 makes those of StyleGAN2 into "
                    "a pickle that is read here"
                ) from None
            raise
    if not isinstance(content, Mapping) or not isinstance(content.get("G_ema"), Module):
        raise BenchError(f"{path} holds no generator 'G_ema'; it holds {listed(content)}")
    module: Module = content["G_ema"]
    try:
        state = module.tensors()
        settings = _settings(module, state, path)
    except BenchError:
        raise
    except Exception as error:  # torch raises a different type for every way bytes can be damaged
        raise BenchError(f"{fault}: its G_ema is damaged") from error
    return PublishedState(state, LAYOUT, LICENCE, settings)


def _settings(module: Module, state: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What images depend on beside the tensors. Raises BenchError for what no family can do."""
    if STYLEGAN2 not in state and STYLEGAN3 not in state:
        raise BenchError(f"{path} holds a {module.kind}, which is no generator of this suite")
    limits, scales = set(), set()
    for name, part in module.parts():
        limits.add(part.attribute("conv_clamp"))
        scales.add(part.attribute("output_scale"))
        rate, activation = part.attribute("bias_gain"), part.attribute("activation")
        usual = rate in (None, RATE) and activation in (None, "lrelu")
        if name.startswith("mapping.fc") and not usual:
            raise BenchError(
                f"{path} has a mapping network of rate {rate} and activation {activation}; "
                f"those of this suite have {RATE} and lrelu"
            )
    if len(limits - {None}) > 1:
        raise BenchError(f"{path} cuts off the outputs of its layers at more than one value")
    settings = {"clamp": next(iter(limits - {None}), None)}
    if STYLEGAN3 in state and scales - {None}:
        settings["output_scale"] = max(scales - {None})
    return settings
