"""What a study takes: items, ratings, people, and minutes of each of them."""

import math
from dataclasses import dataclass

from study_server.assignment import personal_plan
from study_server.bundle import Bundle
from study_server.terms import minutes

MARGIN = 10  # one more is invited for so many that are needed: some stop, some are left out


@dataclass(frozen=True)
class Effort:
    """items: of the study, called `units`; each: of them one person judges, and `extra` repeats and
    checks beside. people: needed at least; minutes: of each."""

    units: str
    items: int
    ratings_per_item: int
    each: int
    extra: int
    people: int
    minutes: int

    @property
    def ratings(self) -> int:
        return self.ratings_per_item * self.items

    @property
    def invited(self) -> int:
        """How many people to invite, so that the needed ones are left when some are lost."""
        return self.people + math.ceil(self.people / MARGIN)

    def __str__(self) -> str:
        units = self.units if self.items > 1 else self.units[:-1]
        return (
            f"{self.items} {units}, {self.ratings_per_item} ratings each: {self.ratings} ratings; "
            f"{self.people} people or more, at {self.each} {self.units} and {self.extra} repeats "
            f"and checks each, about {self.minutes} minutes a person"
        )


def effort(bundle: Bundle) -> Effort:
    """What the study takes."""
    items, settings = bundle.kinds["direction"], bundle.settings
    each = min(settings.items_per_annotator, items)
    wanted = settings.ratings_per_item
    return Effort(
        units=bundle.task.units,
        items=items,
        ratings_per_item=wanted,
        each=each,
        extra=len(personal_plan(0, bundle)) - each,
        people=max(wanted, math.ceil(wanted * items / each)),
        minutes=minutes(bundle),
    )
