"""What a study takes: items, ratings, people."""

import math

from study_server.assignment import personal_plan
from study_server.bundle import Bundle


def effort(bundle: Bundle) -> str:
    """In one line: how many items there are, how many ratings they need, and how many people that
    takes at least, with what each of them judges in all."""
    items, settings = bundle.kinds["direction"], bundle.settings
    each = min(settings.items_per_annotator, items)
    ratings = settings.ratings_per_item * items
    people = max(settings.ratings_per_item, math.ceil(ratings / each))
    extra = len(personal_plan(0, bundle)) - each
    units = bundle.task.units
    return (
        f"{items} {units if items > 1 else units[:-1]}, {settings.ratings_per_item} ratings each: "
        f"{ratings} ratings; {people} people or more, at {each} {units} and {extra} repeats and "
        "checks each"
    )
