"""Settings of a run: a TOML preset, changed by `--set key=value`, resolved for each cell."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from baselines import METHODS
from benchmark.core.errors import BenchError, unknown
from benchmark.generators.registry import GENERATORS, OPTIONS, Entry
from benchmark.methods.method import Method
from benchmark.rca.protocol import PROTOCOL_KEYS, Protocol, key_of

PRESETS = Path(__file__).parent / "presets"
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class RunConfig:
    """What a run does. Settings are `key` (protocol), `generator.key`, `method.key`, or
    `generator.method.key`, the more special ones winning within a layer. A generator that draws
    from classes takes `generator.classes` and `generator.truncation` as well.

    preset: where they start from, a name. seeds: one replicate each. defaults: the preset's
    settings. settings: the user's. variants: further settings, one full grid for each of them.
    """

    preset: str
    seeds: tuple[int, ...]
    defaults: Settings
    settings: Settings
    variants: tuple[Settings, ...] = ({},)

    def layers(self, variant: Settings) -> tuple[Settings, ...]:
        """What applies to a variant, later ones winning over earlier ones."""
        return self.defaults, variant, self.settings

    @classmethod
    def from_preset(cls, name: str) -> "RunConfig":
        """The preset of that name, or of a TOML file of the user's own."""
        path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
        if not path.exists():
            raise unknown("preset", name, (p.stem for p in PRESETS.glob("*.toml")))
        try:
            content = tomllib.loads(path.read_text())
        except tomllib.TOMLDecodeError as error:
            raise BenchError(f"{path}: {error}") from error
        seeds, variants = content.pop("seeds", [0]), content.pop("variants", [{}])
        return cls(
            Path(name).stem, tuple(seeds), _flat(content), {}, tuple(_flat(v) for v in variants)
        )

    def with_settings(self, assignments: Iterable[str]) -> "RunConfig":
        """The same with `key=value` texts applied; values are read as TOML, else as plain text."""
        return replace(self, settings=dict(_parse(text) for text in assignments))


def protocol_for(name: str, entry: Entry, layers: Iterable[Settings]) -> Protocol:
    """The terms for one generator: its usual K and R, then each layer's general settings and,
    above those, the layer's own for this generator."""
    values: dict[str, Any] = {"k": entry.k, "reconstructor": entry.reconstructor}
    for layer in layers:
        values |= {key: value for key, value in layer.items() if "." not in key}
        special = _section(name, layer)
        values |= {k: v for k, v in special.items() if "." not in k and k not in OPTIONS}
    for key in values:
        if key not in PROTOCOL_KEYS:
            raise unknown("setting", key, [*PROTOCOL_KEYS, *_method_keys()])
    return Protocol(**{PROTOCOL_KEYS[k]: _typed(k, v, Protocol) for k, v in values.items()})


def generator_options(name: str, layers: Iterable[Settings]) -> dict[str, Any]:
    """What the layers say of the generator itself, such as `imagenet-biggan.classes`."""
    options: dict[str, Any] = {}
    for layer in layers:
        options |= {k: v for k, v in _section(name, layer).items() if k in OPTIONS}
    return options


def method_for(name: str, generator: str, layers: Iterable[Settings]) -> Method:
    """The method of that name with the layers' settings applied, those for the generator last."""
    if name not in METHODS:
        raise unknown("method", name, METHODS)
    kind: Any = METHODS[name]
    known = {key_of(field.name): field.name for field in fields(kind)}
    values: dict[str, Any] = {}
    for layer in layers:
        values |= _section(name, layer) | _section(f"{generator}.{name}", layer)
    for key in values:
        if key not in known:
            raise unknown(f"setting of {name}", key, known)
    method: Method = kind(**{known[k]: _typed(k, v, kind) for k, v in values.items()})
    return method


def check_sections(layers: Iterable[Settings], generators: Iterable[str]) -> None:
    """Raise BenchError for a `section.key` whose section is neither a method nor a generator."""
    named = {*GENERATORS, *generators}
    sections = {*METHODS, *named, *(f"{g}.{m}" for g in named for m in METHODS)}
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


def _method_keys() -> list[str]:
    return [
        f"{name}.{key_of(field.name)}"
        for name, kind in METHODS.items()
        for field in fields(kind)  # type: ignore[arg-type]  # every method is a dataclass
    ]


def _parse(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BenchError(f"--set wants key=value, not '{text}'")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def _typed(key: str, value: Any, kind: Any) -> Any:
    """`value` as the type of the field's default; raises BenchError where it is of another."""
    default = next(field.default for field in fields(kind) if key_of(field.name) == key)
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise BenchError(f"{key} must be {type(default).__name__}, like {default}, not {value!r}")
    return value
