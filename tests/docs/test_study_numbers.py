"""The study of docs/STUDY.md can be done as printed: those invited give all ratings it needs."""

import re
from collections import defaultdict

from benchmark.runs.results import read_cells
from study_server.settings_file import read_settings
from tests.docs.blocks import ROOT


def test_the_invited_of_the_printed_commands_give_all_ratings() -> None:
    text = (ROOT / "docs" / "STUDY.md").read_text("utf-8")
    (per_method,) = re.findall(r"study build results/reference --per-method (\d+)", text)
    (invited,) = re.findall(r"study invite study --annotators (\d+)", text)
    settings = read_settings(ROOT / "study_server" / "study.toml")
    methods: dict[str, dict[str, int]] = defaultdict(dict)
    for stored in read_cells(ROOT / "results" / "reference"):
        cell = stored.result.cell
        methods[cell.generator][cell.method] = stored.result.config["protocol"]["k"]
    shown = sum(len(ks) * min(int(per_method), *ks.values()) for ks in methods.values())
    wanted = shown * settings.ratings_per_item
    assert f"give\n{shown} directions" in text
    assert f"Five ratings of each are {wanted:,}" in text
    assert settings.ratings_per_item == 5
    needed = -(-wanted // settings.items_per_annotator)
    assert f"so {needed}\npeople do it" in text
    assert int(invited) * settings.items_per_annotator >= 1.1 * wanted
