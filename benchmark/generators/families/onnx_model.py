"""A generator in a file of ONNX: its images can be made, and nothing in it can be looked at.

No gradient comes back from onnxruntime, so methods that do not learn through G run, and the others
are skipped. It computes on the CPU, in the file's own type. Needs the extra `onnx`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmark.core.errors import BenchError, Unserved, one_line
from benchmark.core.file_kinds import DAMAGED, head_of
from benchmark.core.storage import sha256
from benchmark.generators.base import Generator, Latents
from benchmark.generators.prior import Prior

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, NodeArg

BESIDE = ("", ".data", "_data")  # a file and, where exporters put large weights, one beside it
CLASSES = re.compile(r"label|class|cond|hot|^[yc]$", re.IGNORECASE)  # how an input of them is named
FLOATS = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16"}
WHOLE = {"tensor(int64)": "int64", "tensor(int32)": "int32"}
TRIED = 2  # latents for which it is run when it is opened
WAY_OUT = "its PyTorch module, in a file of your own, has no such limit"


@dataclass(frozen=True)
class ONNXOptions:
    """What a file of ONNX does not say. prior: see `Prior.from_text`. n_classes: how many classes
    there are, where it wants the number of one. low, high: of its pixels, black and white.
    """

    prior: str = "normal"
    n_classes: int = 0
    low: float = -1.0
    high: float = 1.0


class ONNXModel(Generator):
    """The generator in a file of ONNX, which has an input of z and perhaps one of classes.

    z is (n, d) or (n, d, 1, 1). Classes are numbers, (n,) or (n, 1), or one-hot vectors. The first
    output that can be images is taken: (n, C, H, W), (n, H, W, C), (n, H, W) or a flat square.
    """

    Options = ONNXOptions
    identity: Tensor  # (32,), the SHA-256 of the file, which stands for its weights

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.network = network = Network(path)
        self.latent_dim, self.image_shape = network.latent_dim, network.image_shape
        self.n_classes = network.one_hot
        self.low, self.high = ONNXOptions.low, ONNXOptions.high
        self.register_buffer("identity", torch.tensor(list(_hash(path)), dtype=torch.float32))

    def configure(self, options: ONNXOptions) -> None:
        """Take on what the file does not say; raises BenchError where it says otherwise."""
        self.prior = Prior.from_text(options.prior)
        if not options.low < options.high:
            raise BenchError(f"low must be below high, not {options.low} and {options.high}")
        self.low, self.high = options.low, options.high
        if count := options.n_classes:
            if not self.network.classes:
                raise BenchError("the network has no input of classes; leave n_classes out")
            if count < 0 or self.network.one_hot not in (0, count):
                known = self.network.one_hot or "above 0"
                raise BenchError(f"n_classes must be {known}, not {count}")
            self.n_classes = count

    def forward(self, latents: Latents) -> Tensor:
        point, labels = latents.point, latents.labels  # (n, d), (n,)
        if point.requires_grad and torch.is_grad_enabled():
            raise Unserved(
                f"a network in ONNX gives no gradient that a method could learn from; {WAY_OUT}"
            )
        if self.network.classes and labels is None:
            raise BenchError(
                f"{self.network.path} wants the class of each image; say how many there are, as in "
                f"'{self.network.path}?n_classes=10'"
            )
        with torch.no_grad():
            images = self.network(point.cpu().float(), None if labels is None else labels.cpu())
            if (self.low, self.high) != (-1.0, 1.0):
                images = (images - self.low) * (2.0 / (self.high - self.low)) - 1.0
            return images.to(point)  # (n, C, H, W)

    def first_layer(self) -> NoReturn:
        raise Unserved(
            "a network in ONNX shows none of its layers, so a closed form in its z is impossible; "
            f"{WAY_OUT}"
        )

    def feature_layers(self) -> NoReturn:
        raise Unserved(f"a network in ONNX shows none of its features; {WAY_OUT}")


class Network:
    """A session of onnxruntime, and how its file wants latents and gives images.

    one_hot: the length of its vectors of classes, or 0. batch: how many images it makes at once, or
    0 for any number. It cannot change, so copies of a generator share it.
    """

    def __init__(self, path: Path) -> None:
        """Raises BenchError for what is no such network, in one line."""
        self.path, self._session = path, _session(path)
        self._z, self.classes = _inputs(self._session.get_inputs(), path)
        shape = self._z.shape
        if len(shape) < 2 or not isinstance(shape[1], int) or any(one != 1 for one in shape[2:]):
            raise BenchError(
                f"{path} takes '{self._z.name}' of {_said(shape)}; z is (n, d) or (n, d, 1, 1)"
            )
        self.latent_dim = shape[1]
        self.one_hot = 0
        if self.classes and self.classes.type in FLOATS:
            self.one_hot = self.classes.shape[-1]
            if not isinstance(self.one_hot, int):
                raise BenchError(f"{path} does not say how many classes '{self.classes.name}' has")
        self.batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else 0
        try:
            self._find_images()
        except BenchError:
            if self.batch:
                raise
            self.batch = 1  # it leaves the number open, and has that of its example in it
            self._find_images()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __call__(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Images (n, C, H, W) float32 of z (n, d) and classes (n,)."""
        n, size = len(z), self.batch or max(1, len(z))
        images = []
        for start in range(0, n, size):
            rows = torch.arange(start, start + size) % n  # the last batch is filled up
            found = self._outputs(z[rows], None if labels is None else labels[rows])[self._output]
            images.append(found.movedim(-1, 1) if self._channels_last else found)
        return torch.cat(images)[:n].float().reshape(n, *self.image_shape)  # (n, C, H, W)

    def _find_images(self) -> None:
        """Choose the output of images; what shape they have, only a run can tell."""
        size = self.batch or TRIED
        labels = torch.zeros(size, dtype=torch.int64) if self.classes else None
        found = self._outputs(torch.zeros(size, self.latent_dim), labels)
        shapes = [tuple(one.shape) for one in found]
        images = []  # with how much they look like some: features may be flat squares, maps too
        for output, (count, *shape) in enumerate(shape or (0,) for shape in shapes):
            last = len(shape) == 3 and shape[0] not in (1, 3) and shape[2] in (1, 3)
            image_shape = _image_shape([shape[2], *shape[:2]] if last else shape)
            if count == size and image_shape:
                like = len(shape), image_shape[0] in (1, 3)
                images.append((like, -output, last, image_shape))
        if images:
            _, output, self._channels_last, self.image_shape = max(images)
            self._output = -output
            return
        raise BenchError(
            f"{self.path} gives {', '.join(map(_said, shapes))} for z of ({size}, "
            f"{self.latent_dim}), and none of them images: they are (n, C, H, W), (n, H, W, C), "
            "(n, H, W) or a flat square"
        )

    def _outputs(self, z: Tensor, labels: Tensor | None) -> list[Tensor]:
        """All outputs for z (b, d) and classes (b,), as they come."""
        shape = [1] * (len(self._z.shape) - 2)
        given = {self._z.name: z.reshape(*z.shape, *shape).numpy().astype(FLOATS[self._z.type])}
        if self.classes and labels is not None:
            if self.one_hot:
                values = F.one_hot(labels, self.one_hot)  # (b, classes)
            else:
                values = labels.reshape(len(labels), *[1] * (len(self.classes.shape) - 1))
            given[self.classes.name] = values.numpy().astype((FLOATS | WHOLE)[self.classes.type])
        try:
            found = self._session.run(None, given)
        except Exception as error:  # onnxruntime has a type of its own for every fault
            raise BenchError(f"{self.path} fails for {len(z)} latents: {_words(error)}") from error
        return [torch.from_numpy(one) for one in found if hasattr(one, "dtype")]


def _session(path: Path) -> InferenceSession:
    try:
        from onnxruntime import InferenceSession, SessionOptions
    except ImportError as error:
        raise BenchError(
            f"{path} is a network in ONNX: pip install 'latent-direction-bench[onnx]' brings what "
            "opens it"
        ) from error
    head_of(path, f"{path} cannot be read")
    options = SessionOptions()
    options.intra_op_num_threads = 1  # one and the same answer, however many cores there are
    options.log_severity_level = 4  # its errors are raised, too
    try:
        return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a type of its own for every fault
        raise BenchError(f"{path} cannot be opened as ONNX: {_words(error)}") from error


def _inputs(found: list[NodeArg], path: Path) -> tuple[NodeArg, NodeArg | None]:
    """The input of z, and that of classes or None."""
    classes = [one for one in found if one.type in WHOLE or CLASSES.search(one.name)]
    latents = [one for one in found if one.type in FLOATS and one not in classes]
    if not latents and len(found) == 1:  # one alone is z, whatever it is called
        latents, classes = [one for one in found if one.type in FLOATS], []
    if len(latents) == 1 and len(classes) <= 1 and len(found) == 1 + len(classes):
        return latents[0], next(iter(classes), None)
    said = ", ".join(f"'{one.name}' {_said(one.shape)} {one.type}" for one in found)
    raise BenchError(f"{path} takes {said or 'nothing'}; it can have z and classes, and no more")


def _image_shape(shape: list[int]) -> tuple[int, int, int] | None:
    """(C, H, W) of one image, or None where this is none."""
    match shape:
        case [channels, height, width]:
            return channels, height, width
        case [height, width]:
            return 1, height, width
        case [pixels] if pixels > 1 and isqrt(pixels) ** 2 == pixels:
            return 1, isqrt(pixels), isqrt(pixels)
    return None


def _hash(path: Path) -> bytes:
    """The SHA-256 of a file and of what lies beside it."""
    digest = hashlib.sha256()
    for file in (path.with_name(path.name + ending) for ending in BESIDE):
        if file.is_file():
            digest.update(bytes.fromhex(sha256(file)))
    return digest.digest()


def _said(shape: Any) -> str:
    return f"({', '.join(str(one or '?') for one in shape)})"


def _words(error: Exception) -> str:
    """What onnxruntime says, without its codes and the places in its own source."""
    words = re.sub(r"^.*?\[ONNXRuntimeError\] : \d+ : \w+ : ", "", one_line(error))
    words = re.sub(r"^Load model from .*? failed: ?|\S+\.(h|cc):\d+ (.*::.*?\) |\w+ )", "", words)
    return f"{DAMAGED}, or no network" if words.startswith("Protobuf parsing failed") else words
