"""Settings of a run: a TOML preset, changed by `--set key=value`, resolved for each cell."""

import hashlib
import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from benchmark.core.errors import BenchError, unknown
from benchmark.core.failures import in_one_line
from benchmark.core.reading import read_toml
from benchmark.core.values import as_field, check_plain, check_stored
from benchmark.generators.catalogue import GENERATORS
from benchmark.generators.usual import Usual
from benchmark.methods.method import Method
from benchmark.rca.protocol import PROTOCOL_KEYS, Protocol, key_of
from benchmark.runs import PRESETS

Settings = Mapping[str, Any]
Methods = Mapping[str, type[Method]]  # all that a run may choose from, by name


@dataclass(frozen=True)
class RunConfig:
    """What a run does. Settings are `key` (protocol), `generator.key`, `method.key`, or
    `generator.method.key`, the more special ones winning within a layer. A generator that leaves
    something to choose takes that as `generator.option`, such as `imagenet-biggan.classes`. What is
    said to a generator holds for it with other options too, which a run calls by longer names, as
    far as nothing is said to those.

    preset: where they start from, a name. seeds: one replicate each. defaults: the preset's
    settings. settings: the user's. variants: further settings, one full grid for each of them.
    """

    preset: str
    seeds: tuple[int, ...]
    defaults: Settings
    settings: Settings
    variants: tuple[Settings, ...] = ({},)

    def layers(self, variant: Settings) -> tuple[Settings, ...]:
        """The settings of a variant; later layers override earlier ones."""
        return self.defaults, variant, self.settings

    @classmethod
    def from_preset(cls, name: str) -> "RunConfig":
        """The preset of that name, or of a TOML file of the user's own.

        Raises BenchError that names what is wrong in the file, before anything is made of it.
        """
        path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
        if not path.exists():
            raise unknown("preset", name, (p.stem for p in PRESETS.glob("*.toml")))
        content = read_toml(path)
        seeds = _seeds(content.pop("seeds", [0]), path)
        variants = content.pop("variants", [{}])
        if not (isinstance(variants, list) and variants and all(map(_is_table, variants))):
            raise BenchError(
                f"{path}: variants must be tables, each begun by [[variants]], not {variants!r}"
            )
        layers = [_flat(layer) for layer in (content, *variants)]
        for key, value in (pair for layer in layers for pair in layer.items()):
            check_plain(value, f"{path}: {key}")
        return cls(Path(name).stem, seeds, layers[0], {}, tuple(layers[1:]))

    def with_settings(self, assignments: Iterable[str]) -> "RunConfig":
        """This configuration with `key=value` texts applied; values are TOML, else plain text."""
        return replace(self, settings=dict(_parse(text) for text in assignments))


def protocol_for(
    name: str,
    usual: Usual,
    layers: Iterable[Settings],
    options: Collection[str] = (),
    methods: Methods | None = None,
    own: str = "",
) -> Protocol:
    """The terms for one generator: its usual ones, then each layer's general settings and, above
    those, the layer's own for this generator.

    options: what can be chosen of the generator itself, which is no part of the terms. methods:
    whose settings are offered where one is unknown. own: the generator's own name, where the run
    calls it by another.
    """
    values: dict[str, Any] = asdict(usual)
    for layer in layers:
        values |= {key: value for key, value in layer.items() if "." not in key}
        special = _section(own, layer) | _section(name, layer)
        values |= {k: v for k, v in special.items() if "." not in k and k not in options}
    for key in values:
        if key not in PROTOCOL_KEYS:
            known = [*PROTOCOL_KEYS, *options, *_method_keys(methods or {})]
            raise unknown("setting", key, known)
    return Protocol(
        **{PROTOCOL_KEYS[k]: as_field(Protocol, PROTOCOL_KEYS[k], v, k) for k, v in values.items()}
    )


def generator_options(
    name: str, options: Collection[str], layers: Iterable[Settings], own: str = ""
) -> dict[str, Any]:
    """The options that the layers set on the generator, such as `imagenet-biggan.classes`.

    options: what can be chosen; raises BenchError where one goes by the name of a general setting.
    own: as of `protocol_for`.
    """
    for option in options:
        if option in PROTOCOL_KEYS:
            raise BenchError(f"{name}: its option '{option}' goes by the name of a run's setting")
    given: dict[str, Any] = {}
    for layer in layers:
        special = _section(own, layer) | _section(name, layer)
        given |= {k: v for k, v in special.items() if k in options}
    return given


def method_for(
    name: str, generator: str, layers: Iterable[Settings], methods: Methods, own: str = ""
) -> Method:
    """The method of that name with the layers' settings applied, those for the generator last.

    own: as of `protocol_for`.
    """
    if name not in methods:
        raise unknown("method", name, methods)
    kind: Any = methods[name]
    known = {key_of(field.name): field.name for field in fields(kind)}
    values: dict[str, Any] = {}
    for layer in layers:
        values |= _section(name, layer) | _section(f"{own}.{name}", layer)
        values |= _section(f"{generator}.{name}", layer)
    for key in values:
        if key not in known:
            raise unknown(f"setting of {name}", key, known)
    typed = {known[k]: as_field(kind, known[k], v, k) for k, v in values.items()}
    method: Method = in_one_line(f"the method {name} cannot be made", kind, **typed)
    for key, value in plain(method).items():
        check_stored(value, f"{name}.{key}")
    return method


def check_sections(
    layers: Iterable[Settings], generators: Iterable[str], methods: Iterable[str]
) -> None:
    """Raise BenchError for a `section.key` whose section is neither a method nor a generator."""
    named, methods = {*GENERATORS, *generators}, {*methods}
    sections = {*methods, *named, *(f"{g}.{m}" for g in named for m in methods)}
    for key in (key for layer in layers for key in layer):
        section, dot, _ = key.rpartition(".")
        if dot and section not in sections:
            raise unknown("method or generator in setting", section, sections)


def content_hash(content: Mapping[str, Any]) -> str:
    """Ten hexadecimal digits that change with any value in `content`."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def plain(settings: Any) -> dict[str, Any]:
    """A dataclass of settings as people write it: `lambda` for the field `lambda_`."""
    return {key_of(name): value for name, value in asdict(settings).items()}


def terms_of(protocol: Protocol) -> dict[str, Any]:
    """The protocol as a cell's identity holds it: one thread and single precision, which are the
    rule, go without saying."""
    unsaid = {"threads": 1, "precision": "float32"}
    terms = plain(protocol)
    return {key: value for key, value in terms.items() if unsaid.get(key, ...) != value}


def _seeds(value: Any, path: Path) -> tuple[int, ...]:
    whole = isinstance(value, list) and all(type(seed) is int and seed >= 0 for seed in value)
    if not (whole and value and len(set(value)) == len(value)):
        raise BenchError(
            f"{path}: seeds must be a list of different whole numbers from 0, such as [0, 1, 2], "
            f"not {value!r}"
        )
    return tuple(value)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _flat(content: Mapping[str, Any]) -> dict[str, Any]:
    """{"steps": 5, "discovered": {"lr": 1}} -> {"steps": 5, "discovered.lr": 1}, at any depth."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{inner}": v for inner, v in _flat(value).items()}
        else:
            flat[key] = value
    return flat


def _section(name: str, settings: Settings) -> dict[str, Any]:
    prefix = f"{name}."
    return {k.removeprefix(prefix): v for k, v in settings.items() if k.startswith(prefix)}


def _method_keys(methods: Methods) -> list[str]:
    return [
        f"{name}.{key_of(field.name)}"
        for name, kind in methods.items()
        for field in fields(kind)  # type: ignore[arg-type]  # every method is a dataclass
    ]


def _parse(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BenchError(f"--set wants key=value, not '{text}'")
    try:
        found = tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):  # no TOML: plain text
        found = value.strip()
    check_plain(found, key.strip())
    return key.strip(), found
