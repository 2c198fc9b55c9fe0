"""Simulated studies whose truth is known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from benchmark.stats.population import Population

CATEGORIES = ["geometry", "colour", "texture"]


@dataclass(frozen=True)
class Study:
    """judgments: in the suite's columns. leniency: the annotators' effects on the logit scale."""

    judgments: pd.DataFrame
    leniency: np.ndarray


def simulate(
    rng: np.random.Generator,
    methods: dict[str, Population],
    generators: int = 1,
    directions: int = 20,
    annotators: int = 12,
    ratings: int = 5,
    category_sd: float = 2.0,
) -> Study:
    """A study in which `ratings` of the annotators, drawn anew, judge each direction once."""
    people = list(methods.values())
    leniency = people[0].annotator_sd * rng.standard_normal(annotators)
    n = generators * len(people) * directions
    level = np.tile(np.repeat([p.level for p in people], directions), generators)
    spread = np.tile(np.repeat([p.direction_sd for p in people], directions), generators)
    logits = level + spread * rng.standard_normal(n)  # (n,)
    asked = rng.random((n, annotators)).argsort(axis=1)[:, :ratings]  # (n, ratings)
    yes = (rng.random((n, ratings)) < expit(logits[:, None] + leniency[asked])).ravel()
    other = rng.integers(3, size=yes.size)  # which of the two questions a no fails, or both
    kinds = softmax(category_sd * rng.standard_normal((n, 3)), axis=1).cumsum(axis=1)  # (n, 3)
    kind = (rng.random((n, ratings, 1)) > kinds[:, None, :2]).sum(axis=2).ravel()  # 0, 1 or 2
    row = np.repeat(np.arange(n), ratings)
    of_generator = directions * len(people)
    names = np.array(list(methods), dtype=object)
    sources = np.array([f"g{i}" for i in range(generators)], dtype=object)
    judgments = pd.DataFrame(
        {
            "generator": sources[row // of_generator],
            "method": names[row % of_generator // directions],
            "direction": np.array([str(i) for i in range(directions)], object)[row % directions],
            "annotator": np.array([f"a{i:02d}" for i in range(annotators)], object)[asked.ravel()],
            "consistent": yes | (other == 1),
            "single": yes | (other == 2),
            "mos": yes.astype(int),
            "category": np.where(yes, np.array(CATEGORIES, object)[kind], None),
            "repeat": 0,
            "seconds": 8.0,
            "check": None,
            "simulated": False,
        }
    )
    return Study(judgments, leniency)
