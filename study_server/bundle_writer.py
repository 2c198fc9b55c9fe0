"""Writes a study bundle from rendered images, so that nothing in it tells which method made what.

Ids are random, items and images are written in random order and have one time, images carry no
metadata, and what an item is stands in `private/map.json` alone.
"""

import itertools
import os
import random
import secrets
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from werkzeug.security import generate_password_hash

from benchmark import __version__
from benchmark.core.errors import BenchError
from benchmark.core.failures import in_one_line
from benchmark.core.storage import sha256
from study_server.bundle import FORMAT
from study_server.drawings import STEPS, draw
from study_server.edits import clearest
from study_server.filmstrips import Picture, as_film, as_picture, as_strip, tile_size
from study_server.folders import new_folder, write_json
from study_server.settings_file import check_method, read_settings
from study_server.shipped import write_settings
from study_server.starts import Starts
from study_server.study_settings import Settings
from study_server.tasks import TASKS, Source, Task
from study_server.tasks.choosing import made_task
from study_server.tasks.task import DrawnLesson, check_of

COLUMNS = 7  # steps shown side by side
DRAFTS = ".drafts"  # folder of images as they come: method by method


@dataclass(frozen=True)
class DirectionStrips:
    """The images of one direction of one method.

    steps: shifts, ascending, odd in number, 0 in the middle, 7 + 6m of them: the strip shows
    seven, the slider all. images: one row for each latent (4 or more), one column for each step;
    PIL images or uint8 arrays (H, W), (H, W, 1) or (H, W, 3), all of one size. check: "good"
    for a direction that everyone should call clear, "still" for one that does not move, "" for one
    under study.
    """

    generator: str
    method: str
    direction: int
    steps: Sequence[float]
    images: Sequence[Sequence[Picture]]
    check: Literal["", "good", "still"] = ""


def write_bundle(
    folder: Path,
    strips: Iterable[DirectionStrips],
    settings: Path | None = None,
    provenance: Mapping[str, Any] | None = None,
    task: type[Task] = TASKS["rating"],
    seed: int = 0,
) -> str:
    """Write a bundle to `folder`, whole or not at all; returns the admin's password.

    strips: read once, one at a time; every method of a generator must give as many directions, and
    show the same latents as rows, each equally often. settings: a `study.toml`; None takes the
    default one. provenance: what the private map records of the run (configuration, seeds, hashes).
    task: what is asked about them. seed: of the task's random draws. Where no strips are checks,
    each generator's own pictures become some: edited ones that are clear, and still copies. Only
    the password's hash is stored. Raises BenchError where the strips do not make a fair comparison.
    """
    password = "-".join(secrets.token_hex(3) for _ in range(3))
    with new_folder(folder) as part:
        if settings is None:
            write_settings(part / "study.toml")
        else:
            shutil.copyfile(settings, part / "study.toml")
        read = read_settings(part / "study.toml")
        asked = made_task(task, read)
        writer = _Writer(part)
        for strip in strips:
            writer.add(strip)
        writer.add_checks()
        writer.check_balance()
        methods = {source.method for source in writer.shown if not source.check}
        check_method(read, methods, settings or folder / "study.toml")
        failed = f"the task {asked.name} failed in items()"
        shown, rng = list(writer.shown), random.Random(f"{seed}/items")
        writer.add_items(in_one_line(failed, asked.items, shown, rng), asked)
        writer.finish(asked, read, dict(provenance or {}), password)
    return password


class _Writer:
    """A bundle on its way: what was written, and what must hold between strips."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.shown: dict[Source, dict[str, Any]] = {}
        self.items: dict[str, tuple[Source, ...]] = {}
        self.files: dict[str, str] = {}
        self.steps: dict[str, Sequence[float]] = {}
        self.starts: dict[str, Starts] = defaultdict(Starts)
        self.started: dict[str, dict[str, Counter[int]]] = defaultdict(dict)
        (folder / DRAFTS).mkdir()
        (folder / "private").mkdir(mode=0o700)

    def add(self, strip: DirectionStrips) -> None:
        """Write the images of one direction and note what it is."""
        name = f"{strip.generator}, {strip.method}, direction {strip.direction}"
        rows = [[as_picture(image, name) for image in row] for row in strip.images]
        _check_shape(strip, rows, name)
        if not strip.check:
            self.steps.setdefault(strip.generator, strip.steps)
            places = self.started[strip.generator].setdefault(strip.method, Counter())
            places[self.starts[strip.generator].place([row[len(row) // 2] for row in rows])] += 1
        source = Source(strip.generator, strip.method, strip.direction, strip.check)
        if source in self.shown:
            raise BenchError(f"{name} was given twice")
        self.shown[source] = self._write_shown(strip.steps, rows)

    def add_checks(self) -> None:
        """Checks of each generator's own pictures, where none were given: still and clear ones."""
        given = {source.check for source in self.shown}
        for generator, steps in self.steps.items():
            starts = itertools.cycle(self.starts[generator].known)
            farthest = max(steps[-1], -steps[0])
            if "still" not in given:
                still = [[image] * len(steps) for image in next(starts)]
                self.add(DirectionStrips(generator, "still", 0, steps, still, "still"))
            edits = clearest(self.starts[generator].known[0]) if "good" not in given else ()
            for number, edit in enumerate(edits):
                clear = [[edit(image, step / farthest) for step in steps] for image in next(starts)]
                self.add(DirectionStrips(generator, "edited", number, steps, clear, "good"))

    def check_balance(self) -> None:
        """Raises BenchError unless all methods of a generator contribute equally, at the same
        latents."""
        counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for source in self.shown:
            if not source.check:
                counts[source.generator][source.method] += 1
        if not counts:
            raise BenchError("a study needs at least one direction; none were given")
        for generator, methods in counts.items():
            if len(set(methods.values())) > 1:
                raise BenchError(f"{generator}: methods give unequal numbers: {dict(methods)}")
        for generator, started in self.started.items():
            first, *others = started
            for other in others:
                if started[other] != started[first]:
                    raise BenchError(
                        f"{generator}: {first} and {other} show other latents: the unshifted "
                        "images of all methods must be the same"
                    )

    def add_items(self, items: Sequence[tuple[Source, ...]], task: Task) -> None:
        """Give every item an id. Raises BenchError where the task made items that cannot be."""
        for sources in items:
            distinct = len(set(sources)) == len(sources) == task.shows
            if not distinct or not set(sources) <= self.shown.keys():
                raise BenchError(
                    f"the task {task.name} made an item of {len(sources)} directions; an item "
                    f"holds {task.shows} different ones of those given to it"
                )
            if len({bool(source.check) for source in sources}) > 1:
                raise BenchError(
                    f"the task {task.name} puts a check beside a direction under study, which "
                    "nobody's judgment would count for; keep them apart by Source.check"
                )
            self.items[secrets.token_hex(8)] = sources
        if len({*items}) < len(items):
            raise BenchError(f"the task {task.name} made an item twice")
        if all(check_of(sources) for sources in self.items.values()):
            raise BenchError(
                f"the task {task.name} leaves nothing to judge: every item holds a check; let "
                "items() put directions under study, whose check is empty, beside each other"
            )

    def finish(
        self, task: Task, settings: Settings, provenance: dict[str, Any], password: str
    ) -> None:
        """Write lessons, images, manifest, map and secrets."""
        lessons = [self._write_lesson(lesson) for lesson in task.lessons]
        created = datetime.now(UTC).replace(microsecond=0)
        self._shuffle_images(created)
        items = [
            {"id": item_id, "shows": [self.shown[source] for source in sources]}
            for item_id, sources in self.items.items()
        ]
        random.SystemRandom().shuffle(items)
        manifest = {
            "format": FORMAT,
            "study": secrets.token_hex(8),
            "created": created.isoformat(),
            "software": __version__,
            "task": task.describe(),
            "items": items,
            "lessons": lessons,
            "files": dict(sorted(self.files.items())),
        }
        write_json(self.folder / "manifest.json", manifest)
        plan = {"sha256": settings.plan_sha256, "settings": settings.plan}
        sources = {key: [asdict(s) for s in of_item] for key, of_item in self.items.items()}
        hidden = {"provenance": provenance, "plan": plan, "items": sources}
        write_json(self.folder / "private" / "map.json", hidden, mode=0o600)
        keys = {
            "secret_key": secrets.token_hex(32),
            "admin_password_hash": generate_password_hash(password),
        }
        write_json(self.folder / "private" / "secrets.json", keys, mode=0o600)

    def _write_lesson(self, lesson: DrawnLesson) -> dict[str, Any]:
        shows = [self._write_shown(STEPS, draw(change)) for change in lesson.changes]
        return {
            "role": lesson.role,
            "text": lesson.text,
            "right": dict(lesson.right),
            "item": {"id": secrets.token_hex(8), "shows": shows},
        }

    def _write_shown(self, steps: Sequence[float], rows: list[list[Image.Image]]) -> dict[str, Any]:
        tile = tile_size(rows[0][0].size)
        stride = (len(steps) - 1) // (COLUMNS - 1)
        columns = list(range(0, len(steps), stride))

        def write(row: list[Image.Image]) -> dict[str, str]:
            tiles = [image.resize(tile, Image.Resampling.BICUBIC) for image in row]
            strip = as_strip([tiles[column] for column in columns])
            return {"strip": self._save(strip), "film": self._save(as_film(tiles))}

        with ThreadPoolExecutor(len(rows)) as pool:  # the encoder of WebP lets others compute
            written = list(pool.map(write, rows))
        return {
            "steps": [float(step) for step in steps],
            "columns": columns,
            "tile": list(tile),
            "rows": written,
        }

    def _save(self, image: Image.Image) -> str:
        name = f"{secrets.token_hex(8)}.webp"
        image.save(self.folder / DRAFTS / name, "WEBP", quality=90, method=2)
        self.files[name] = sha256(self.folder / DRAFTS / name)
        return name

    def _shuffle_images(self, moment: datetime) -> None:
        """Write all images anew in random order, since their places on the disk and all their times
        tell in which order they were written; then give them one time."""
        drafts, images = self.folder / DRAFTS, self.folder / "images"
        names = list(self.files)
        random.SystemRandom().shuffle(names)
        images.mkdir()
        for name in names:
            shutil.copyfile(drafts / name, images / name)
        for path in (*(images / name for name in names), images):
            os.utime(path, (moment.timestamp(), moment.timestamp()))
        shutil.rmtree(drafts)


def _check_shape(strip: DirectionStrips, rows: list[list[Image.Image]], name: str) -> None:
    steps = list(strip.steps)
    middle = len(steps) // 2
    ascending = all(a < b for a, b in itertools.pairwise(steps))
    if len(steps) < COLUMNS or (len(steps) - 1) % (COLUMNS - 1):
        raise BenchError(f"{name}: {len(steps)} steps; give 7, 13, 19 or 25")
    if not ascending or steps[middle] != 0:
        raise BenchError(f"{name}: steps must ascend with 0 in the middle")
    if len(rows) < 4 or any(len(row) != len(steps) for row in rows):
        raise BenchError(f"{name}: give 4 rows or more, each with one image per step")
    if len({image.size for row in rows for image in row}) != 1:
        raise BenchError(f"{name}: images differ in size")
