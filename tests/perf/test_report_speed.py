"""What made reports and studies faster, each beside the way it was done before.

Measured is processor time, which other work on the machine does not change much.
"""

import time

import numpy as np
import pandas as pd
import pytest
import seaborn as sns
import torch
from matplotlib.figure import Figure

from benchmark.charts import style
from benchmark.core.seeds import stream
from benchmark.directions.artefact import Directions
from benchmark.directions.images_along import images_along
from benchmark.directions.shift import FrozenLinear
from benchmark.generators.catalogue import GENERATORS
from benchmark.generators.fast.rewrites import prepare
from benchmark.report.figures.lines import _plot

ROUNDS = 3


def seconds(work):
    """The least of a few rounds, in seconds of processor time."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found)


@pytest.mark.parametrize("name", ["mnist-sngan", "cifar-biggan-small"])
def test_several_steps_at_a_time_against_one(name):
    generator = prepare(GENERATORS[name].load())
    latents, eps = generator.sample(4, stream("speed")), torch.linspace(-6, 6, 13)
    axes = Directions(FrozenLinear(torch.eye(generator.latent_dim)))

    @torch.no_grad()
    def one_by_one():
        return [generator(axes.move(latents, 0, shift)) for shift in eps]

    def together():
        return list(images_along(generator, latents, axes, 0, eps))

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        together(), one_by_one()
        ratio = seconds(together) / seconds(one_by_one)
    finally:
        torch.set_num_threads(threads)
    print(f"{name}: {ratio:.2f} of one step at a time")
    assert ratio <= 0.9


def test_lines_and_their_bands_against_seaborn():
    rng, order = np.random.default_rng(0), ("discovered", "coordinate", "random")
    places = [(m, s, x) for m in order for s in range(3) for x in range(50)]
    frame = pd.DataFrame(places, columns=["method", "seed", "x"]).assign(y=rng.random(450))
    look = {"palette": style.palette(order), "markers": style.markers(order), "dashes": False}

    def by_seaborn():
        ax = Figure().subplots()
        sns.lineplot(
            frame, x="x", y="y", hue="method", style="method", ax=ax, errorbar=("pi", 100), **look
        )

    def ours():
        _plot(Figure().subplots(), frame, order, "x", "y")

    by_seaborn(), ours()
    ratio = seconds(ours) / seconds(by_seaborn)
    print(f"lines: {ratio:.2f} of seaborn's")
    assert ratio <= 0.5
