"""Which device to compute on."""

import torch

from benchmark.errors import BenchError


def resolve(name: str) -> str:
    """`auto` becomes cuda where there is one, else cpu; another name is checked.

    Raises BenchError for a device that torch does not know or that is not there.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
        reason = str(error).strip().splitlines()[0]
        raise BenchError(f"device '{name}' cannot be used ({reason}); try --device auto") from error
    return name


def device_name(device: str) -> str:
    """What the device is, for a reader of the results."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{threads} CPU thread{'s' if threads > 1 else ''}"
