"""Simulated annotators answer whatever is asked, and give names, so that a rehearsal has some."""

import random

import pytest

from study_server.simulate import PROFILES, Bot
from study_server.study_settings import Settings
from study_server.tasks import Rating, Source

SOURCES = {f"{n:016x}": (Source("g", "m", n),) for n in range(60)}


def bot(profile: str, seed: int, name: str = "optional") -> Bot:
    task = Rating(Settings({}, {}, "1", name=name))
    return Bot(profile, random.Random(seed), SOURCES, task)


@pytest.mark.parametrize("name", ["required", "optional", "off"])
@pytest.mark.parametrize("profile", PROFILES)
def test_every_answer_would_be_taken(profile: str, name: str) -> None:
    someone = bot(profile, 0, name)
    given = [someone.task.parse(someone.answers(item)) for item in SOURCES]
    clear = [answer for answer in given if someone.task.score(answer)]
    assert clear
    assert all(("label" in answer) == (name != "off") for answer in clear) or profile == "straight"


def test_careful_ones_give_one_direction_one_name() -> None:
    first, second = (bot("careful", seed) for seed in (1, 2))
    offered = first.task.questions[2].suggestions("en")
    named = set()
    for item in SOURCES:
        one, other = (who.answers(item).get("label") for who in (first, second))
        if one and other:
            assert one == other in offered
            named.add(one)
    assert len(named) > 5
