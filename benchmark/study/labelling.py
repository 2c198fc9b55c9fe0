"""What people said about directions, written back beside them in the run that they come from.

Names by hand, and what other studies said, stay beside them.
"""

from pathlib import Path

from benchmark.core.errors import BenchError
from benchmark.directions.labels import Label, add_labels, sidecar
from benchmark.study.accuracies import origin_cell, study_origins
from benchmark.study.answers import read_material
from benchmark.study.exclusions import screened
from benchmark.study.majority import rated_directions
from study_server.bundle import load_bundle

# With one rating the MOS is 0 or 1, and with two a word either is unanimous or ties: neither says
# more of the direction than of the annotator. From three on a majority can be outvoted.
LEAST_RATINGS = 3
LEAST_NAMINGS = 2  # people who must use a word before it is the direction's name


def label_study(
    study: Path,
    run: Path | None = None,
    database: str | None = None,
    task: str | None = None,
) -> dict[Path, int]:
    """Write what people said about each direction with `LEAST_RATINGS` or more; returns how many
    labels each file has of this study.

    Only people count, without those whom the screening rules leave out. The cells' own files stay
    as they are. run: where the run is now, unless where it was at `bench study build`. task:
    `file.py:Class` of a task that is neither built in nor installed. Raises BenchError where a page
    of the study shows two directions, a cell is missing or holds other directions than were shown.
    """
    bundle = load_bundle(study, task)
    if bundle.task.shows > 1:
        raise BenchError(f"the task {bundle.task.name} compares directions and names none of them")
    provenance = bundle.hidden["provenance"]
    origins = study_origins(provenance)
    if not origins:
        raise BenchError(
            f"{study} does not say which run it was built from; build it with `bench study build`"
        )
    run = run or Path(provenance["run"])
    cells = [origin_cell(origin, run) for origin in origins]  # all, before any is written
    material, _ = screened(read_material(study, database=database, task=task))
    rated = rated_directions(material.judgments, LEAST_NAMINGS)
    rated = rated[rated["n"] >= LEAST_RATINGS]
    written = {}
    for stored in cells:
        cell = stored.result.cell
        own = rated[(rated["generator"] == cell.generator) & (rated["method"] == cell.method)]
        labels = [
            Label(
                index=row["direction"],
                mos=row["mos"],
                low=row["low"],
                high=row["high"],
                category=row["category"],
                label=row["label"],
                n=row["n"],
            )
            for row in own.to_dict("records")
        ]
        path = stored.folder / "directions.safetensors"
        add_labels(path, labels, f"study {material.study}")
        written[sidecar(path)] = len(labels)
    return written
