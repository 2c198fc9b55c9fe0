"""Personal links: made with names and last days, copied, never logged, and over on their day."""

import csv
import io
import logging
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import segno
from click.testing import CliRunner
from flask import Flask

from benchmark.cli.main import main
from benchmark.core.errors import BenchError
from study_server import annotators, erasure
from study_server.bundle import Bundle
from study_server.codes import write_codes
from study_server.invitations import end_of, given_names, invitations
from study_server.retention import drop_numbers
from study_server.served import Served, set_state

from .conftest import Clock, Visitor
from .test_site import YES

DAY = 86_400


def listed(served: Served) -> list:
    with served.store.read() as db:
        return invitations(db, served.links, served.clock())


def join(app: Flask, link: str) -> Visitor:
    visitor = Visitor(app.test_client())
    visitor.get(re.sub(r"^https?://[^/]+", "", link))
    return visitor


def test_staff_invite_by_name_and_every_link_works(
    app: Flask, served: Served, staff: Visitor
) -> None:
    staff.get("/admin/invitations/")
    names = "Ada\r\n \r\nBen & Co"
    page = staff.post(count="3", names=names, deadline="2027-02-01")
    assert page.status_code == 200
    links = re.findall(r'id="link-\d+">(http[^<]+)<', page.text)
    assert len(set(links)) == 3
    assert page.text.index("Ada") < page.text.index("Ben &amp; Co")
    assert page.text.count("2027-02-01") == 3
    assert [one.name for one in listed(served)] == ["Ada", "Ben & Co", ""]
    for link in links:
        assert join(app, link).last.request.path == "/consent"
    served.clock.now += 120
    ada = join(app, links[0])
    ada.begin()
    page = staff.get("/admin/invitations/")
    assert re.search(r"Ada</td>.*?<td>judging</td><td class=\"whole\">2027-01-15 08:02<", page.text)
    assert '<td>invited</td><td class="whole">never<' in page.text


def test_without_a_number_there_is_a_link_for_each_name(served: Served, staff: Visitor) -> None:
    page = staff.get("/admin/invitations/")
    preset = re.search(r'<input type="number" name="count"[^>]*>', page.text)[0]
    assert "value=" not in preset
    staff.post(count="", names="Ada\nBen\nCleo")
    assert [one.name for one in listed(served)] == ["Ada", "Ben", "Cleo"]
    staff.post("/admin/invitations/", count="", names="")
    assert [one.name for one in listed(served)] == ["Ada", "Ben", "Cleo", ""]


def test_a_page_of_links_is_neither_cached_nor_logged(
    served: Served, staff: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    (token,) = annotators.invite(served.store, served.links, 1, served.clock(), names=["Ada"])
    name = served.links.read(token)
    with caplog.at_level(logging.INFO, "study"):
        for path in ("/admin/invitations/", f"/admin/invitations/{name}"):
            page = staff.get(path)
            assert token in page.text
            assert page.headers["Cache-Control"] == "no-store"
        page = staff.post("/admin/invitations/links.csv")
    assert page.headers["Cache-Control"] == "no-store"
    assert token in page.text
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "/admin/invitations/<annotator>" in said
    assert token not in said
    assert name not in said


def test_the_code_for_a_camera_holds_the_link(served: Served, staff: Visitor) -> None:
    (token,) = annotators.invite(served.store, served.links, 1, served.clock())
    page = staff.get(f"/admin/invitations/{served.links.read(token)}").text
    code = segno.make(f"http://localhost/join/{token}", error="m", micro=False)
    dark = sum(map(sum, code.matrix))
    (drawn,) = re.findall(r'<path[^>]*class="qrline"[^>]* d="([^"]+)"', page)
    runs = [int(length) for length in re.findall(r"h(\d+)", drawn)]
    assert sum(runs) == dark  # the path is made of runs of dark squares
    assert drawn in code.svg_inline(scale=6, border=4, dark="black", light="white")
    other = segno.make("http://localhost/join/other", error="m", micro=False)
    assert drawn not in other.svg_inline(scale=6, border=4, dark="black", light="white")
    assert "style=" not in page.split("<svg")[1].split("</svg>")[0]  # the policy would refuse it
    assert staff.get("/admin/invitations/nobody").status_code == 404


def test_links_can_be_renamed_and_written_to_a_file(served: Served, staff: Visitor) -> None:
    (token, _) = annotators.invite(served.store, served.links, 2, served.clock(), names=["Ada"])
    name = served.links.read(token)
    staff.get(f"/admin/invitations/{name}")
    assert "=1+1" in staff.post(name=" =1+1 ").text
    rows = list(csv.DictReader(io.StringIO(staff.post("/admin/invitations/links.csv").text)))
    assert [row["name"] for row in rows] == ["'=1+1", ""]
    assert rows[0]["link"] == f"http://localhost/join/{token}"
    assert rows[0] | {"name": "", "link": ""} == {
        "name": "",
        "link": "",
        "last_day": "",
        "state": "invited",
        "last_seen": "",
        "annotator": name,
    }
    staff.get("/admin/invitations/")
    assert staff.post("/admin/invitations/nobody", name="x").status_code == 422


def test_only_staff_see_links(app: Flask, served: Served) -> None:
    (token,) = annotators.invite(served.store, served.links, 1, served.clock())
    stranger = Visitor(app.test_client())
    for path in ("/admin/invitations/", f"/admin/invitations/{served.links.read(token)}"):
        assert stranger.get(path).request.path == "/admin/sign-in"
        assert token not in stranger.last.text
    bare = app.test_client().post("/admin/invitations/links.csv", data={"x": "y"})
    assert bare.status_code == 400  # no token


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"count": "0"}, "make 1 to 500 links at once"),
        ({"count": "501"}, "make 1 to 500 links at once"),
        ({"count": "many"}, "make 1 to 500 links at once"),
        ({"count": "1", "names": "x" * 81}, "a name has 80 letters at most"),
        ({"count": "1", "deadline": "soon"}, "a last day is one such as 2030-12-31"),
        ({"count": "1", "deadline": "2027-01-14"}, "the last day 2027-01-14 is past"),
        ({"count": "1", "deadline": "9999-12-31"}, "the last day 9999-12-31 is too far off"),
    ],
)
def test_wrong_invitations_are_refused(
    served: Served, staff: Visitor, form: dict[str, str], message: str
) -> None:
    staff.get("/admin/invitations/")
    page = staff.post(**form)
    assert page.status_code == 422
    assert message in page.text
    assert not listed(served)


def test_a_last_day_ends_at_its_midnight(clock: Clock) -> None:
    today = datetime.fromtimestamp(clock(), UTC).date().isoformat()
    assert end_of(today, clock()) == clock() - clock() % DAY + DAY
    assert end_of("", clock()) is None
    assert given_names(["a\nb", " ", "c"]) == ("a b", "c")


def test_after_the_last_day_the_link_lets_nobody_in(
    app: Flask, served: Served, tmp_path: Path
) -> None:
    """Who had begun is thanked with a code for their work; who had finished keeps their page.
    The study goes on, and nobody is told that it ended."""
    end = end_of("2027-01-20", served.clock())
    tokens = annotators.invite(served.store, served.links, 3, served.clock(), deadline=end)
    idle, busy, done = (join(app, f"/join/{token}") for token in tokens)
    busy.begin()
    item = busy.last.request.path
    done.begin()
    while done.last.request.path.startswith("/items"):
        served.clock.now += 3
        done.post(**YES)
    served.clock.now = end - 1
    assert busy.get(item).request.path == item
    served.clock.now = end
    late = busy.post(**YES)
    assert late.status_code == 409
    assert "No more answers are taken through this link" in late.text
    assert "Your work so far counts" in late.text
    assert re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", late.text)
    assert "This link has ended" in idle.get(f"/join/{tokens[0]}").text
    for page in (late, idle.last):
        assert "study is closed" not in page.text
        assert "study ended" not in page.text
    assert done.get("/done").status_code == 200
    assert "No more answers" not in done.last.text
    states = {served.links.read(token): state for token, state in zip(tokens, "iod", strict=True)}
    found = {states[one.annotator]: one.state for one in listed(served)}
    assert found == {"i": "over", "o": "over", "d": "finished"}
    served.store.write(lambda db: set_state(db, "closed", end))
    assert "The study is closed" in idle.get("/study").text
    served.store.write(lambda db: set_state(db, "open", end))
    write_codes(served, tmp_path / "codes.csv")
    rows = csv.DictReader(io.StringIO((tmp_path / "codes.csv").read_text("utf-8")))
    endings = {row["annotator"]: row["ending"] for row in rows}
    assert [endings[served.links.read(token)] for token in tokens] == ["", "closed", "completed"]


def test_names_go_with_an_erasure_and_on_the_day_of_retention(served: Served) -> None:
    token, _ = annotators.invite(
        served.store, served.links, 2, served.clock(), names=["Ada", "Ben"], deadline=2e9
    )
    erasure.erase_person(served, served.links.read(token), "asked for it")
    assert next((one.name, one.last_day) for one in listed(served)) == ("", "")
    object.__setattr__(served.bundle.settings, "retention", "2027-01-15")
    assert drop_numbers(served) == 1
    assert [one.name for one in listed(served)] == ["", ""]


def test_the_command_writes_all_links_to_a_file(bundle: Bundle, tmp_path: Path) -> None:
    def bench(*words: object) -> str:
        told = CliRunner().invoke(main, ["study", "invite", str(bundle.folder), *map(str, words)])
        return told.output

    table = tmp_path / "links.csv"
    assert bench().startswith("http://127.0.0.1:8000/join/")
    said = bench("--name", "Ada", "--name", "Ben", "--deadline", "2099-01-01", "--csv", table)
    first, warning = said.splitlines()
    assert first == f"2 new links; all personal links are in {table}"
    assert warning.startswith("these links open on this machine alone")
    assert "alone" not in bench("--base", "https://study.example")
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))
    assert [row["name"] for row in rows] == ["", "Ada", "Ben"]
    assert [row["last_day"] for row in rows] == ["", "2099-01-01", "2099-01-01"]
    assert table.stat().st_mode & 0o077 == 0
    said = bench("--csv", tmp_path / "none" / "links.csv")
    assert said.startswith("error: there is no folder")
    assert len(bench("--annotators", 3, "--name", "Eve").splitlines()) == 3 + 1
    bench("--csv", table)
    assert (
        len(list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))) == 8
    )  # the refused one made no link


def test_a_wrong_day_is_refused_in_one_line(served: Served) -> None:
    with pytest.raises(BenchError, match=r"a last day is one such as 2030-12-31, not '2027-13-01'"):
        end_of("2027-13-01", served.clock())
