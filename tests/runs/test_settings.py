"""Settings: where they come from, which win, and what is refused."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from baselines import METHODS
from benchmark.core.errors import BenchError
from benchmark.generators.catalogue import GENERATORS
from benchmark.generators.families.biggan import BigGANOptions
from benchmark.generators.usual import Usual
from benchmark.methods.discovered import Discovered
from benchmark.rca.protocol import Protocol
from benchmark.runs import PRESETS
from benchmark.runs.grid import Group, plan
from benchmark.runs.settings import (
    RunConfig,
    check_sections,
    content_hash,
    generator_options,
    method_for,
    plain,
    protocol_for,
)

USUAL = Usual(k=8)  # of the planted generator
CHOICE = tuple(field.name for field in fields(BigGANOptions))


def usual_of(name: str) -> Usual:
    usual = GENERATORS[name].usual
    assert usual is not None
    return usual


def config(tmp_path: Path, toml: str, *settings: str) -> RunConfig:
    path = tmp_path / "mine.toml"
    path.write_text(toml)
    return RunConfig.from_preset(str(path)).with_settings(settings)


@pytest.mark.parametrize("name", sorted(path.stem for path in PRESETS.glob("*.toml")))
def test_every_preset_resolves_for_every_generator_and_method(name: str) -> None:
    preset = RunConfig.from_preset(name)
    assert preset.preset == name
    assert len(preset.seeds) >= 1
    for variant in preset.variants:
        layers = preset.layers(variant)
        check_sections(layers, GENERATORS, METHODS)
        for generator in GENERATORS:
            assert protocol_for(generator, usual_of(generator), layers, CHOICE).steps > 0
        for method in METHODS:
            method_for(method, "planted", layers, METHODS)


def test_the_paper_preset_says_what_the_authors_code_does() -> None:
    preset = RunConfig.from_preset("paper")
    terms = protocol_for("mnist-sngan", usual_of("mnist-sngan"), preset.layers({}))
    assert (terms.batch, terms.lr, terms.lambda_) == (32, 1e-4, 0.25)
    assert (terms.shift_loss, terms.min_shift, terms.schedule) == ("mae", 0.5, "constant")
    assert method_for("discovered", "mnist-sngan", preset.layers({}), METHODS).lr == 1e-4  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("generator", "k", "reconstructor"),
    [
        ("mnist-sngan", 64, "lenet"),
        ("mnist-sngan-authors", 128, "lenet"),
        ("anime-sngan", 128, "lenet"),
        ("celebahq-proggan", 200, "resnet18"),
        ("imagenet-biggan", 120, "resnet18"),
        ("anime-sngan-small", 128, "lenet"),
        ("celeba-proggan-small", 128, "resnet18"),
        ("celeba-stylegan2-small", 128, "resnet18"),
        ("cifar-biggan-small", 80, "resnet18"),
    ],
)
def test_the_paper_preset_knows_each_generator(generator: str, k: int, reconstructor: str) -> None:
    layers = RunConfig.from_preset("paper").layers({})
    terms = protocol_for(generator, usual_of(generator), layers)
    assert (terms.k, terms.reconstructor) == (k, reconstructor)
    assert (terms.batch, terms.steps, terms.min_shift) == (32, 100_000, 0.5)


def test_standard_repeats_what_quick_does_with_half_of_the_steps() -> None:
    quick, standard = (RunConfig.from_preset(name) for name in ("quick", "standard"))
    assert set(quick.seeds) < set(standard.seeds)
    shorter = {
        key: value // 2 if key.endswith("steps") and key != "planted.steps" else value
        for key, value in standard.defaults.items()
    }
    assert quick.defaults == {**shorter, "evaluation": 5_000}


@pytest.mark.parametrize(
    ("generator", "method", "known"),
    [
        ("mnist-sngan", "discovered", "87d1c1a5a2"),
        ("mnist-sngan", "random", "25bdfa70ee"),
        ("anime-sngan-small", "discovered", "0f7da75b30"),
        ("celeba-proggan-small", "discovered", "9b90d62771"),
        ("cifar-biggan-small", "random", "40d6c32965"),
        ("planted", "discovered", "5316c8d565"),
        ("planted", "coordinate", "e3cc0c8347"),
    ],
)
def test_cells_of_the_reference_run_keep_their_names(
    generator: str, method: str, known: str
) -> None:
    (group, *_) = plan(RunConfig.from_preset("standard"), [generator], [method], METHODS)
    assert group.jobs[0].cell.config_hash == known


def test_no_cell_of_the_reference_run_is_computed_again() -> None:
    """Its generators and methods, as `standard` plans them today."""
    folder = Path(__file__).parents[2] / "results" / "reference"
    known = json.loads((folder / "run.json").read_text("utf-8"))["headline"]
    standard = RunConfig.from_preset("standard")
    planned: dict[str, dict[str, str]] = {}
    for group in (g for name in known for g in plan(standard, [name], list(known[name]), METHODS)):
        for job in group.jobs:
            planned.setdefault(group.name, {})[job.cell.method] = job.cell.config_hash
            assert (job.cell.folder(folder) / "result.json").exists()
    assert len(planned) == 5
    assert planned == known


def test_threads_are_a_setting_and_one_goes_without_saying() -> None:
    quick = RunConfig.from_preset("quick")

    def planned(*settings: str) -> Group:
        return plan(quick.with_settings(settings), ["planted"], ["random"], METHODS)[0]

    usual, one = planned(), planned("threads=1")
    assert usual.jobs == one.jobs
    assert "threads" not in usual.jobs[0].config["protocol"]
    two, own = planned("threads=2"), planned("planted.threads=2")
    assert two.jobs == own.jobs
    assert two.jobs[0].cell != usual.jobs[0].cell
    assert two.jobs[0].config["protocol"]["threads"] == two.protocol.threads == 2


def test_precision_is_a_setting_and_float32_goes_without_saying() -> None:
    quick = RunConfig.from_preset("quick")

    def planned(*settings: str) -> Group:
        return plan(quick.with_settings(settings), ["planted"], ["random"], METHODS)[0]

    usual, said = planned(), planned("precision=float32")
    assert usual.jobs == said.jobs
    assert "precision" not in usual.jobs[0].config["protocol"]
    fast = planned("precision=bfloat16")
    assert fast.jobs[0].cell != usual.jobs[0].cell
    assert fast.jobs[0].config["protocol"]["precision"] == "bfloat16"
    with pytest.raises(BenchError, match="unknown precision 'half'"):
        planned("precision=half")


def test_later_layers_win_and_special_beats_general_within_a_layer(tmp_path: Path) -> None:
    toml = "steps = 10\nbatch = 4\n[planted]\nsteps = 20\n[discovered]\nlr = 0.5\n"
    from_preset = config(tmp_path, toml)
    assert protocol_for("planted", USUAL, from_preset.layers({})).steps == 20
    assert protocol_for("other", USUAL, from_preset.layers({})).steps == 10
    from_user = config(tmp_path, toml, "steps=30", "discovered.lr=1")
    terms = protocol_for("planted", USUAL, from_user.layers({"batch": 8, "steps": 5}))
    assert (terms.steps, terms.batch) == (30, 8)
    assert method_for("discovered", "planted", from_user.layers({}), METHODS) == Discovered(lr=1.0)


def test_what_is_said_to_a_generator_holds_for_it_with_other_options(tmp_path: Path) -> None:
    toml = (
        "steps = 10\n[planted]\nsteps = 20\nbatch = 4\nspace = 'w'\n"
        "[planted.discovered]\nlr = 0.1\n"
        "[planted-half]\nsteps = 30\n"
    )
    layers = config(tmp_path, toml).layers({})
    terms = protocol_for("planted-half", USUAL, layers, ("space",), own="planted")
    assert (terms.steps, terms.batch) == (30, 4)  # its own word first, then the generator's
    assert generator_options("planted-half", ("space",), layers, "planted") == {"space": "w"}
    assert method_for("discovered", "planted-half", layers, METHODS, "planted").lr == 0.1  # type: ignore[attr-defined]
    assert protocol_for("planted-half", USUAL, layers).batch == Protocol().batch


def test_a_method_may_have_settings_for_one_generator(tmp_path: Path) -> None:
    toml = '[discovered]\nlr = 0.5\n[planted.discovered]\nspace = "orthonormal"\nlr = 0.1\n'
    layers = config(tmp_path, toml).layers({})
    check_sections(layers, GENERATORS, METHODS)
    assert protocol_for("planted", USUAL, layers).k == USUAL.k
    there = method_for("discovered", "planted", layers, METHODS)
    assert there == Discovered(space="orthonormal", lr=0.1)
    assert method_for("discovered", "mnist-sngan", layers, METHODS) == Discovered(lr=0.5)


def test_a_setting_that_no_run_can_store_is_named(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Reads(Discovered):
        weights: Path = Path("a.pt")

    layers = config(tmp_path, "").layers({})
    with pytest.raises(BenchError, match=r"^reads\.weights is of type PosixPath, which no run"):
        method_for("reads", "planted", layers, {"reads": Reads})


def test_k_and_r_come_from_the_generator_unless_told(tmp_path: Path) -> None:
    terms = protocol_for("planted", USUAL, config(tmp_path, "").layers({}))
    assert terms.k == USUAL.k
    told = protocol_for("planted", USUAL, config(tmp_path, "", "planted.k=3").layers({}))
    assert told.k == 3


def test_lambda_goes_by_its_own_name(tmp_path: Path) -> None:
    terms = protocol_for("planted", USUAL, config(tmp_path, "", "lambda=2").layers({}))
    assert terms.lambda_ == 2.0
    assert plain(terms)["lambda"] == 2.0


def resolve(given: RunConfig) -> None:
    layers = given.layers({})
    check_sections(layers, GENERATORS, METHODS)
    protocol_for("planted", USUAL, layers, (), METHODS)
    for method in METHODS:
        method_for(method, "planted", layers, METHODS)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("stepz=3", "unknown setting 'stepz'; did you mean steps"),
        ("discovered.space=unt", "unknown space 'unt'; did you mean unit"),
        ("discovered.lrr=1", "unknown setting of discovered 'lrr'; did you mean lr"),
        ("random.lr=1", "unknown setting of random 'lr'"),
        ("planted.discovered.lrr=1", "unknown setting of discovered 'lrr'; did you mean lr"),
        ("planted.discoverd.lr=1", r"did you mean planted\.discovered"),
        ("steps=many", "steps must be int, like 5000, not 'many'"),
        ("steps=1.5", "steps must be int"),
        ("steps=true", "steps must be int"),
        ("batch=0", "batch must be at least 2"),
        ("discovered.lr=0", r"discovered\.lr must be above 0"),
        ("discoverd.lr=1", "unknown method or generator in setting 'discoverd'"),
        ("steps", "--set wants key=value, not 'steps'"),
        ("=3", "--set wants key=value"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, setting: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        resolve(config(tmp_path, "", setting))


def test_presets_that_are_not_there_or_no_toml(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="did you mean quick"):
        RunConfig.from_preset("quik")
    with pytest.raises(BenchError, match=r"mine\.toml"):
        config(tmp_path, "steps = = 3")


def test_the_hash_changes_with_any_value_and_not_with_order() -> None:
    one = content_hash({"a": 1, "b": {"c": 2.0}})
    assert one == content_hash({"b": {"c": 2.0}, "a": 1})
    assert one != content_hash({"a": 1, "b": {"c": 2.5}})
    assert len(one) == 10


def test_classes_and_truncation_belong_to_the_generator(tmp_path: Path) -> None:
    toml = '["imagenet-biggan"]\nclasses = [1, 2]\nsteps = 5\n'
    layers = config(tmp_path, toml, "imagenet-biggan.truncation=0.5").layers({})
    check_sections(layers, GENERATORS, METHODS)
    name = "imagenet-biggan"
    assert generator_options(name, CHOICE, layers) == {"classes": [1, 2], "truncation": 0.5}
    assert protocol_for(name, usual_of(name), layers, CHOICE).steps == 5
    assert generator_options("planted", (), layers) == {}
    with pytest.raises(BenchError, match="unknown setting 'clases'; did you mean classes"):
        protocol_for(name, usual_of(name), [{f"{name}.clases": [1]}], CHOICE)
    with pytest.raises(BenchError, match="its option 'steps' goes by the name of a run's setting"):
        generator_options(name, ("steps",), layers)


def test_terms_start_from_what_the_generator_brings(tmp_path: Path) -> None:
    usual = Usual(k=5, reconstructor="resnet18", max_shift=0.5, min_shift=0.1)
    terms = protocol_for("w", usual, config(tmp_path, "").layers({}))
    assert (terms.k, terms.reconstructor, terms.max_shift, terms.min_shift) == (
        5,
        "resnet18",
        0.5,
        0.1,
    )
    told = protocol_for("w", usual, config(tmp_path, "", "w.max_shift=2", "k=3").layers({}))
    assert (told.k, told.max_shift, told.min_shift) == (3, 2.0, 0.1)
    with pytest.raises(BenchError, match="k must be a whole number from 1, not 'many'"):
        protocol_for("w", Usual(k="many"), [])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("seeds = 3", r"seeds must be a list of different whole numbers from 0.*not 3"),
        ("seeds = []", "seeds must be a list"),
        ("seeds = [0, 0]", "seeds must be a list of different"),
        ("seeds = [1.5]", "seeds must be a list"),
        ("seeds = [true]", "seeds must be a list"),
        ("seeds = [-1]", "seeds must be a list"),
        ('seeds = "0,1"', "seeds must be a list"),
        ("variants = 3", r"variants must be tables, each begun by \[\[variants\]\], not 3"),
        ("variants = []", "variants must be tables"),
        ("variants = [3]", "variants must be tables"),
        ("[variants]\nsteps = 3", "variants must be tables"),
        ("lr = inf", "lr must be finite, not inf"),
        ("[other.discovered]\nlr = nan", "other.discovered.lr must be finite, not nan"),
        ("[[variants]]\nmax_shift = -inf", "max_shift must be finite"),
        ("[imagenet-biggan]\ntruncation = nan", "imagenet-biggan.truncation must be finite"),
        ("[other]\nk = 2026-01-31", "other.k must be text or a number"),
        ("[[planted]]\nk = 3", "planted must be text or a number, or a list of these"),
        ("steps = 99999999999999999999", "steps must be text or a number"),
    ],
)
def test_a_preset_of_the_wrong_types_is_refused_in_one_line(
    tmp_path: Path, toml: str, message: str
) -> None:
    with pytest.raises(BenchError, match=rf"mine\.toml: {message}") as caught:
        config(tmp_path, toml)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("setting", ["lr=inf", "max_shift=nan", "start=2026-01-31", "k=9e999"])
def test_a_setting_that_a_run_cannot_store_is_refused(tmp_path: Path, setting: str) -> None:
    with pytest.raises(BenchError, match=f"{setting.partition('=')[0]} must be"):
        config(tmp_path, "", setting)


def test_a_preset_that_is_a_folder_or_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(BenchError, match=r"folder\.toml is a folder"):
        RunConfig.from_preset(str(tmp_path / "folder.toml"))
    (tmp_path / "old.toml").write_bytes("# Gr\u00f6\u00dfe\nsteps = 3".encode("latin-1"))
    with pytest.raises(BenchError, match=r"old\.toml is not UTF-8 text"):
        RunConfig.from_preset(str(tmp_path / "old.toml"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_preset_with_a_byte_order_mark_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "marked.toml").write_bytes("steps = 3\r\nseeds = [4]\r\n".encode(encoding))
    found = RunConfig.from_preset(str(tmp_path / "marked.toml"))
    assert (found.preset, found.seeds, found.defaults) == ("marked", (4,), {"steps": 3})
