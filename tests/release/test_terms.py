"""Whoever installs the suite is told on which terms the weights are that come with it."""

import re

from benchmark.generators.catalogue import BUNDLED, GENERATORS
from benchmark.generators.judge import BUNDLED as JUDGES
from tests.command_line import bench

from .built import ROOT

WEIGHTS = {path.stem for path in BUNDLED.glob("*.safetensors")}


def test_the_list_says_the_terms_of_every_bundled_generator() -> None:
    listed = " ".join(bench("list").output.split())
    for name in WEIGHTS:
        card = (BUNDLED / f"{name}.md").read_text()
        (terms,) = re.findall(r"^\| Terms \| (.+) \|$", card, re.MULTILINE)
        assert f"bundled; available terms: {terms}" in listed
    assert "terms: CelebA is for non-commercial research, and so are the weights" in listed


def test_others_have_no_card_to_say_them() -> None:
    named = {name for name, entry in GENERATORS.items() if entry.terms()}
    assert named == WEIGHTS


def test_the_notice_names_all_that_is_bundled() -> None:
    notice = (ROOT / "NOTICE").read_text()
    generators, judges = re.findall(r"^benchmark/generators/\w+\n((?:  .+\n)+)", notice, re.M)
    assert set(re.findall(r"^  (\S+)", generators, re.MULTILINE)) == WEIGHTS
    names = judges.split("   ")[0].replace(",", "").split()
    assert set(names) == {path.stem for path in JUDGES.glob("*.safetensors")}
