"""What most annotators called a direction: its change type, and a name in their own words."""

from collections import Counter
from collections.abc import Hashable, Sequence

import pandas as pd

from benchmark.core.estimates import Undefined
from benchmark.core.judgments import DIRECTION, first_showings
from benchmark.directions.labels import tidy
from benchmark.stats.mos import direction_mos

COLUMNS = [*DIRECTION, "mos", "low", "high", "n", "category", "label"]
NOBODY_RATED = pd.DataFrame(columns=COLUMNS)
Names = dict[tuple[Hashable, ...], str | Undefined]  # by generator, method and direction


def rated_directions(judgments: pd.DataFrame, least: int = 1) -> pd.DataFrame:
    """One row per rated direction: generator, method, direction, mos, its Wilson ends low and high,
    n ratings, category, label; the last two are None where no one word was named most often, or by
    fewer than `least` people.
    """
    frame = direction_mos(judgments)[[*DIRECTION, "mos", "low", "high", "n"]]
    for column in ("category", "label"):
        names = commonest(judgments, column, least)
        found = [names.get(tuple(row)) for row in frame[DIRECTION].itertuples(index=False)]
        words = [name if isinstance(name, str) else None for name in found]
        frame = frame.assign(**{column: pd.Series(words, index=frame.index, dtype=object)})
    return frame


def commonest(judgments: pd.DataFrame, column: str, least: int = 1) -> Names:
    """By direction, what was named most often at the first showing; undefined where words tie.

    Words that differ in case, spaces or the width of their letters are one, in the spelling that
    was typed most often. Directions without a word from `least` people are left out.
    """
    named = first_showings(judgments).dropna(subset=[column])
    names: Names = {}
    for (generator, method, direction), words in named.groupby(DIRECTION, observed=True)[column]:
        typed: dict[str, list[str]] = {}  # by word: its spellings, as often as they were typed
        for text in map(str, words):
            if word := tidy(text):
                typed.setdefault(word, []).append(text)
        most = max(map(len, typed.values()), default=0)
        if most < least:
            continue
        first = [spelling(typed[word]) for word in sorted(typed) if len(typed[word]) == most]
        tie = Undefined(f"{' and '.join(first)} were named equally often")
        names[generator, method, direction] = first[0] if len(first) == 1 else tie
    return names


def spelling(typed: Sequence[str]) -> str:
    """The commonest of spellings of one word, its spaces made single; of several, the plainest."""
    counts = Counter(" ".join(text.split()) for text in typed)
    return min(counts, key=lambda text: (-counts[text], text != tidy(text), text))
