"""`bench import`: directions of other projects become an artefact of this suite."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.shared import GENERATOR_HELP
from benchmark.core.errors import BenchError, unknown

if TYPE_CHECKING:
    from benchmark.directions.artefact import Directions
    from benchmark.generators.base import Generator


@click.command("import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option(
    "-g",
    "--generator",
    "reference",
    required=True,
    help=f"The generator whose latents they move: {GENERATOR_HELP[0].lower()}{GENERATOR_HELP[1:]}",
)
@click.option("--layout", default="", metavar="NAME", help="What the file is; docs/FORMATS.md.")
@click.option(
    "--as", "orientation", default="", metavar="rows|columns", help="Which of a matrix they are."
)
@click.option(
    "--space",
    default="",
    metavar="z|w",
    help="The space that they move.  [default: as the file says, else the generator's]",
)
@click.option("--orthonormalise", is_flag=True, help="Gram-Schmidt, in the order of the file.")
@click.option("--chunk", default="", metavar="A:B", help="They move the latents A to B - 1 only.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A.safetensors")
def import_directions(
    paths: tuple[Path, ...],
    reference: str,
    layout: str,
    orientation: str,
    space: str,
    orthonormalise: bool,
    chunk: str,
    out: Path,
) -> None:
    """Make directions that others found, in PATH, into directions of this suite.

    PATH is a file, a folder that the authors of the method release, or several files (or a folder
    of them) that hold one direction each. Nothing in a file is run, and what it holds is never
    guessed: where a file may be read in two ways, say which with --layout or --as.
    """
    from benchmark.directions.artefact import Directions
    from benchmark.directions.importing.found import ORIENTATIONS, SPACES, Told
    from benchmark.directions.importing.layouts import LAYOUTS
    from benchmark.directions.importing.sets import read_set
    from benchmark.directions.importing.unit_columns import steps_in_eps
    from benchmark.directions.shift import FrozenLinear
    from benchmark.generators.registry import find_generator

    for option, given, known in (
        ("layout", layout, LAYOUTS),
        ("orientation", orientation, ORIENTATIONS),
        ("space", space, SPACES),
    ):
        if given and given not in known:
            raise unknown(option, given, known)
    if layout and orientation:
        raise BenchError("--layout says what a file is and --as what a matrix is: give one of them")
    if out.suffix != ".safetensors":
        raise BenchError(f"--out {out} must end in .safetensors, by which directions are known")
    name, entry = find_generator(reference)
    generator = entry.load()
    d = generator.latent_dim
    part = _chunk(chunk, d) if chunk else None
    told = Told(layout, orientation, space, len(part) if part else d, orthonormalise)
    found = read_set(paths, told, d, part)
    said = found.provenance | steps_in_eps(found, generator)
    provenance = {"space": space or generator.space, **said, "generator": name}
    directions = Directions(FrozenLinear(found.matrix), provenance, found.labels)
    directions.save(out)
    _say(directions, said, found.said)
    _say_next(directions, generator, reference, out)


def _chunk(text: str, d: int) -> range:
    """`40:80` as a range of d latents. Raises BenchError."""
    first, colon, end = text.partition(":")
    if not (colon and first.isdecimal() and end.isdecimal() and int(first) < int(end) <= d):
        raise BenchError(f"--chunk wants A:B with 0 <= A < B <= {d}, such as 0:40, not '{text}'")
    return range(int(first), int(end))


def _say(directions: Directions, found: dict[str, str], said: tuple[str, ...]) -> None:
    """What was read, and how."""
    from benchmark.tables.text import plain_line

    count = "1 direction" if len(directions) == 1 else f"{len(directions)} directions"
    size = directions.latent_dim
    if "layers_of_w" in found:
        of = f"{found['layers_of_w']} layers of {found['dimensions_of_w']} dimensions"
    else:
        of = "1 dimension" if size == 1 else f"{size} dimensions"
    click.echo(f"layout: {found['layout']}, {count} of {of}, from its {found['read_as']}")
    space = directions.provenance["space"]
    known = "" if "space" in found else "; nothing says so but the generator (--space says another)"
    layers = f", its layers {found['layers']}" if "layers" in found else ""
    click.echo(f"space: {space}{layers}{known}")
    if "scale" in found:
        lengths = [float(value) for value in found["scale"].split(",")]
        low, high = f"{min(lengths):.4g}", f"{max(lengths):.4g}"
        scale = low if low == high else f"{low} to {high}"
        click.echo(f"scale: {found['scale_of']} {scale} before, now length 1")
    if "usual_eps" in found:
        largest = max(found["usual_eps"].split(","), key=float)
        click.echo(f"there a step is eps of {largest} at most here")
    for key in ("orthonormalised", "chunk"):
        if key in found:
            click.echo(f"{key}: {found[key]}")
    names = [plain_line(label.label) for label in directions.labels if label.label]
    click.echo(f"labels: {', '.join(names) or 'none'}")
    for text in said:
        click.echo(f"note: {text}")


def _say_next(directions: Directions, generator: Generator, reference: str, out: Path) -> None:
    click.echo(f"written: {out}")
    try:
        directions.check_fits(generator)
    except BenchError as error:
        click.secho(f"no run of {reference} can use them: {error}", fg="yellow")
        return
    command = ["bench", "run", "-g", reference, "-m", str(out)]
    if len(directions) < generator.usual.k:
        command += ["--set", f"k={len(directions)}"]
    click.echo(f"next: {shlex.join(command)}")
