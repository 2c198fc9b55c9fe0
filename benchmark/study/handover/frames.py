"""The four files of data: judgments, annotators, directions, and the key from pages to them."""

from collections.abc import Sequence

import pandas as pd

from benchmark.core.guarding import guarded
from benchmark.core.judgments import DIRECTION
from benchmark.runs.roles import Roles
from benchmark.study.answers import Material
from study_server.bundle import Bundle
from study_server.decisions import left_out
from study_server.screening import RULES, Screening

OF_RUN = ["seed", "config_hash", "directions_sha256"]


def data_frames(
    everyone: Material, outcome: Sequence[Screening], roles: Roles, bundle: Bundle
) -> dict[str, pd.DataFrame]:
    """By name of the file. everyone: with whoever is left out; outcome: what the rules say."""
    key = items_frame(bundle)
    return {
        "judgments": judgments_frame(everyone),
        "annotators": annotators_frame(everyone, outcome),
        "directions": directions_frame(everyone, roles, key, bundle),
        "items": key,
    }


def judgments_frame(everyone: Material) -> pd.DataFrame:
    """All revisions of all answers, of people or of bots, as `bench study export` writes them; the
    score of one direction is always called mos."""
    frame = everyone.revisions[everyone.revisions["simulated"] == everyone.simulated]
    single = everyone.task.shows == 1
    return frame.rename(columns={everyone.task.score_name: "mos"} if single else {})


def annotators_frame(everyone: Material, outcome: Sequence[Screening]) -> pd.DataFrame:
    """One row per person: who they are as far as anybody may know, what the rules say of them, and
    whether they count."""
    assert everyone.people is not None
    said = {one.annotator: one for one in outcome}
    staff = left_out(everyone.decisions)
    rows = []
    for name in everyone.people["annotator"]:
        one = said.get(name)
        values = {rule: getattr(one, rule, None) for rule in RULES}
        rows.append(
            {
                "judgments": one.judgments if one else 0,
                "ratings": one.ratings if one else 0,
                **{r: v if isinstance(v, int | float) else None for r, v in values.items()},
                "counted": one is not None and not one.excluded and name not in staff,
                "rules_broken": ", ".join(one.failed) if one else "",
                "staff_reason": staff[name].reason if name in staff else "",
            }
        )
    columns = ["judgments", "ratings", *RULES, "counted", "rules_broken", "staff_reason"]
    return pd.concat(
        [everyone.people.reset_index(drop=True), pd.DataFrame(rows, columns=columns)], axis=1
    )


def items_frame(bundle: Bundle) -> pd.DataFrame:
    """The key: one row per direction on a page, under the page's opaque id, which sorts them."""
    rows = [
        {"item": item, "place": place, **{name: getattr(source, name) for name in DIRECTION}}
        | {"check": source.check or None}
        for item, sources in sorted(bundle.sources.items())
        for place, source in enumerate(sources, 1)
    ]
    return pd.DataFrame(rows)


def directions_frame(
    everyone: Material, roles: Roles, key: pd.DataFrame, bundle: Bundle
) -> pd.DataFrame:
    """One row per direction under study: where it is from, its RCA, and how it was shown."""
    role = dict.fromkeys(roles.against, "baseline") | dict.fromkeys(roles.under_test, "method")
    shown = {
        (row["item"], row["place"]): bundle.items[row["item"]].shows[row["place"] - 1]
        for row in key.to_dict("records")
    }
    rows = []
    for row in key[key["check"].isna()].to_dict("records"):
        seen = shown[row["item"], row["place"]]
        rows.append(
            {
                **{name: row[name] for name in DIRECTION},
                "role": role.get(row["method"]),
                "rows": len(seen.rows),
                "columns": len(seen.columns),
                "lowest_shift": seen.steps[seen.columns[0]],
                "highest_shift": seen.steps[seen.columns[-1]],
            }
        )
    frame = pd.DataFrame(rows).drop_duplicates(DIRECTION).sort_values(DIRECTION)
    origins = pd.DataFrame(
        [{name: origin[name] for name in [*DIRECTION[:2], *OF_RUN]} for origin in everyone.origins],
        columns=[*DIRECTION[:2], *OF_RUN],
    )
    accuracies = everyone.accuracies.rename(columns={"n": "rca_pairs", "accuracy": "rca"})
    accuracies = accuracies.astype({"direction": int}) if len(accuracies) else accuracies
    frame = frame.merge(origins.astype({"seed": "Int64"}), how="left", on=DIRECTION[:2])
    known = accuracies.astype({"rca_pairs": "Int64", "direction": "int64"})
    return frame.merge(known, how="left", on=DIRECTION)


def as_csv(frame: pd.DataFrame) -> str:
    """The frame as a CSV that other programs read: true and false, empty where nothing is known,
    and text that a spreadsheet would run as a formula guarded."""
    written = frame.assign(**{str(name): _written(frame[name]) for name in frame})
    return written.to_csv(index=False, lineterminator="\n")


def _written(column: pd.Series) -> pd.Series:
    """A column as the file has it. Of texts each is looked at once, and numbers not at all: there
    may be a hundred thousand rows."""
    if column.dtype == bool:
        return column.map({True: "true", False: "false"})
    if column.dtype == "string":
        return column.map({text: _plain(text) for text in column.unique()})
    if column.dtype == object:
        return pd.Series([_plain(value) for value in column], index=column.index, dtype=object)
    return column


def _plain(value: object) -> object:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value
