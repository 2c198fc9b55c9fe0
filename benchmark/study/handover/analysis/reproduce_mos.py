"""Reproduces the main tables of this study from the files in data/, with numpy, pandas and scipy:

    python3 analysis/reproduce.py

Writes results/python_methods.csv and results/python_comparisons.csv, compares them with
results/main_methods.csv and results/main_comparisons.csv, and ends with status 1 where they differ.
What is computed in closed form is equal to 1e-9. What hangs on random draws (the ends of a
bootstrap interval, and a p that is not exact) lies within what 10,000 draws leave open.
"""

import itertools
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, t

Floats = NDArray[np.float64]
Ends = tuple[float, float]
Frames = tuple[pd.DataFrame, pd.DataFrame]  # of the method, of the baseline
Row = dict[str, Any]

FOLDER = Path(__file__).resolve().parent.parent
LEVEL = 0.95
RESAMPLES = 10_000
SHUFFLES = 9_999
FEWEST_UNITS = 8  # directions a method, from which on its interval is a bootstrap
FEWEST_ARRANGEMENTS = 40  # of labels, from which on there is a p
SAME = 1e-12  # values closer than this are equal
EXACT = 1e-9
NOTHING = (math.nan, math.nan)

rng = np.random.default_rng(20_000)


def data(name: str) -> pd.DataFrame:
    """One of the files in data/."""
    (path,) = (FOLDER / "data").glob(f"*_description-{name}_data.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def direction_scores() -> pd.DataFrame:
    """One row for each rated direction: how many said yes, of how many.

    An annotator who is left out, a check item, the hidden second showing and all but the latest
    revision do not count.
    """
    judgments, annotators = data("judgments"), data("annotators")
    counted = annotators.loc[annotators["counted"] == "true", "annotator"]
    key = ["generator", "method", "direction"]
    rows = judgments[judgments["annotator"].isin(counted)]
    rows = rows[(rows["check"] == "") & (rows["repeat"] == "0")]
    rows = rows.sort_values("revision", key=lambda texts: texts.astype(int), kind="stable")
    rows = rows.drop_duplicates([*key, "annotator"], keep="last")
    rows = rows[rows["mos"] != ""]
    by_direction = rows["mos"].astype(float).groupby([rows[name] for name in key])
    scores = by_direction.agg(yes="sum", n="count").reset_index()
    return scores.assign(mos=scores["yes"] / scores["n"])


def wilson(successes: float, n: float, level: float = LEVEL) -> Ends:
    z = norm.isf((1 - level) / 2)
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return (middle - reach if successes > 0 else 0.0, middle + reach if successes < n else 1.0)


def clustered_wilson(shares: Floats) -> Ends:
    """Wilson's interval of the mean of shares, by how many independent answers they are worth."""
    units, mean = len(shares), shares.mean()
    spread = shares.var(ddof=1) / units
    trials = max(mean * (1 - mean) / spread, units) if spread > SAME**2 else units
    level = min(2 * norm.cdf(t.ppf((1 + LEVEL) / 2, units - 1)) - 1, 1 - 1e-12)
    return wilson(mean * trials, trials, level)


def interval(groups: list[Floats], weights: Floats) -> tuple[Ends, Ends]:
    """The interval of the weighted sum of the means of groups, and how far the ends of other draws
    may lie from it.

    A BCa bootstrap over directions; where there are few of them or all are alike, one from
    clustered Wilson intervals.
    """
    units = min(map(len, groups))
    means = np.array([group.mean() for group in groups])
    value = float(weights @ means)
    if units < 2:
        return NOTHING, (EXACT, EXACT)
    if units < FEWEST_UNITS or all(np.ptp(group) <= SAME for group in groups):
        single = [
            sorted(weight * end for end in clustered_wilson(group))
            for group, weight in zip(groups, weights, strict=True)
        ]
        gaps = (weights * means)[:, None] - np.array(single)
        below, above = np.sqrt(np.sum(gaps**2, axis=0))
        return (value - below, value + above), (EXACT, EXACT)
    resampled, parts = np.zeros(RESAMPLES), []
    for group, weight in zip(groups, weights, strict=True):
        resampled += weight * rng.choice(group, (RESAMPLES, len(group))).mean(axis=1)
        parts.append(weight * (group - group.mean()) / len(group))
    influence = np.concatenate(parts)
    gap = resampled - value
    tie = np.abs(gap) <= SAME
    share_below = np.mean((gap < 0) & ~tie) + np.mean(tie) / 2
    bias = norm.ppf(np.clip(share_below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))
    acceleration = np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5)
    quantile = t.ppf((1 + LEVEL) / 2, len(groups) * (units - 1)) * math.sqrt(units / (units - 1))
    tails = bias + np.array([-1, 1]) * quantile
    z = bias + tails / (1 - acceleration * tails)
    ends = np.quantile(resampled, norm.cdf(z))
    # Five standard errors of a difference of two drawn quantiles, and three steps of the grid on
    # which means of few values lie.
    slack = 5 * np.sqrt(2 * norm.cdf(z) * norm.cdf(-z) / RESAMPLES) / norm.pdf(z) + 0.1
    step = max(
        abs(weight) * min(np.diff(np.unique(group)), default=0) / len(group)
        for group, weight in zip(groups, weights, strict=True)
    )
    down, up = (np.quantile(resampled, norm.cdf(z + sign * slack)) for sign in (-1, 1))
    reach = np.maximum(ends - down, up - ends) + 3 * step
    return (ends[0], ends[1]), (reach[0], reach[1])


def t_interval(groups: list[Floats], weights: Floats) -> Ends:
    """The t interval of the same sum (Welch and Satterthwaite for several groups)."""
    sizes = np.array([len(group) for group in groups])
    if sizes.min() < 2:
        return NOTHING
    parts = weights**2 * np.array([group.var(ddof=1) for group in groups]) / sizes
    if parts.sum() == 0:
        return NOTHING
    freedom = parts.sum() ** 2 / np.sum(parts**2 / (sizes - 1))
    reach = t.ppf((1 + LEVEL) / 2, freedom) * math.sqrt(parts.sum())
    value = sum(weight * group.mean() for group, weight in zip(groups, weights, strict=True))
    return value - reach, value + reach


def permutation_p(pairs: list[tuple[Floats, Floats]]) -> tuple[float, bool]:
    """Two-sided mid-p, and whether it is exact: how often other labels of the directions give as
    large a difference. Labels move within a generator."""
    arrangements = math.prod(math.comb(len(a) + len(b), len(a)) for a, b in pairs)
    if arrangements < FEWEST_ARRANGEMENTS:
        return math.nan, False
    exact = arrangements <= SHUFFLES
    observed = sum(a.mean() - b.mean() for a, b in pairs)
    null = np.zeros(1 if exact else SHUFFLES)
    for a, b in pairs:
        values = np.concatenate([a, b])
        if exact:
            chosen = [sum(some) for some in itertools.combinations(values, len(a))]
            sums = np.array(chosen)
        else:
            shuffled = rng.permuted(np.tile(values, (SHUFFLES, 1)), axis=1)
            sums = shuffled[:, : len(a)].sum(axis=1)
        differences = sums / len(a) - (values.sum() - sums) / len(b)
        null = np.add.outer(null, differences).ravel() if exact else null + differences
    gap = (null if exact else np.append(null, observed)) - observed
    above = np.mean(gap > SAME) + np.mean(np.abs(gap) <= SAME) / 2
    return 2 * min(above, 1 - above), exact


def holm(values: "pd.Series[float]") -> Floats:
    """Holm's adjusted p; one that is undefined stays so and does not count."""
    p = np.array(values, float)
    order = [i for i in np.argsort(p) if not math.isnan(p[i])]
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, p[i] * (len(order) - place))
        p[i] = min(highest, 1.0)
    return p


def method_rows(scores: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (generator, method), own in scores.groupby(["generator", "method"]):
        shares = own["mos"].to_numpy()
        ends, reach = interval([shares], np.array([1.0]))
        t_ends = t_interval([shares], np.array([1.0]))
        above = int((shares > 0.5).sum())
        low, high = wilson(above, len(shares))
        rows.append(
            {
                "generator": generator,
                "method": method,
                "directions": len(shares),
                "ratings": int(own["n"].sum()),
                "mos": shares.mean(),
                "mos_low": ends[0],
                "mos_high": ends[1],
                "mos_t_low": t_ends[0],
                "mos_t_high": t_ends[1],
                "interpretable": above / len(shares),
                "interpretable_low": low,
                "interpretable_high": high,
                "low_reach": reach[0],
                "high_reach": reach[1],
            }
        )
    return pd.DataFrame(rows)


def comparison_row(pairs: list[Frames], name: str, method: str, baseline: str) -> Row:
    """pairs: for each generator the rows of the method and of the baseline."""
    sizes = [sum(len(pair[side]) for pair in pairs) for side in (0, 1)]
    row: Row = {
        "generator": name,
        "method": method,
        "baseline": baseline,
        "method_directions": sizes[0],
        "baseline_directions": sizes[1],
        **dict.fromkeys(["difference", "difference_low", "difference_high"], math.nan),
        **dict.fromkeys(["difference_t_low", "difference_t_high"], math.nan),
        **dict.fromkeys(["odds_ratio", "p"], math.nan),
        "exact": False,
        "low_reach": EXACT,
        "high_reach": EXACT,
    }
    if 0 in sizes:
        return row
    shares = [(ours["mos"].to_numpy(), theirs["mos"].to_numpy()) for ours, theirs in pairs]
    groups = [side for pair in shares for side in pair]
    weights = np.array([1.0, -1.0] * len(pairs)) / len(pairs)
    own, others = (float(np.mean([pair[side].mean() for pair in shares])) for side in (0, 1))
    row["difference"] = own - others
    ends, reach = interval(groups, weights)
    row["difference_low"], row["difference_high"] = ends
    row["low_reach"], row["high_reach"] = reach
    row["difference_t_low"], row["difference_t_high"] = t_interval(groups, weights)
    if 0 < own < 1 and 0 < others < 1:
        row["odds_ratio"] = own / (1 - own) * (1 - others) / others
    row["p"], row["exact"] = permutation_p(shares)
    return row


def comparison_rows(scores: pd.DataFrame) -> pd.DataFrame:
    roles = data("directions")
    rated = set(scores["method"])
    under_test, baselines = (
        sorted(rated & set(roles.loc[roles["role"] == role, "method"]))
        for role in ("method", "baseline")
    )
    rows = []
    for method, baseline in itertools.product(under_test, baselines):
        pairs = {
            str(generator): (own[own["method"] == method], own[own["method"] == baseline])
            for generator, own in scores.groupby("generator")
        }
        rows += [comparison_row([pair], name, method, baseline) for name, pair in pairs.items()]
        both = [pair for pair in pairs.values() if all(map(len, pair))]
        if len(both) > 1:
            rows.append(comparison_row(both, "pooled", method, baseline))
    frame = pd.DataFrame(rows)
    return frame.assign(p_holm=holm(frame["p"])) if rows else frame


def check(rows: pd.DataFrame, name: str, key: list[str]) -> bool:
    """Write the table without the columns that only the check needs, and compare it with the stored
    one; returns whether they agree."""
    stored = pd.read_csv(
        FOLDER / "results" / f"main_{name}.csv",
        dtype=dict.fromkeys(key, str),  # a name such as "1" or "NA" is text
        keep_default_na=False,
        na_values=[""],
    )
    shown = rows.drop(columns=["low_reach", "high_reach"], errors="ignore")
    shown.to_csv(FOLDER / "results" / f"python_{name}.csv", index=False)
    if stored.empty or rows.empty:
        return stored.empty and rows.empty
    both = stored.merge(rows, on=key, suffixes=("", "_own"))
    good = len(both) == len(stored) == len(rows)
    for column in [c for c in stored if f"{c}_own" in both and c != "exact"]:
        allowed = np.full(len(both), EXACT)
        if column in ("mos_low", "difference_low"):
            allowed = both["low_reach"].to_numpy()
        if column in ("mos_high", "difference_high"):
            allowed = both["high_reach"].to_numpy()
        if column in ("p", "p_holm"):
            p = both["p"].astype(float)
            of_p = 5 * np.sqrt(2 * p * (1 - p) / SHUFFLES) + 0.001
            exact = both["exact_own"] if column == "p" else both["exact_own"].all()
            allowed = np.where(exact, EXACT, of_p * (1 if column == "p" else len(both)))
        theirs, own = both[column].astype(float), both[f"{column}_own"].astype(float)
        same = (theirs.isna() & own.isna()) | ((theirs - own).abs() <= allowed)
        if not same.all():
            print(f"{name} {column} differs")
        good &= bool(same.all())
    return good


def main() -> int:
    scores = direction_scores()
    methods, comparisons = method_rows(scores), comparison_rows(scores)
    good = check(methods, "methods", ["generator", "method"])
    good &= check(comparisons, "comparisons", ["generator", "method", "baseline"])
    for table in (methods, comparisons):
        shown = table.drop(columns=["low_reach", "high_reach"], errors="ignore")
        print(shown.round(3).to_string(index=False))
    print(f"The tables are {'those' if good else 'NOT those'} in results.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
