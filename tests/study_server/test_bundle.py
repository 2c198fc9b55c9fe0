"""A bundle is whole, blind and checked; whatever is wrong with it is named in one line."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.core.errors import BenchError
from study_server.bundle import Bundle, load_bundle
from study_server.bundle_writer import DirectionStrips, write_bundle
from study_server.tasks.task import FormError

from .blobs import GENERATORS, STEPS, images, strips


def test_bundle_holds_every_direction_once(bundle: Bundle) -> None:
    sources = Counter((s.generator, s.method, s.check) for (s,) in bundle.sources.values())
    given = Counter((s.generator, s.method, "") for s in strips())
    checks = {
        ("blobs-grey", "still", "still"): 1,
        ("blobs-colour", "still", "still"): 1,
        ("blobs-grey", "edited", "good"): 2,
        ("blobs-colour", "edited", "good"): 2,
    }
    assert sources == given + Counter(checks)
    assert [lesson.text for lesson in bundle.lessons] == [
        *("clear", "unclear", "both", "move", "scatter", "two")
    ]
    assert len(bundle.quiz) == 3


def test_films_show_the_steps_and_strips_the_columns(bundle: Bundle) -> None:
    good = {k for k, (s,) in bundle.sources.items() if (s.method, s.direction) == ("discovered", 0)}
    for item_id in good:
        (item,) = bundle.items[item_id].shows
        assert item.steps == STEPS
        assert item.columns == (0, 2, 4, 6, 8, 10, 12)
        generator = bundle.sources[item_id][0].generator
        given = images("good", 0, 32, generator.endswith("colour"))
        for row, line in zip(item.rows, given, strict=True):
            film = np.asarray(Image.open(bundle.image(row.film)).convert("RGB"), float)
            assert film.shape == (128, 13 * 128, 3)
            for step in (0, 6, 12):
                tile = film[:, step * 128 : (step + 1) * 128]
                small = tile.reshape(32, 4, 32, 4, 3).mean((1, 3))  # (32, 32, 3)
                expected = line[step] if line[step].ndim == 3 else line[step][..., None]
                assert np.abs(small - expected).mean() < 4  # grey levels, after WebP


def test_still_items_do_not_move(bundle: Bundle) -> None:
    still = [bundle.items[k].shows[0] for k, check in bundle.checks.items() if check == "still"]
    for item in still:
        film = np.asarray(Image.open(bundle.image(item.rows[0].film)).convert("RGB"), float)
        width = item.tile[0]
        assert np.abs(film[:, :width] - film[:, -width:]).max() < 12


def test_what_is_served_names_no_source(bundle: Bundle) -> None:
    words = ("discovered", "coordinate", "random", "blobs", "edited", "good")
    public = [bundle.folder / "manifest.json", *(bundle.folder / "images").iterdir()]
    for path in public:
        data = path.read_bytes().lower()
        assert not [word for word in words if word.encode() in data and path.suffix == ".json"]
        assert b"exif" not in data
        assert b"xmp" not in data
        assert not any(word in path.name for word in words)


def test_order_in_the_manifest_tells_nothing(tmp_path: Path, bundle: Bundle) -> None:
    methods = [bundle.sources[item_id][0].method for item_id in bundle.items]
    assert methods != sorted(methods)
    assert methods[:9] != [s.method for s in strips()][:9]


def test_private_files_are_for_the_owner_alone(bundle: Bundle) -> None:
    for name in ("map.json", "secrets.json"):
        assert (bundle.folder / "private" / name).stat().st_mode & 0o077 == 0
    password = (bundle.folder / "private" / "password.txt").read_text()
    assert password not in (bundle.folder / "private" / "secrets.json").read_text()


def shaded(by: float) -> list[list[np.ndarray]]:
    """Images that differ from the usual ones by so many grey levels on average."""
    every = round(1 / by)  # every so manyth pixel, by one level
    rows = [[np.array(image) for image in row] for row in images("good", 0, 32, False)]
    for image in (image for row in rows for image in row):
        flat = image.reshape(-1)  # a view
        flat[::every] = np.where(flat[::every] < 255, flat[::every] + 1, 254)
    return rows


def strip(**changes: object) -> DirectionStrips:
    return replace(DirectionStrips("g", "m", 0, STEPS, images("good", 0, 32, False)), **changes)


def twice(method: str, *starts: int) -> list[DirectionStrips]:
    """Directions of a method whose rows begin at one row of images or another."""
    good = images("good", 0, 32, False)
    turned = [good[start:] + good[:start] for start in starts]
    return [strip(method=method, direction=k, images=rows) for k, rows in enumerate(turned)]


def test_each_direction_may_have_rows_of_its_own(tmp_path: Path) -> None:
    """As long as those of the one method are those of the other, whichever direction has which."""
    shown = [*twice("m", 0, 1), *twice("n", 1, 0)]
    write_bundle(tmp_path / "study", shown, None)
    bundle = load_bundle(tmp_path / "study")
    assert len([check for check in bundle.checks.values() if not check]) == 4


def test_clear_checks_are_edits_of_the_generator_s_own_pictures(bundle: Bundle) -> None:
    """They begin where a direction begins, and each row changes, all alike and without a leap."""
    starts = {name: images("good", 0, 32, name.endswith("colour")) for name in GENERATORS}
    for item_id, check in bundle.checks.items():
        if check != "good":
            continue
        (source,), (shown,) = bundle.sources[item_id], bundle.items[item_id].shows
        assert shown.steps == STEPS
        for row, line in zip(shown.rows, starts[source.generator], strict=True):
            film = np.asarray(Image.open(bundle.image(row.film)).convert("RGB"), float)
            tiles = np.split(film, 13, axis=1)
            middle = tiles[6].reshape(32, 4, 32, 4, 3).mean((1, 3))  # (32, 32, 3)
            own = line[6] if line[6].ndim == 3 else line[6][..., None]
            assert np.abs(middle - own).mean() < 4  # grey levels, after WebP
            far = [np.abs(tile - tiles[6]).mean() for tile in tiles]
            assert far[:7] == sorted(far[:7], reverse=True)
            assert far[6:] == sorted(far[6:])
            assert min(far[0], far[-1]) > 5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([strip(steps=STEPS[1:])], "steps"),
        ([strip(steps=STEPS[::-1])], "ascend"),
        ([strip(images=images("good", 0, 32, False)[:3])], "4 rows"),
        ([strip(images=[row[:-1] for row in images("good", 0, 32, False)])], "one image per step"),
        ([strip(), strip()], "given twice"),
        ([strip(), strip(direction=1), strip(method="n")], "unequal"),
        ([strip(), strip(method="n", images=images("good", 0, 32, False)[::-1])], "unshifted"),
        ([strip(), strip(method="n", images=shaded(by=0.5))], "unshifted"),  # near, not the same
        ([*twice("m", 0, 1), *twice("n", 0, 0)], "m and n show other latents"),
        ([strip(check="good")], "at least one direction"),
        ([], "at least one direction"),
    ],
)
def test_unfair_strips_are_refused(
    tmp_path: Path, wrong: list[DirectionStrips], message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        write_bundle(tmp_path / "study", wrong)
    assert list(tmp_path.iterdir()) == []  # nothing half-written is left


def test_a_card_that_rounds_otherwise_is_no_other_latent(tmp_path: Path) -> None:
    write_bundle(tmp_path / "study", [strip(), strip(method="n", images=shaded(by=0.05))])
    assert (tmp_path / "study" / "manifest.json").exists()


def test_an_existing_study_is_never_overwritten(bundle: Bundle) -> None:
    with pytest.raises(BenchError, match="exists already"):
        write_bundle(bundle.folder, strips(1))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_bundle_cut_short_is_named(bundle: Bundle) -> None:
    image = next((bundle.folder / "images").iterdir())
    whole = image.read_bytes()
    _cut(image)
    with pytest.raises(BenchError, match="damaged"):
        load_bundle(bundle.folder)
    image.unlink()
    with pytest.raises(BenchError, match="missing"):
        load_bundle(bundle.folder)
    image.write_bytes(whole)
    load_bundle(bundle.folder)
    _cut(bundle.folder / "manifest.json")
    with pytest.raises(BenchError, match="cannot be read"):
        load_bundle(bundle.folder)
    (bundle.folder / "manifest.json").unlink()
    with pytest.raises(BenchError, match="whole study folder"):
        load_bundle(bundle.folder)


def test_an_image_that_is_a_link_is_not_followed(bundle: Bundle, tmp_path: Path) -> None:
    image, elsewhere = next((bundle.folder / "images").iterdir()), tmp_path / "elsewhere.webp"
    image.rename(elsewhere)
    image.symlink_to(elsewhere)  # the same bytes, by the manifest's hash as well
    with pytest.raises(BenchError, match=rf"the image .*{image.name} is no plain file; copy"):
        load_bundle(bundle.folder)
    image.unlink()
    image.hardlink_to(elsewhere)
    load_bundle(bundle.folder)
    (bundle.folder / "images").rename(tmp_path / "images")
    (bundle.folder / "images").symlink_to(tmp_path / "images")
    with pytest.raises(BenchError, match="images is a link"):
        load_bundle(bundle.folder)


@pytest.mark.parametrize(
    ("place", "keys"),
    [
        ("manifest.json", ()),
        ("manifest.json", ("items", 0)),
        ("manifest.json", ("lessons", 0, "right")),
        ("manifest.json", ("task", "name")),
        ("private/map.json", ()),
        ("private/map.json", ("items",)),
        ("private/secrets.json", ()),
    ],
)
@pytest.mark.parametrize("depth", [98, 400, 900, 5_000, 100_000])
def test_files_nested_deeply_are_refused_in_one_line(
    bundle: Bundle, place: str, keys: tuple[str | int, ...], depth: int
) -> None:
    path = bundle.folder / place
    whole = {"": json.loads(path.read_text("utf-8"))}
    inner, last = whole, ""
    for key in keys:
        inner, last = inner[last], key
    inner[last] = "HERE"
    text = json.dumps(whole[""]).replace('"HERE"', "[" * depth + "]" * depth)
    path.write_text(text, "utf-8")
    with pytest.raises(BenchError) as caught:
        _ = (loaded := load_bundle(bundle.folder)).sources, loaded.secrets
    assert "\n" not in str(caught.value)


def test_a_study_from_before_the_name_came_first_asks_in_its_own_order(bundle: Bundle) -> None:
    """And shows the examples that it was built with; a study that runs does not change."""
    path = bundle.folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    *first, label, category = manifest["task"]["questions"]
    assert (label["name"], category["name"]) == ("label", "category")
    manifest["task"]["questions"] = [*first, category, label]
    manifest["lessons"] = [one for one in manifest["lessons"] if one["text"] != "both"]
    path.write_text(json.dumps(manifest), "utf-8")
    old = load_bundle(bundle.folder)
    assert [q.name for q in old.task.questions] == ["consistent", "single", "category", "label"]
    assert "both" not in {lesson.text for lesson in old.lessons}
    form = {"consistent": "yes", "single": "yes", "category": "other", "label": "size"}
    with pytest.raises(FormError):  # the name was not said yet when the kind was asked
        old.task.parse(form)
    assert bundle.task.parse(form)["category"] == "size"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lessons: lessons.clear(), "lacks the quiz 'move' of the task rating; build"),
        (lambda lessons: lessons.pop(), "lacks the quiz 'two' of the task rating; build the study"),
        (lambda lessons: lessons[5].update(role="example"), "lacks the quiz 'two'"),
        (lambda lessons: lessons[2]["right"].update(category="geometry"), "answers 'category'"),
    ],
)
def test_a_bundle_without_what_its_task_teaches_does_not_start(
    bundle: Bundle, change, message: str
) -> None:
    path = bundle.folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest["lessons"])
    path.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(BenchError, match=message):
        load_bundle(bundle.folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format=3), "format 3"),
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m["items"][0].update(id="../../etc"), "does not match"),
        (
            lambda m: m["items"][0]["shows"][0]["rows"][0].update(film="../private/map.json"),
            "not match",
        ),
        (lambda m: m["items"][0]["shows"][0]["rows"][0].update(film="0" * 16 + ".webp"), "no hash"),
        (
            lambda m: m["items"][0]["shows"][0].update(steps=[1, 2, 3, 4, 5, 6, 7]),
            "0 in the middle",
        ),
        (lambda m: m["items"].append(m["items"][0]), "twice"),
        (lambda m: m["items"].pop(), None),
    ],
)
def test_a_changed_manifest_is_refused(bundle: Bundle, change, message: str | None) -> None:
    path = bundle.folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(BenchError, match=message or "does not fit"):
        _ = load_bundle(bundle.folder).sources


def test_the_plan_is_kept_at_build_and_hashes_what_settles_the_analysis(bundle: Bundle) -> None:
    stored = bundle.hidden["plan"]
    assert stored["sha256"] == bundle.settings.plan_sha256
    assert stored["settings"] == json.loads(json.dumps(bundle.settings.plan))
    path = bundle.folder / "study.toml"
    text = path.read_text("utf-8")
    hashes = set()
    for old, new in (
        ("pause_every = 5", "pause_every = 6"),  # settles nothing
        ("ratings_per_item = 3", "ratings_per_item = 4"),
        ("[title]", "method = 'discovered'\n[title]"),
        ("[title]", "[screening]\nmin_agreement = 0.1\n[title]"),
    ):
        path.write_text(text.replace(old, new), "utf-8")
        hashes.add(load_bundle(bundle.folder).settings.plan_sha256)
    assert len(hashes) == 4
    assert stored["sha256"] in hashes


def test_a_bundle_of_format_1_is_one_of_the_rating_task(bundle: Bundle) -> None:
    """As it was written before there were tasks, item by item and lesson by lesson."""
    path, private = bundle.folder / "manifest.json", bundle.folder / "private" / "map.json"
    manifest = json.loads(path.read_text("utf-8"))
    del manifest["task"]
    for item in (*manifest["items"], *(lesson["item"] for lesson in manifest["lessons"])):
        item |= item.pop("shows")[0]
    manifest["lessons"] = [one for one in manifest["lessons"] if one["text"] != "both"]  # is newer
    for lesson in manifest["lessons"]:
        right = lesson.pop("right")
        lesson["consistent"], lesson["single"] = right["consistent"], right.get("single")
        if lesson["role"] == "example":
            lesson["role"] = lesson["text"]
            lesson["text"] = {"clear": "grow", "unclear": "scatter"}[lesson["text"]]
    path.write_text(json.dumps(manifest | {"format": 1}), "utf-8")
    hidden = json.loads(private.read_text("utf-8"))
    hidden["items"] = {key: sources[0] for key, sources in hidden["items"].items()}
    private.write_text(json.dumps(hidden), "utf-8")
    old = load_bundle(bundle.folder)
    assert old.items == bundle.items
    assert old.sources == bundle.sources
    assert old.lessons == tuple(lesson for lesson in bundle.lessons if lesson.text != "both")
    assert old.task.describe() == bundle.task.describe()
    assert old.sha256 != bundle.sha256  # of the file as it is, which its database knows
    del manifest["lessons"][0]["item"]
    path.write_text(json.dumps(manifest | {"format": 1}), "utf-8")
    with pytest.raises(BenchError, match="is damaged"):
        load_bundle(bundle.folder)
