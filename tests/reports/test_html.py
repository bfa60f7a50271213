"""The page: one file, everything escaped, nothing fetched, never half written."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.reports.html import Section, html_page
from edgcn.reports.plots import confusion_matrix_plot

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NASTY = "<b>touch</b> & \"neck\" '触る首' </style><script>alert(1)</script> $title ${x}"


class Reader(HTMLParser):
    """Tags in order, their attributes, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


@pytest.fixture
def figure(tmp_path: Path) -> Path:
    path = tmp_path / "confusion_matrix.png"
    path.write_bytes(PIXEL)
    return path


def full(figure: Path) -> Section:
    return Section(NASTY, NASTY, ((NASTY, "n"), [(NASTY, 3), ("-", 4.5)]), [figure])


def test_everything_is_shown_as_written_and_nothing_of_it_runs(
    tmp_path: Path, figure: Path
) -> None:
    page = read(html_page(NASTY, [full(figure)] * 3, tmp_path / "out" / "report.html"))
    for tag in ("title", "h1", "h2", "a", "p", "th", "td"):
        assert NASTY in page.text[tag], tag
    assert not {"script", "b", "link", "iframe"} & set(page.tags)
    assert page.tags.count("style") == 1


def test_opens_without_a_network(tmp_path: Path, figure: Path) -> None:
    section = Section("see https://example.org", "http://example.org", figures=[figure])
    path = html_page("t", [section] * 3, tmp_path / "report.html")
    page = read(path)
    links = [value for _, name, value in page.attributes if name in ("src", "href", "srcset")]
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not re.search(r"url\(|@import", path.read_text(encoding="utf-8"))
    policy = next(value for _, name, value in page.attributes if "default-src" in value)
    assert "default-src 'none'" in policy


def test_a_figure_travels_whole_and_says_what_it_is(tmp_path: Path, figure: Path) -> None:
    page = read(html_page("t", [Section("s", figures=[figure])], tmp_path / "r.html"))
    (source,) = (value for tag, name, value in page.attributes if (tag, name) == ("img", "src"))
    kind, data = source.split(";base64,")
    assert kind == "data:image/png"
    assert base64.b64decode(data) == PIXEL
    assert ("img", "alt", "confusion matrix") in page.attributes


def test_paragraphs_numbers_and_contents(tmp_path: Path) -> None:
    table = (("method", "top-1 %"), [("a", "39.8"), ("b", "42.0–51.0"), ("c", "-")])
    sections = [Section("one", "first\nstill first\n\n  \nsecond", table), Section("two")]
    page = read(html_page("t", sections, tmp_path / "r.html"))
    assert page.text["p"] == ["first\nstill first", "second"]
    right = [tag for tag, name, value in page.attributes if (name, value) == ("class", "n")]
    assert right == ["th", "td", "td", "td"]  # the second column only
    assert "nav" not in page.tags  # two sections need no contents
    three = read(html_page("t", [*sections, Section("three")], tmp_path / "r.html"))
    ids = {value for tag, name, value in three.attributes if (tag, name) == ("section", "id")}
    assert {value for _, name, value in three.attributes if name == "href"} == {
        f"#{i}" for i in ids
    }


def test_a_failure_leaves_the_old_page_and_no_rubbish(
    tmp_path: Path, figure: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = html_page("old", [], tmp_path / "r.html")
    with pytest.raises(FileError, match=r"^.*gone\.png: cannot read this figure"):
        html_page("new", [Section("s", figures=[tmp_path / "gone.png"])], path)
    with pytest.raises(FileError, match=r"movie\.mp4: expected a figure that ends in one of \.png"):
        html_page("new", [Section("s", figures=[tmp_path / "movie.mp4"])], path)

    def full_disk(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edgcn.base.files.os.replace", full_disk)
    with pytest.raises(EdgcnError, match="No space"):
        html_page("new", [Section("s", figures=[figure])], path)
    assert "<h1>old</h1>" in path.read_text(encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["confusion_matrix.png", "r.html"]


def test_it_fits_a_screen_of_1280_pixels(tmp_path: Path) -> None:
    """Whatever may be wide scrolls or shrinks by itself, and the page has a largest width."""
    name = "scratching the back of the left hand with the right one " * 4
    picture = confusion_matrix_plot(
        np.eye(12, dtype=int), [f"{name} {i}" for i in range(12)], tmp_path / "confusion.png"
    )
    columns = [f"a heading {i} of some length %" for i in range(20)]
    cells = [[f"{name}, {name}", *["100.0"] * 19]]
    section = Section(name, name, (columns, cells), [picture])
    path = html_page(name, [section] * 3, tmp_path / "r.html")
    text, page = path.read_text(), read(path)
    style = " ".join(page.text["style"])
    assert 16 * float(re.findall(r"max-width: ([\d.]+)rem; color", style)[0]) <= 1280
    assert "overflow-wrap: anywhere" in style
    assert re.search(r"\.wide \{ overflow-x: auto", style)
    assert re.search(r"img \{[^}]*max-width: 100%", style)
    assert re.search(r"td:first-child \{ white-space: normal;[^}]*max-width", style)
    for tag in ("table", "img"):
        assert text.count(f"<{tag}") == 3
        assert text.count(f'<div class="wide"><{tag}') == 3


def test_a_difference_and_its_spread_are_a_number(tmp_path: Path) -> None:
    table = (("method", "to the first method"), [("a", "-"), ("b", "+1.2 ±0.3"), ("c", "-0.4")])
    page = read(html_page("t", [Section("one", "", table)], tmp_path / "r.html"))
    right = [tag for tag, name, value in page.attributes if (name, value) == ("class", "n")]
    assert right == ["th", "td", "td", "td"]
