"""Seeds from names: every purpose has a stream of its own that no other purpose can disturb."""

import hashlib

import torch


def derive_seed(*parts: str | int) -> int:
    """A 63-bit seed from named parts, such as a run's seed, a generator's name and a purpose."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def stream(*parts: str | int) -> torch.Generator:
    """A random stream on the CPU, seeded by named parts."""
    return torch.Generator().manual_seed(derive_seed(*parts))
