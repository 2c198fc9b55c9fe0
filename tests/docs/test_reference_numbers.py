"""What README.md and docs/RESULTS.md say of the reference run stands in its files, to every digit
that they print."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.docs.blocks import ROOT

REFERENCE = ROOT / "results" / "reference"
README, RESULTS = ROOT / "README.md", ROOT / "docs" / "RESULTS.md"
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def table(page: Path, *headings: str) -> list[list[str]]:
    """The cells of the table whose first headings are these, without bold and code."""
    blocks = [block.splitlines() for block in page.read_text("utf-8").split("\n\n")]
    found = [
        [
            [re.sub("[*`]", "", cell).strip() for cell in line.strip("|").split("|")]
            for line in lines
        ]
        for lines in blocks
        if lines[0].startswith("|")
    ]
    (rows,) = [rows for rows in found if rows[0][: len(headings)] == list(headings)]
    return rows[2:]


def numbers(told: str) -> Iterator[tuple[str, int]]:
    """Each number of a text as it is printed, without commas, and its number of decimals."""
    for found in NUMBER.findall(told):
        plain = found.replace(",", "")
        yield plain, len(plain.partition(".")[2])


def agrees(told: str, *values: float) -> None:
    """The numbers of the text are these values, rounded to as many digits as it prints."""
    printed = list(numbers(told))
    assert [number for number, _ in printed] == [
        f"{value + 0.0:.{decimals}f}" for value, (_, decimals) in zip(values, printed, strict=True)
    ], told


@pytest.fixture(scope="module")
def rca() -> pd.DataFrame:
    read = pd.read_csv(REFERENCE / "rca.csv").set_index(["generator", "method"])
    return read.rename(columns={"rca_fresh_low": "low", "rca_fresh_high": "high"})


def test_the_table_of_the_readme(rca: pd.DataFrame) -> None:
    rows = table(README, "generator", "K")
    assert len(rows) == rca.index.levels[0].size
    for generator, k, *methods, cosine, collapse in rows:
        agrees(k, rca.k[generator, "discovered"])
        for method, told in zip(("discovered", "random", "coordinate"), methods, strict=True):
            row = rca.loc[generator, method]
            agrees(told, row.rca_fresh, row.low, row.high)
        agrees(cosine, rca.max_cosine[generator, "discovered"])
        agrees(collapse, rca.collapse[generator, "discovered"])


def test_the_method_and_its_two_baselines(rca: pd.DataFrame) -> None:
    rows = table(RESULTS, "generator", "method", "rca_fresh")
    assert len(rows) == 3 * rca.index.levels[0].size
    generator = ""
    for first, method, fresh, interval, cosine, rank, collapse in rows:
        generator = first.partition(",")[0] or generator
        row = rca.loc[generator, method]
        if first:
            agrees(first.partition("=")[2], row.k)
        agrees(fresh, row.rca_fresh)
        agrees(interval, row.low, row.high)
        agrees(cosine, abs(row.max_cosine))
        agrees(rank, row.effective_rank)
        agrees(collapse, row.collapse)


def test_all_nine_methods(rca: pd.DataFrame) -> None:
    rows = table(RESULTS, "method", "MNIST rca_fresh")
    mnist, planted = rca.loc["mnist-sngan"], rca.loc["planted"]
    assert {row[0] for row in rows} == set(mnist.index) == set(planted.index)
    for method, fresh, interval, cosine, collapse, fresh_planted, recovery in rows:
        row = mnist.loc[method]
        agrees(fresh, row.rca_fresh)
        agrees(interval, row.low, row.high)
        agrees(cosine, row.max_cosine)
        agrees(collapse, row.collapse)
        agrees(fresh_planted, planted.rca_fresh[method])
        agrees(recovery, planted.recovery[method])


def test_the_methods_on_cifar(rca: pd.DataFrame) -> None:
    rows = table(RESULTS, "method", "CIFAR rca_fresh")
    cifar = rca.loc["cifar-biggan-small"]
    assert {row[0] for row in rows} == set(cifar.index)
    for method, fresh, interval, cosine, collapse in rows:
        row = cifar.loc[method]
        agrees(fresh, row.rca_fresh)
        agrees(interval, row.low, row.high)
        agrees(cosine, abs(row.max_cosine))
        agrees(collapse, row.collapse)


def test_more_steps() -> None:
    rows = table(RESULTS, "steps", "discovered")
    read = pd.read_csv(REFERENCE / "convergence" / "ablation_steps.csv")
    by_steps = read.pivot_table(index="steps", columns="method", values="rca_fresh")
    assert len(rows) == len(by_steps)
    for steps, discovered, random, coordinate, ahead in rows:
        row = by_steps.loc[int(steps.replace(",", ""))]
        agrees(discovered, row.discovered)
        agrees(random, row.random)
        agrees(coordinate, row.coordinate)
        agrees(ahead, row.discovered - row.random)


def test_w_against_z() -> None:
    rows = table(RESULTS, "method", "rca_fresh in z")
    read = pd.read_csv(REFERENCE / "spaces" / "rca.csv").set_index(["generator", "method"])
    in_z, in_w = (read.loc[f"celeba-stylegan2-small{space}"] for space in ("", "-space-w"))
    assert {row[0] for row in rows} == set(in_z.index) == set(in_w.index)
    columns = [
        space[name] for name in ("rca_fresh", "max_cosine", "collapse") for space in (in_z, in_w)
    ]
    for method, *told in rows:
        for cell, column in zip(told, columns, strict=True):
            agrees(cell, column[method])


@pytest.mark.parametrize("path", [README, RESULTS], ids=lambda path: path.name)
def test_how_many_times_as_often(path: Path, rca: pd.DataFrame) -> None:
    trained = rca.rca_fresh.drop("planted")
    discovered = trained.xs("discovered", level="method")
    baselines = [trained.xs(name, level="method") for name in ("random", "coordinate")]
    times = pd.concat([discovered / baseline for baseline in baselines])
    (told,) = re.findall(r"(\d\S* to \d\S*)\s+times", path.read_text("utf-8"))
    agrees(told, times.min(), times.max())


def intervals() -> set[tuple[str, ...]]:
    """Every estimate of the run with its two ends, to three digits; a difference in both ways."""
    known: set[tuple[str, ...]] = set()
    for path in REFERENCE.rglob("*.csv"):
        read = pd.read_csv(path)
        for name in (name for name in read if f"{name}_low" in read):
            for estimate, low, high in read[[name, f"{name}_low", f"{name}_high"]].to_numpy():
                known.add(tuple(f"{number:.3f}" for number in (estimate, low, high)))
                known.add(tuple(f"{-number:.3f}" for number in (estimate, high, low)))
    return known


@pytest.mark.parametrize("path", [README, RESULTS], ids=lambda path: path.name)
def test_every_interval_in_a_sentence(path: Path) -> None:
    prose = " ".join(line for line in path.read_text("utf-8").splitlines() if line[:1] != "|")
    told = re.findall(r"(-?0\.\d{3}) \((-?0\.\d{3}) to (-?0\.\d{3})\b", prose)
    told += re.findall(r"(-?0\.\d{3}), (-?0\.\d{3}) to (-?0\.\d{3})\b", prose)
    assert len(told) >= 3
    assert not set(told) - intervals()
