"""The page: whole, closed to the network, and safe whatever people write."""

import re
from html.parser import HTMLParser

import pytest

from benchmark.core.json_files import write_json
from benchmark.report.making import write_report
from tests.report.drawn import HOSTILE, draw_judged, write_cell

VOID = {"meta", "link", "img", "br", "input", "line", "circle"}


class Reader(HTMLParser):
    """Checks that tags nest, and keeps attributes, texts and identifiers."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.attributes, self.words, self.ids = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def read(run):
    return Reader((run / "report.html").read_text("utf-8"))


@pytest.fixture(scope="session")
def with_study(tmp_path_factory):
    """A run with hostile names and reasons everywhere, and a simulated study."""
    from tests.report.drawn import write_run

    run = write_run(tmp_path_factory.mktemp("study") / "run")
    write_cell(run, "planted", "coordinate", 0, failure=f"ValueError: {HOSTILE}")
    write_json(run / "run.json", {"command": f"bench run {HOSTILE}", "preset": HOSTILE})
    write_report(run, draw_judged(simulated=True))
    return run


def test_it_is_well_formed_and_leads_only_to_itself(with_study):
    page = read(with_study)
    assert len(page.ids) == len(set(page.ids))
    for tag, name, value in page.attributes:
        if name in ("src", "href", "action", "poster", "srcset", "data"):
            assert value.startswith(("data:", "#")), (tag, name, value[:80])
        if name == "href" and value.startswith("#"):
            assert value[1:] in page.ids
        assert not name.startswith("on")
        assert name != "style"
    html = (with_study / "report.html").read_text("utf-8")
    assert "url(" not in html
    assert "@import" not in html


def test_every_picture_has_words_and_every_control_a_name(with_study):
    page = read(with_study)
    images = [v for tag, name, v in page.attributes if (tag, name) == ("img", "src")]
    words = [v for tag, name, v in page.attributes if (tag, name) == ("img", "alt")]
    assert len(words) == len(images) + 2  # the explorer's two have their source by script
    assert sum(1 for text in words if text) == len(images)


def test_what_people_write_is_text_and_never_code(with_study):
    html = (with_study / "report.html").read_text("utf-8")
    assert "<script>alert" not in html
    assert html.count("<script>") == 1
    page = read(with_study)
    assert page.text.count("<script>alert('x')</script>") >= 4  # label, table, reason, command


def test_simulated_answers_are_called_so_wherever_they_show(with_study):
    page, html = read(with_study), (with_study / "report.html").read_text("utf-8")
    study = html[html.index('<section id="study"') :].partition("</section>")[0]
    for heading in re.findall(r"<h[23][^>]*>(.*?)</h[23]>", study):
        assert heading.startswith("Simulated")
    for caption in re.findall(r"<figcaption><strong>(.*?)</strong>", study):
        assert caption.startswith("Simulated")
    assert (
        "Simulated: discovered against the baselines, RCA beside MOS of simulated answers"
        in page.text
    )
    assert "simulated MOS" in page.text
    assert not re.search(r"(?<!simulated )MOS (\d|of discovered)", page.text)


def test_peoples_answers_are_not_called_simulated(run):
    write_report(run, draw_judged(simulated=False, label="rotation"))
    text = read(run).text
    assert "imulated" not in text.replace("simulated annotators.", "")
    assert "What people saw" in text


def test_it_says_what_failed_and_why_and_how_the_run_came_about(with_study, reported):
    text = read(with_study).text
    assert "planted, coordinate, seed 0" in text
    assert "ValueError: <script>" in text
    assert "4 done, 1 failed" in text
    assert "Nothing failed." in read(reported).text


def test_bold_on_the_page_is_bold_in_the_table(reported):
    html = (reported / "report.html").read_text("utf-8")
    block = html[html.index('id="table-rca"') :].partition("</table>")[0]
    there = re.findall(r"\*\*(.+?)\*\*", (reported / "rca.md").read_text())
    assert re.findall(r"<strong>(.*?)</strong>", block) == there
    assert len(there) == 1


def test_a_direction_over_training_is_on_the_page(reported):
    html = (reported / "report.html").read_text("utf-8")
    assert html.count('<figure class="evolution">') == 1  # random learns no A
    assert "One direction of discovered on planted over training" in html


def test_every_column_has_its_meaning(reported):
    html = (reported / "report.html").read_text("utf-8")
    for block in re.findall(r'<div class="table-block".*?</details>', html, re.DOTALL):
        header = re.findall(r"<th scope[^>]*>([^<]*)", block)
        known = re.findall(r"<dt>(.*?)</dt>", block)
        assert [h.strip().replace("&#39;", "'") for h in header] == [
            k.replace("&#39;", "'") for k in known
        ]


def test_never_nan(with_study):
    assert not re.search(r"\bnan\b", read(with_study).text, re.IGNORECASE)


def test_a_run_of_failures_and_one_without_pictures_have_a_page(tmp_path):
    write_cell(tmp_path, "gone", "random", 0, failure="ValueError: no")
    write_report(tmp_path)
    text = read(tmp_path).text
    assert "failed: ValueError: no" in text
    assert "Explore" not in text
    write_cell(tmp_path, "gone", "random", 1)
    write_report(tmp_path)
    assert "No pictures of gone" in read(tmp_path).text
