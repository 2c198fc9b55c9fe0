"""Every test that SECURITY.md names for a promise exists."""

import re

from tests.docs.blocks import ROOT


def test_every_promise_has_a_test() -> None:
    text = (ROOT / "docs" / "SECURITY.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!promise|---)(.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert len(rows) > 15
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    for promise, tests in rows:
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, promise
        assert set(named) <= there, promise
