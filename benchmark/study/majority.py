"""What most annotators called a direction: its change type, and a name in their own words."""

import unicodedata
from collections import Counter
from collections.abc import Hashable

import pandas as pd

from benchmark.core.estimates import Undefined
from benchmark.core.judgments import DIRECTION, first_showings
from benchmark.stats.mos import direction_mos

COLUMNS = [*DIRECTION, "mos", "low", "high", "n", "category", "label"]
NOBODY_RATED = pd.DataFrame(columns=COLUMNS)
Names = dict[tuple[Hashable, ...], str | Undefined]  # by generator, method and direction


def rated_directions(judgments: pd.DataFrame) -> pd.DataFrame:
    """One row per rated direction: generator, method, direction, mos, its Wilson ends low and high,
    n ratings, category, label; the last two are None where no one word was named most often.
    Labels that differ in case, spaces or the width of their letters are one.
    """
    frame = direction_mos(judgments)[[*DIRECTION, "mos", "low", "high", "n"]]
    tidied = judgments.assign(label=judgments["label"].map(tidy, na_action="ignore"))
    for column in ("category", "label"):
        names = commonest(tidied, column)
        found = [names.get(tuple(row)) for row in frame[DIRECTION].itertuples(index=False)]
        words = [name if isinstance(name, str) else None for name in found]
        frame = frame.assign(**{column: pd.Series(words, index=frame.index, dtype=object)})
    return frame


def commonest(judgments: pd.DataFrame, column: str) -> Names:
    """By direction, what was named most often at the first showing; undefined where words tie.

    Directions without any word are left out.
    """
    named = first_showings(judgments).dropna(subset=[column])
    names: Names = {}
    for (generator, method, direction), words in named.groupby(DIRECTION, observed=True)[column]:
        counts = Counter(words)
        most = max(counts.values())
        first = sorted(word for word, count in counts.items() if count == most)
        tie = Undefined(f"{' and '.join(first)} were named equally often")
        names[generator, method, direction] = first[0] if len(first) == 1 else tie
    return names


def tidy(word: str) -> str:
    """A label as it is counted: lower case, single spaces, letters of the usual width."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())
