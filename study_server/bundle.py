"""A study bundle: the folder that the site serves a study from, read and checked.

    manifest.json    the task, items and lessons under opaque ids, with the hash of every image
    images/          what participants see: for each row of a direction a strip and a film, in WebP
    study.toml       the designer's settings
    private/         never served: map.json (id -> generator, method, direction; the run; the plan
                     at build), secrets.json, and the database that the site keeps

A strip shows the columns of one row side by side, the unshifted image marked in the middle. A film
holds every step of the row, for the slider. Bundles of format 1, from before there were tasks, are
read as those of the rating task.
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
from benchmark.core.storage import is_plain, sha256
from study_server.folders import read_json
from study_server.settings_file import check_method, read_settings
from study_server.study_settings import Settings
from study_server.tasks.choosing import stored_task
from study_server.tasks.question import Answer
from study_server.tasks.rating import Rating, answer_of_format_1
from study_server.tasks.task import Source, Task, check_of

FORMAT = 2


@dataclass(frozen=True)
class Row:
    """File names of one row's images: the strip of columns and the film of all steps."""

    strip: str
    film: str


@dataclass(frozen=True)
class Shown:
    """One direction as it is shown. steps: shifts, ascending, 0 in the middle; columns: which of
    them the strip shows; tile: width and height of one image in pixels."""

    steps: tuple[float, ...]
    columns: tuple[int, ...]
    tile: tuple[int, int]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Item:
    """What stands on one page: a direction, or two."""

    id: str
    shows: tuple[Shown, ...]


@dataclass(frozen=True)
class Lesson:
    """A drawn item whose answer is known. role: example or quiz; text: key of its explanation;
    right: by question; any answer to another question is right."""

    role: str
    text: str
    right: Answer
    item: Item


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
    task: Task

    @cached_property
    def hidden(self) -> dict[str, Any]:
        """The private map as it was built: `items`, `provenance` (the run) and `plan`."""
        return dict(read_json(self.folder / "private" / "map.json"))

    @cached_property
    def sources(self) -> dict[str, tuple[Source, ...]]:
        """The private map from item id to what the directions of the item are."""
        path = self.folder / "private" / "map.json"
        try:
            sources = {key: _sources(value) for key, value in self.hidden["items"].items()}
        except (TypeError, KeyError, AttributeError, ValueError):
            raise BenchError(f"{path} is damaged; build the study again") from None
        counts = {key: len(item.shows) for key, item in self.items.items()}
        if counts != {key: len(of_item) for key, of_item in sources.items()}:
            raise BenchError(f"{path} does not fit {self.folder}/manifest.json; build it again")
        return sources

    @cached_property
    def checks(self) -> dict[str, str]:
        """The kind of check of each item: "good", "still", or "" for one under study."""
        return {key: check_of(sources) for key, sources in self.sources.items()}

    @property
    def methods(self) -> set[str]:
        """The methods under study."""
        return {s.method for sources in self.sources.values() for s in sources if not s.check}

    @cached_property
    def kinds(self) -> Counter[str]:
        """How many items there are of each kind: direction, good, still."""
        return Counter(check or "direction" for check in self.checks.values())

    @property
    def quiz(self) -> list[Lesson]:
        """The lessons that the quiz asks about."""
        return [lesson for lesson in self.lessons if lesson.role == "quiz"]

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


def load_bundle(folder: Path, task: str | None = None) -> Bundle:
    """Read and check a bundle: schema, sense, and the hash of every image.

    task: `file.py:Class` of a task that is neither built in nor installed. Raises BenchError that
    names the first thing wrong.
    """
    path = folder / "manifest.json"
    manifest = _newest_format(read_json(path), path)
    _check_schema(manifest, path)
    settings = read_settings(folder / "study.toml")
    bundle = Bundle(
        folder=folder,
        study=manifest["study"],
        sha256=sha256(path),
        items={item["id"]: _item(item) for item in manifest["items"]},
        lessons=tuple(
            Lesson(**{**lesson, "item": _item(lesson["item"])}) for lesson in manifest["lessons"]
        ),
        images=manifest["files"],
        settings=settings,
        task=stored_task(manifest["task"] or Rating(settings).describe(), settings, task),
    )
    if len(bundle.items) != len(manifest["items"]):
        raise BenchError(f"{folder}/manifest.json names an item twice; build the study again")
    for item in (*bundle.items.values(), *(lesson.item for lesson in bundle.lessons)):
        _check_item(item, bundle)
    _check_lessons(bundle)
    if (folder / "images").is_symlink():
        raise BenchError(f"{folder}/images is a link; put the folder itself in its place")
    for name, expected in bundle.images.items():
        _check_image(folder / "images" / name, expected)
    check_method(settings, bundle.methods, folder / "study.toml")
    return bundle


def _newest_format(manifest: Any, path: Path) -> Any:
    """The manifest as of format 2. task: None where it was the rating task of format 1."""
    if not isinstance(manifest, dict) or manifest.get("format") in (FORMAT, None):
        return manifest
    if manifest["format"] != 1:
        raise BenchError(
            f"{path} has format {manifest['format']}; this version reads 1 and {FORMAT}"
        )
    try:
        items = [_newer_item(item) for item in manifest["items"]]
        lessons = [_newer_lesson(lesson) for lesson in manifest["lessons"]]
    except (KeyError, TypeError, AttributeError):
        raise BenchError(f"{path} is damaged; build the study again") from None
    return manifest | {"format": FORMAT, "task": None, "items": items, "lessons": lessons}


def _newer_item(item: dict[str, Any]) -> dict[str, Any]:
    return {"id": item["id"], "shows": [{k: v for k, v in item.items() if k != "id"}]}


def _newer_lesson(lesson: dict[str, Any]) -> dict[str, Any]:
    quiz = lesson["role"] == "quiz"
    return {
        "role": "quiz" if quiz else "example",
        "text": lesson["text"] if quiz else lesson["role"],
        "right": answer_of_format_1(lesson),
        "item": _newer_item(lesson["item"]),
    }


def _check_schema(manifest: Any, path: Path) -> None:
    schema = resources.files("study_server").joinpath("manifest.schema.json").read_text("utf-8")
    validator = jsonschema.Draft202012Validator(json.loads(schema))
    error = jsonschema.exceptions.best_match(validator.iter_errors(manifest))
    if error is not None:
        raise BenchError(f"{path}: {error.json_path}: {error.message[:200]}")


def _item(value: dict[str, Any]) -> Item:
    return Item(value["id"], tuple(_shown(shown) for shown in value["shows"]))


def _shown(value: dict[str, Any]) -> Shown:
    return Shown(
        steps=tuple(value["steps"]),
        columns=tuple(value["columns"]),
        tile=(value["tile"][0], value["tile"][1]),
        rows=tuple(Row(**row) for row in value["rows"]),
    )


def _sources(value: Any) -> tuple[Source, ...]:
    """The directions of an item: a list, or in format 1 the one."""
    return tuple(Source(**source) for source in (value if isinstance(value, list) else [value]))


def _check_item(item: Item, bundle: Bundle) -> None:
    if len(item.shows) != bundle.task.shows:
        raise BenchError(f"item {item.id}: the task {bundle.task.name} shows {bundle.task.shows}")
    for shown in item.shows:
        middle = len(shown.steps) // 2
        ascending = all(a < b for a, b in zip(shown.steps, shown.steps[1:], strict=False))
        if not ascending or len(shown.steps) % 2 == 0 or shown.steps[middle] != 0:
            raise BenchError(f"item {item.id}: steps must ascend, odd in number, 0 in the middle")
        columns = list(shown.columns)
        if columns != sorted(set(columns)) or columns[-1] >= len(shown.steps):
            raise BenchError(f"item {item.id}: columns must ascend and name steps")
        for row in shown.rows:
            for name in (row.strip, row.film):
                if name not in bundle.images:
                    raise BenchError(f"item {item.id}: the manifest has no hash of {name}")


def _check_lessons(bundle: Bundle) -> None:
    """Raises BenchError where the bundle lacks an example of its task's quiz, or a lesson cannot be
    marked. Its instructions may show fewer examples than the task has by now."""
    there = {(lesson.role, lesson.text) for lesson in bundle.lessons}
    for lesson in bundle.task.lessons:
        if lesson.role == "quiz" and (lesson.role, lesson.text) not in there:
            raise BenchError(
                f"{bundle.folder}/manifest.json lacks the {lesson.role} '{lesson.text}' of the "
                f"task {bundle.task.name}; build the study again"
            )
    asked = {question.name for question in bundle.task.quiz}
    for told in bundle.lessons:
        if strange := told.right.keys() - asked:
            raise BenchError(
                f"{bundle.folder}/manifest.json: the {told.role} '{told.text}' answers "
                f"'{min(strange)}', which its task does not ask there; build the study again"
            )


def _check_image(path: Path, expected: str) -> None:
    """Raises BenchError unless the image is there, in the folder itself and as it was written."""
    if not is_plain(path):
        wrong = "is no plain file" if path.is_symlink() or path.exists() else "is missing"
    elif sha256(path) != expected:
        wrong = "is damaged"
    else:
        return
    raise BenchError(f"the image {path} {wrong}; copy the whole study folder again")
