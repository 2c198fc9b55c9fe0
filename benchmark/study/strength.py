"""What a study that was built can find: the power of its design, as `bench study plan` computes it,
and what would be enough where that is little."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from benchmark.stats.population import Population
from benchmark.stats.power import Design, closed_form, power
from study_server.bundle import Bundle
from study_server.effort import effort
from study_server.tasks.task import Source
from study_server.watching import compared

EFFECT, BASELINE, WANTED = 0.2, 0.3, 0.8  # those that `bench study plan` takes by itself
STUDIES = 1_000  # simulated: the power is exact to 0.03
MOST = 500  # directions of each method, up to which one looks for enough


def strength(bundle: Bundle) -> Iterator[str]:
    """Sentences on the power of a study of single directions; of one that shows two, that none is
    known."""
    if bundle.task.shows > 1:
        yield "power: not known of a study that shows two directions"
        return
    of_each, methods = directions_of_each(bundle), methods_of_each(bundle)
    most = max(of_each.values())
    if len(of_each) == 1:
        yield _of(bundle, most, "on the one generator")
        yield from _adjusted(bundle, methods)
        return
    everywhere = set.intersection(*methods.values())
    elsewhere = ", ".join(sorted(set.union(*methods.values()) - everywhere))
    where = f"over all {len(of_each)} generators together"
    if len(everywhere) < 2:
        yield f"power {where}: none, since no two methods stand on all of them"
    else:
        where += f", of the methods on all of them (not {elsewhere})" if elsewhere else ""
        yield _of(bundle, sum(of_each.values()), where)
    yield _of(bundle, most, "on one generator alone")
    yield from _adjusted(bundle, methods)


def _adjusted(bundle: Bundle, methods: dict[str, set[str]]) -> Iterator[str]:
    """That these chances are of one comparison alone, where the analysis makes more."""
    on = [[{*pair} <= there for there in methods.values()] for pair in compared(bundle)]
    rows = sum(sum(here) + (sum(here) > 1) for here in on)  # each generator's, and the pooled one
    if rows > 1:
        yield (
            f"these chances are of one comparison by itself; the analysis makes {rows} and adjusts "
            "p for all of them, which lowers each chance: fewer methods or more directions help"
        )


def directions_of_each(bundle: Bundle) -> dict[str, int]:
    """By generator, how many directions of each method are under study: all there have as many."""
    counts = Counter((one.generator, one.method) for one in _under_study(bundle))
    return {generator: n for (generator, _), n in counts.items()}


def methods_of_each(bundle: Bundle) -> dict[str, set[str]]:
    """By generator, the methods that have directions under study."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in _under_study(bundle):
        found[one.generator].add(one.method)
    return found


def _under_study(bundle: Bundle) -> set[Source]:
    shown = {source for sources in bundle.sources.values() for source in sources}
    return {one for one in shown if not one.check}


def _of(bundle: Bundle, directions: int, where: str) -> str:
    ratings = bundle.settings.ratings_per_item
    said = f"power {where} ({directions} directions of each method, {ratings} ratings each): "
    if directions < 4:
        return f"{said}none, since fewer than 4 cannot be tested"
    people = max(ratings, effort(bundle).people)
    method, baseline = Population(BASELINE + EFFECT), Population(BASELINE)
    found = power(Design(directions, people, ratings), method, baseline, STUDIES).power
    said += f"a MOS of {BASELINE + EFFECT:g} against {BASELINE:g} is found with a chance of "
    if found >= WANTED:
        return f"{said}{found:.2f}"
    enough = next(
        (
            n
            for n in range(directions + 1, MOST)
            if closed_form(Design(n, people, ratings), method, baseline) >= WANTED
        ),
        None,
    )
    more = f"about {enough} directions of each" if enough else "many more directions of each"
    return f"{said}{found:.2f}: too little; {more} would make it {WANTED:g}"
