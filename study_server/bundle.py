"""A study bundle: the folder that the site serves a study from, read and checked.

    manifest.json    items and lessons under opaque ids, with the hash of every image
    images/          what participants see: for each row of an item a strip and a film, in WebP
    study.toml       the designer's settings
    private/         never served: map.json (id -> generator, method, direction; the run; the plan
                     at build), secrets.json, and the database that the site keeps

A strip shows the columns of one row side by side, the unshifted image marked in the middle. A film
holds every step of the row, for the slider.
"""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema

from benchmark.core.errors import BenchError
from benchmark.core.storage import sha256
from study_server.folders import read_json
from study_server.study_settings import Settings, read_settings


@dataclass(frozen=True)
class Row:
    """File names of one row's images: the strip of columns and the film of all steps."""

    strip: str
    film: str


@dataclass(frozen=True)
class Item:
    """One direction as it is shown. steps: shifts, ascending, 0 in the middle; columns: which of
    them the strip shows; tile: width and height of one image in pixels."""

    id: str
    steps: tuple[float, ...]
    columns: tuple[int, ...]
    tile: tuple[int, int]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Lesson:
    """A drawn item whose answer is known. role: clear, unclear or quiz; text: key of its
    explanation; single: None where either answer is right."""

    role: str
    text: str
    consistent: bool
    single: bool | None
    item: Item


@dataclass(frozen=True)
class Source:
    """What an item really is. check: "" for a direction under study, "good" or "still"."""

    generator: str
    method: str
    direction: int
    check: str


@dataclass(frozen=True)
class Bundle:
    """A checked bundle. sha256: of its manifest, which holds the hashes of all images."""

    folder: Path
    study: str
    sha256: str
    items: dict[str, Item]
    lessons: tuple[Lesson, ...]
    images: dict[str, str]
    settings: Settings

    @cached_property
    def hidden(self) -> dict[str, Any]:
        """The private map as it was built: `items`, `provenance` (the run) and `plan`."""
        return dict(read_json(self.folder / "private" / "map.json"))

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The private map from item id to what the item is."""
        path = self.folder / "private" / "map.json"
        try:
            sources = {key: Source(**value) for key, value in self.hidden["items"].items()}
        except (TypeError, KeyError, AttributeError, ValueError):
            raise BenchError(f"{path} is damaged; build the study again") from None
        if sources.keys() != self.items.keys():
            raise BenchError(f"{path} does not fit {self.folder}/manifest.json; build it again")
        return sources

    @cached_property
    def kinds(self) -> Counter[str]:
        """How many items there are of each kind: direction, good, still."""
        return Counter(source.check or "direction" for source in self.sources.values())

    @cached_property
    def secrets(self) -> dict[str, str]:
        """`secret_key`, which signs links and sessions, and `admin_password_hash`."""
        path = self.folder / "private" / "secrets.json"
        secrets = read_json(path)
        if not isinstance(secrets, dict) or not secrets.get("secret_key"):
            raise BenchError(f"{path} holds no secret_key; build the study again")
        return {str(key): str(value) for key, value in secrets.items()}

    @property
    def database(self) -> Path:
        """Where the study's answers are kept unless another database is named."""
        return self.folder / "private" / "study.sqlite"

    def image(self, name: str) -> Path:
        """The path of an image that the manifest names. Raises KeyError for any other name."""
        self.images[name]
        return self.folder / "images" / name


def load_bundle(folder: Path) -> Bundle:
    """Read and check a bundle: schema, sense, and the hash of every image.

    Raises BenchError that names the first thing wrong.
    """
    manifest = read_json(folder / "manifest.json")
    _check_schema(manifest, folder / "manifest.json")
    bundle = Bundle(
        folder=folder,
        study=manifest["study"],
        sha256=sha256(folder / "manifest.json"),
        items={item["id"]: _item(item) for item in manifest["items"]},
        lessons=tuple(
            Lesson(**{**lesson, "item": _item(lesson["item"])}) for lesson in manifest["lessons"]
        ),
        images=manifest["files"],
        settings=read_settings(folder / "study.toml"),
    )
    if len(bundle.items) != len(manifest["items"]):
        raise BenchError(f"{folder}/manifest.json names an item twice; build the study again")
    for item in (*bundle.items.values(), *(lesson.item for lesson in bundle.lessons)):
        _check_item(item, bundle)
    for name, expected in bundle.images.items():
        path = folder / "images" / name
        if not path.is_file():
            raise BenchError(f"the image {path} is missing; copy the whole study folder again")
        if sha256(path) != expected:
            raise BenchError(f"the image {path} is damaged; copy the whole study folder again")
    return bundle


def _check_schema(manifest: Any, path: Path) -> None:
    if isinstance(manifest, dict) and manifest.get("format") not in (1, None):
        raise BenchError(f"{path} has format {manifest['format']}; this version reads 1")
    schema = resources.files("study_server").joinpath("manifest.schema.json").read_text("utf-8")
    validator = jsonschema.Draft202012Validator(json.loads(schema))
    error = jsonschema.exceptions.best_match(validator.iter_errors(manifest))
    if error is not None:
        raise BenchError(f"{path}: {error.json_path}: {error.message[:200]}")


def _item(value: dict[str, Any]) -> Item:
    return Item(
        id=value["id"],
        steps=tuple(value["steps"]),
        columns=tuple(value["columns"]),
        tile=(value["tile"][0], value["tile"][1]),
        rows=tuple(Row(**row) for row in value["rows"]),
    )


def _check_item(item: Item, bundle: Bundle) -> None:
    middle = len(item.steps) // 2
    ascending = all(a < b for a, b in zip(item.steps, item.steps[1:], strict=False))
    if not ascending or len(item.steps) % 2 == 0 or item.steps[middle] != 0:
        raise BenchError(f"item {item.id}: steps must ascend, odd in number, 0 in the middle")
    if list(item.columns) != sorted(set(item.columns)) or item.columns[-1] >= len(item.steps):
        raise BenchError(f"item {item.id}: columns must ascend and name steps")
    for row in item.rows:
        for name in (row.strip, row.film):
            if name not in bundle.images:
                raise BenchError(f"item {item.id}: the manifest has no hash of {name}")
