"""A generator of another project as a file of this suite, and the card that says whose it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark import __version__
from benchmark.core.errors import BenchError
from benchmark.core.file_kinds import head_of
from benchmark.core.storage import sha256, write_text
from benchmark.generators.family import Family
from benchmark.generators.reading.published_state import PublishedState
from benchmark.generators.stored import read_generator, save_weights, weights_hash
from benchmark.tables.text import plain_line

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Conversion:
    """What became of a file. found: what it was. card: the Markdown beside the weights."""

    generator: Family
    found: PublishedState
    card: Path


def convert(source: Path, out: Path) -> Conversion:
    """Write the generator in `source` to `out`, exactly, with a card beside it.

    Raises BenchError, in one line, for a file that holds no generator of a known layout.
    """
    if out.suffix != SUFFIX:
        raise BenchError(f"--out {out} must end in {SUFFIX}, by which weights are known")
    head_of(source, f"{source} cannot be read")
    if source.suffix == SUFFIX:
        raise BenchError(f"{source} is of safetensors; -g takes those of this suite as they are")
    card = out.with_suffix(".md")
    if card.exists() and not out.exists():
        raise BenchError(f"{card}, where the card would go, is there already; give another --out")
    generator, found = read_generator(source)
    origin = {
        "source": plain_line(source.name),
        "source_sha256": sha256(source),
        "layout": found.layout,
        "licence": found.licence,
    }
    save_weights(generator, out, origin, exact=True)
    write_text(card, source_card(out.stem, origin, generator, found.notes))
    return Conversion(generator, found, card)


def source_card(
    name: str, origin: Mapping[str, str], generator: Family, notes: tuple[str, ...]
) -> str:
    """Markdown for `<name>.md`, which lies beside `<name>.safetensors`."""
    rows = {
        "Source": origin["source"],
        "SHA-256 of the source": origin["source_sha256"],
        "Layout": origin["layout"],
        "Licence, as known; check yourself": origin["licence"],
        "Architecture": described(generator),
        "Hash of the weights": weights_hash(generator),
        "Converted by": f"latent-direction-bench {__version__}",
    }
    table = "\n".join(f"| {key} | {value.replace('|', '/')} |" for key, value in rows.items())
    said = "".join(f"\n* {note[:1].upper()}{note[1:]}." for note in notes)
    return f"""# {name}

| | |
|---|---|
{table}

The weights are those of the source, in float32 and by the names used here; nothing was trained. The
suite does not know more of the source than this table says: its terms are the source's.
{said}
"""


def described(generator: Family) -> str:
    """The architecture and its sizes, in one line."""
    sizes = generator.architecture().items()
    return f"{generator.family}: " + ", ".join(f"{key} {_shown(value)}" for key, value in sizes)


def _shown(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
