"""Names that become folders."""

import pytest

from benchmark.core.errors import BenchError
from benchmark.core.names import is_safe, safe_name


@pytest.mark.parametrize(
    "name",
    ["planted", "mnist-sngan", "gen-Mine", "100_celeb_hq_network-snapshot-010403", "größe", "a..b"],
)
def test_usual_names_are_safe(name: str) -> None:
    assert safe_name(name, "it") == name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../a", "/a", "a/b", "a\\b", "~", "-rf", ".hidden", "end.", "a b", "a:b"),
        *(
            "a\n",
            "a\x00",
            "a\x1b[0m",
            "a\u202eb",
            "CON",
            "nul.txt",
            "Lpt9",
            "a" * 151,
            "<b>",
            "a`b",
        ),
        *(None, 3, ["a"]),
    ],
)
def test_what_leads_elsewhere_or_means_a_device_is_not(name: object) -> None:
    assert not is_safe(name)


def test_the_refusal_is_one_line_that_shows_the_name() -> None:
    with pytest.raises(BenchError, match=r"a method cannot be called 'a\\n\.\./b'") as refused:
        safe_name("a\n../b", "a method")
    assert "\n" not in str(refused.value)
