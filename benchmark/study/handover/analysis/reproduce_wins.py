"""Reproduces the main tables of this study from the files in data/, with numpy, pandas and scipy:

    python3 analysis/reproduce.py

Writes results/python_wins.csv and results/python_contests.csv, compares them with
results/main_wins.csv and results/main_contests.csv, and ends with status 1 where they differ.
Nothing hangs on random draws: strengths, which are fitted step by step, are equal to 1e-6, all else
to 1e-9.
"""

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import expit
from scipy.stats import norm, t

Floats = NDArray[np.float64]
Row = dict[str, Any]

FOLDER = Path(__file__).resolve().parent.parent
LEVEL = 0.95
FEWEST_DIRECTIONS = 4  # of a method, from which on there are errors
SAME = 1e-12  # shares closer than this are equal
EXACT, FITTED = 1e-9, 1e-6
PAIR = ["generator", "method", "direction", "method_2", "direction_2"]
TURNED = dict(zip(PAIR[1:3] + PAIR[3:], PAIR[3:] + PAIR[1:3], strict=True))


def data(name: str) -> pd.DataFrame:
    """One of the files in data/."""
    (path,) = (FOLDER / "data").glob(f"*_description-{name}_data.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def pair_scores() -> pd.DataFrame:
    """One row for each pair of directions of two methods: how many judged it, how many of them
    chose neither (or both alike), and the mean score, 1 where the first direction was chosen.

    An annotator who is left out, a check item, the hidden second showing and all but the latest
    revision do not count.
    """
    judgments, annotators = data("judgments"), data("annotators")
    counted = annotators.loc[annotators["counted"] == "true", "annotator"]
    rows = judgments[judgments["annotator"].isin(counted)]
    rows = rows[(rows["check"] == "") & (rows["repeat"] == "0")]
    rows = rows.sort_values("revision", key=lambda texts: texts.astype(int), kind="stable")
    rows = rows.drop_duplicates([*PAIR, "annotator"], keep="last")
    rows = rows[(rows["score"] != "") & (rows["method"] != rows["method_2"])]
    score = rows["score"].astype(float)
    by_pair = rows.assign(score=score, ties=score == 0.5, n=1).groupby(PAIR)
    found = by_pair.agg({"n": "sum", "ties": "sum", "score": "mean"})
    return found.reset_index()


def seen_from(pairs: pd.DataFrame, method: str, other: str = "") -> pd.DataFrame:
    """The pairs in which a method stands, as if its direction were the first."""
    turned = pairs[pairs["method_2"] == method].rename(columns=TURNED)
    turned["score"] = 1 - turned["score"]
    both = pd.concat([pairs[pairs["method"] == method], turned], ignore_index=True)
    return both[both["method_2"] == other] if other else both


def fewest_directions(pairs: pd.DataFrame) -> int:
    """How many directions the method has that has fewest of them in these pairs."""
    first = set(zip(pairs["method"], pairs["direction"], strict=True))
    second = set(zip(pairs["method_2"], pairs["direction_2"], strict=True))
    return int(pd.Series([method for method, _ in first | second]).value_counts().min())


def variance(influence: Floats, pairs: pd.DataFrame) -> Floats:
    """Of sums over pairs, where those that share a direction vary together. influence: what each
    pair adds to each sum, of mean zero: (pairs, sums)."""
    first = pairs["method"] + "\r" + pairs["direction"]
    second = pairs["method_2"] + "\r" + pairs["direction_2"]
    holds = np.array([(first == end) | (second == end) for end in {*first, *second}], float)
    alone = np.sum(influence**2, axis=0)
    found = np.maximum(np.sum((holds @ influence) ** 2, axis=0) - alone, alone)
    fewest = fewest_directions(pairs)
    return np.asarray(found * fewest / max(fewest - 1, 1))


def wilson(share: float, n: float, level: float) -> tuple[float, float]:
    z = norm.isf((1 - level) / 2)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return (middle - reach if share > 0 else 0.0, middle + reach if share < 1 else 1.0)


def share_of_wins(parts: list[pd.DataFrame]) -> Row:
    """Of pairs seen from one method, by generator, each counting the same; p is that of one half,
    by the test whose inversion the interval is."""
    share = float(np.mean([part["score"].mean() for part in parts]))
    fewest = [fewest_directions(part) for part in parts]
    variances = [
        variance(((part["score"] - part["score"].mean()) / len(part)).to_numpy()[:, None], part)[0]
        for part in parts
    ]
    spread, least = sum(variances) / len(parts) ** 2, sum(fewest)
    trials = max(share * (1 - share) / spread, least) if spread > SAME**2 else least
    low = high = p = math.nan
    if min(fewest) >= FEWEST_DIRECTIONS:
        freedom = sum(n - 1 for n in fewest)
        low, high = wilson(share, trials, 2 * norm.cdf(t.ppf((1 + LEVEL) / 2, freedom)) - 1)
        p = 2 * t.cdf(-abs(share - 0.5) / math.sqrt(0.25 / trials), freedom)
    named = [float((part["n"] - part["ties"]).sum()) for part in parts]
    won = [float((part["score"] * part["n"] - part["ties"] / 2).sum()) for part in parts]
    decided = float(np.mean(np.divide(won, named))) if min(named) else math.nan
    counts = {name: int(sum(part[name].sum() for part in parts)) for name in ("n", "ties")}
    return {
        "pairs": sum(map(len, parts)),
        "judgments": counts["n"],
        "ties": counts["ties"],
        "wins": share,
        "wins_low": low,
        "wins_high": high,
        "decided": decided,
        "p": p,
    }


def strengths(pairs: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """By method of one generator its strength in the model of Bradley and Terry, with its interval:
    a logistic regression, the mean of all strengths 0."""
    names = sorted({*pairs["method"], *pairs["method_2"]})
    first, second = (
        np.array([pairs[column] == name for name in names], float).T  # (pairs, methods)
        for column in ("method", "method_2")
    )
    score, design = pairs["score"].to_numpy(float), first - second
    won = first.T @ (score[:, None] * second) + second.T @ ((1 - score)[:, None] * first)
    if connected_components(won > 0, directed=True, connection="strong")[0] > 1:
        return dict.fromkeys(names, (math.nan,) * 3)
    strength = np.zeros(len(names))
    for _ in range(100):
        expected = expit(design @ strength)
        information = design.T @ ((expected * (1 - expected))[:, None] * design)
        step = np.linalg.pinv(information) @ design.T @ (score - expected)
        strength = strength + step
        if np.abs(step).max() < 1e-13:
            break
    influence = (score - expected)[:, None] * design @ np.linalg.pinv(information)
    reach = np.full(len(names), math.nan)
    fewest = fewest_directions(pairs)
    if fewest >= FEWEST_DIRECTIONS:
        reach = t.ppf((1 + LEVEL) / 2, fewest - 1) * np.sqrt(variance(influence, pairs))
    ends = zip(strength, strength - reach, strength + reach, strict=True)
    return dict(zip(names, [(float(a), float(b), float(c)) for a, b, c in ends], strict=True))


def win_rows(pairs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for generator, own in pairs.groupby("generator"):
        strong = strengths(own)
        for method in sorted(strong):
            seen = seen_from(own, method)
            row: Row = {"generator": generator, "method": method}
            row |= {"directions": seen["direction"].nunique(), **share_of_wins([seen])}
            names = ("strength", "strength_low", "strength_high")
            rows.append(row | dict(zip(names, strong[method], strict=True)))
    return pd.DataFrame(rows).drop(columns="p")


def contest_rows(pairs: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """The contests of the stored table: which method is named first is for it to say."""
    rows = []
    key = ["generator", "method", "other"]
    for generator, method, other in stored[key].itertuples(index=False):
        own = pairs if generator == "pooled" else pairs[pairs["generator"] == generator]
        parts = [seen_from(part, method, other) for _, part in own.groupby("generator")]
        row: Row = {"generator": generator, "method": method, "other": other}
        rows.append(row | share_of_wins([part for part in parts if len(part)]))
    frame = pd.DataFrame(rows)
    return frame.assign(p_holm=holm(frame["p"])) if rows else frame


def holm(values: "pd.Series[float]") -> Floats:
    """Holm's adjusted p; one that is undefined stays so and does not count."""
    p = np.array(values, float)
    order = [i for i in np.argsort(p) if not math.isnan(p[i])]
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, p[i] * (len(order) - place))
        p[i] = min(highest, 1.0)
    return p


def check(rows: pd.DataFrame, stored: pd.DataFrame, name: str, key: list[str]) -> bool:
    """Write the table and compare it with the stored one; returns whether they agree."""
    rows.to_csv(FOLDER / "results" / f"python_{name}.csv", index=False)
    both = stored.merge(rows, on=key, suffixes=("", "_own"))
    good = len(both) == len(stored) == len(rows)
    for column in [c for c in stored if c not in key]:
        theirs, own = both[column].astype(float), both[f"{column}_own"].astype(float)
        near = (theirs - own).abs() <= (FITTED if str(column).startswith("strength") else EXACT)
        same = (theirs.isna() & own.isna()) | near
        if not same.all():
            print(f"{name} {column} differs")
        good &= bool(same.all())
    return good


def stored_of(name: str) -> pd.DataFrame:
    """The stored table. A name such as "1" or "NA" is text; an empty cell is an undefined value."""
    return pd.read_csv(
        FOLDER / "results" / f"main_{name}.csv",
        dtype=dict.fromkeys(("generator", "method", "other"), str),
        keep_default_na=False,
        na_values=[""],
    )


def main() -> int:
    pairs = pair_scores()
    stored = [stored_of(name) for name in ("wins", "contests")]
    wins, contests = win_rows(pairs), contest_rows(pairs, stored[1])
    good = check(wins, stored[0], "wins", ["generator", "method"])
    good &= check(contests, stored[1], "contests", ["generator", "method", "other"])
    for table in (wins, contests):
        print(table.round(3).to_string(index=False))
    print(f"The tables are {'those' if good else 'NOT those'} in results.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
