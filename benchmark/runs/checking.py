"""What a run's JSON files may hold: types, and names that stay inside the run's folder.

A run's folder may come from anybody. What passes here can be used without further questions.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmark.core.names import is_column, is_safe

Check = Callable[[Any], bool]


def check_result(content: Mapping[str, Any], folder: Path) -> None:
    """Raise ValueError unless `content`, of the result in `folder`, has the types of a `Result`."""
    if missing := [key for key in RESULT if key not in content]:
        raise ValueError(f"it lacks {missing[0]}")
    for key, check in {**RESULT, **LATER}.items():
        if key in content and not check(content[key]):
            raise ValueError(f"its {key} is of another type or name than it may be")
    cell, metrics = content["cell"], content["metrics"]
    place = cell["generator"], cell["method"], f"{cell['seed']}-{cell['config_hash']}"
    if place != folder.parts[-3:]:
        raise ValueError(f"it is the result of another cell, {'/'.join(place)!r}")
    tables = [metrics.get("by_direction", {}), metrics.get("words", {})]
    tables += metrics.get("matrices", {}).values()
    if any(len(values) != metrics["k"] for columns in tables for values in columns.values()):
        raise ValueError("figures of other directions than there are")


def check_description(content: Mapping[str, Any]) -> list[str]:
    """The keys of a run.json whose values are of another type than they may be."""
    return [key for key, check in RUN.items() if key in content and not check(content[key])]


def check_note(content: Mapping[str, Any]) -> bool:
    """Whether an ablation_<axis>.json maps generators to seeds and points as `note` writes them."""
    return _map(_note)(content)


def _of(*types: type) -> Check:
    """A value of these types; a bool is no number."""
    return lambda value: isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _map(check: Check, name: Check = is_safe) -> Check:
    """An object whose values pass, and whose names too."""
    return lambda value: (
        isinstance(value, Mapping)
        and all(name(key) for key in value)
        and all(check(one) for one in value.values())
    )


def _list(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


def _fields(**checks: Check) -> Check:
    """An object that has at least these fields."""
    return lambda value: (
        isinstance(value, Mapping)
        and all(key in value and check(value[key]) for key, check in checks.items())
    )


def _some(**checks: Check) -> Check:
    """An object that has any of these fields, each of its type, and perhaps others."""
    return lambda value: (
        isinstance(value, Mapping)
        and all(check(value[key]) for key, check in checks.items() if key in value)
    )


_text, _whole, _number = _of(str), _of(int), _of(int, float)
_texts = _map(_text, _text)


def _count(value: Any) -> bool:
    return bool(_whole(value)) and value > 0


def _images(value: Any) -> bool:
    return bool(_whole(value)) and 0 <= value < 1 << 63


def _figure(value: Any) -> bool:
    return value is None or bool(_number(value))


def _metrics(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    figures = {key: one for key, one in value.items() if key not in NESTED}
    counts = all(_count(figures[key]) for key in ("n", "k") if key in figures)
    nested = all(check(value[key]) for key, check in NESTED.items() if key in value)
    return _map(_figure, is_column)(figures) and nested and counts


def _note(value: Any) -> bool:
    point = _fields(method=is_safe)
    terms = _some(config_hash=_text, reason=_text, k=_count, shift_loss=_text, steps=_count)
    terms_of = _some(**{"lambda": _number})
    return bool(
        _some(shown=_texts)(value)
        and _fields(
            seeds=_list(_whole), points=_list(lambda p: point(p) and terms(p) and terms_of(p))
        )(value)
    )


_by_column = _map(_list(_figure), is_column)
NESTED: Mapping[str, Check] = {  # of a cell's figures, those of its directions
    "by_direction": _by_column,
    "words": _map(_list(lambda value: value is None or bool(_text(value))), is_column),
    "matrices": _map(_by_column, is_column),
}
_settings = _map(lambda _: True, is_column)
_shown = _some(words=_text, kind=_text, better=_text, label=_text, reference=_text, aside=_of(bool))

RESULT: Mapping[str, Check] = {
    "cell": _fields(generator=is_safe, method=is_safe, seed=_whole, config_hash=is_safe),
    "status": lambda value: value in ("done", "failed", "skipped"),
    "config": lambda value: (
        _fields(generator_hash=_text, protocol=_settings, method=_settings)(value)
        and _fields(k=_count)(value["protocol"])
        and _some(max_shift=_number, steps=_count, threads=_count)(value["protocol"])
        and _some(code=_texts, generator=_settings)(value)
    ),
    "reason": _text,
    "role": lambda value: value in ("", "method", "baseline"),
    "measured": _list(_text),
    "metrics": _metrics,
    "seconds": _map(_number),
    "device": _text,
    "versions": _texts,
    "files": _map(_text),
}

LATER: Mapping[str, Check] = {  # what earlier versions did not write
    "passes": _map(_fields(forward=_images, backward=_images)),
    "graphs": _list(_text),
    "left_out": _map(_text),
}

RUN: Mapping[str, Check] = {
    "preset": _text,
    "seeds": _list(_whole),
    "defaults": _map(lambda _: True, _text),
    "settings": _map(lambda _: True, _text),
    "command": _text,
    "generators": _map(_text),
    "given": _map(_text),
    "methods": _map(_text),
    "headline": _map(_map(_text)),
    "columns": _some(cell=_map(_shown, is_column), direction=_map(_shown, is_column)),
    "versions": _texts,
}
