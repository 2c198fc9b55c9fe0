"""`bench fetch` and what `bench list` says of downloads."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from benchmark.generators.catalogue import GENERATORS
from benchmark.generators.download import fetch
from benchmark.generators.published import DOWNLOADS, Download, Source
from tests.generators.downloads import CONTENT, SHA, Offer, Site, left


def test_the_command(site: Site, offer: Offer, home: Path) -> None:
    site.files["a"] = CONTENT
    offer(Source(site.url("a"), sha256=SHA))
    result = CliRunner().invoke(main, ["fetch", "tiny"], catch_exceptions=False)
    assert result.exit_code == 0
    assert SHA in result.output
    assert str(home / "tiny" / "weights.pth") in result.output


def test_all_that_can_be_had_is_had(
    site: Site, offer: Offer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(DOWNLOADS):
        monkeypatch.delitem(DOWNLOADS, name)
    site.files["a"] = CONTENT
    monkeypatch.setitem(DOWNLOADS, "gone", Download(("g",), 1, "", (Source(site.url("gone")),)))
    offer(Source(site.url("a"), sha256=SHA))
    result = CliRunner().invoke(main, ["fetch", "--all"])
    assert result.exit_code == 2
    assert "error: gone could not be fetched" in result.output
    assert left(home) == {"tiny/weights.pth"}


def test_names_and_all_exclude_each_other() -> None:
    for arguments in (["fetch"], ["fetch", "--all", "anime-sngan"]):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2
        assert "or take all of them with --all" in result.output
    with pytest.raises(BenchError, match="did you mean anime-sngan"):
        fetch("anime-sngn")


def test_every_download_belongs_to_a_generator_and_fills_its_place() -> None:
    for name, download in DOWNLOADS.items():
        weights = GENERATORS[name].weights
        assert weights is not None
        in_folder = weights.name if weights.name in download.files else ""
        assert weights.parent.name == name or weights.name == name
        assert in_folder or set(download.files) == {"args.json", "generator.pt"}
        for source in download.sources:
            assert source.url.startswith("https://")
            assert set(source.members.values()) <= set(download.files)
            assert source.members or len(download.files) == 1


@pytest.mark.usefixtures("home")
def test_the_list_tells_size_licence_and_state() -> None:
    result = CliRunner().invoke(main, ["list"], catch_exceptions=False)
    assert "about 282 MB; licence: MIT" in result.output
    assert "not verified" in result.output
    assert "bench fetch imagenet-biggan" in result.output
