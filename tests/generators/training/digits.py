"""Six random digits of three classes in every form that images may come in."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

RNG = np.random.default_rng(0)
DIGITS = RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.array([0, 0, 1, 1, 2, 2], dtype=np.uint8)


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG")
    return buffer.getvalue()


def as_npz(path: Path) -> Path:
    np.savez(path, x_train=DIGITS, y_train=LABELS, x_test=DIGITS[:2], y_test=LABELS[:2])
    return path


def as_folder(path: Path, *, prefix: str = "train") -> Path:
    for i, (digit, label) in enumerate(zip(DIGITS, LABELS, strict=True)):
        file = path / prefix / f"class{label}" / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(digit))
    return path


def as_zip(path: Path, *, prefix: str = "train") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for i, (digit, label) in enumerate(zip(DIGITS, LABELS, strict=True)):
            archive.writestr(f"{prefix}/class{label}/{i}.png", png(digit))
    return path
