"""The machine: the device to compute on, the memory used, and the versions of the software."""

import contextlib
import platform
import sys
from pathlib import Path

import torch

from benchmark import __version__
from benchmark.core.errors import BenchError
from benchmark.core.memory import give_back

if sys.platform != "win32":  # where there is no such module
    import resource

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes that `ru_maxrss` counts in
CLEAR = Path("/proc/self/clear_refs")  # Linux: a 5 written here forgets the peak so far


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


def has_bfloat16(device: str) -> bool:
    """Whether the device multiplies in bfloat16 by itself. Other CPUs take detours: on one of x86 a
    training step of a small GAN took 2.2 to 2.6 times as long as in float32."""
    if device.startswith("cuda"):
        with torch.cuda.device(device):  # torch asks the current one
            return torch.cuda.is_bf16_supported(including_emulation=False)
    if not hasattr(torch.cpu, "get_capabilities"):  # an older torch
        return False
    of_cpu = torch.cpu.get_capabilities()
    return any(of_cpu.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))  # bf16: of ARM


def versions() -> dict[str, str]:
    """What computed a result: this suite, torch and Python."""
    return {
        "bench_version": __version__,
        "torch_version": torch.__version__,
        "python_version": platform.python_version(),
    }


def hand_back(device: str) -> None:
    """Hand memory that this process keeps without using it to others, that of a card too."""
    give_back()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()


def forget_peak(device: str) -> None:
    """Reset the peak of memory; where the system cannot, `peak` counts since the process began.

    What the process only keeps is handed back first, so it does not count.
    """
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
    else:
        give_back()
        with contextlib.suppress(OSError):
            CLEAR.write_text("5")


def peak(device: str) -> int:
    """Peak of memory since `forget_peak`, in bytes: torch's on CUDA, else the whole process's.

    Returns 0 on Windows, which does not report it.
    """
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return 0
    return UNIT * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
