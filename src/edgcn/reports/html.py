"""A report as one HTML file that opens anywhere: no network, no script, figures inside.

title + sections (text, table, figures) -> one page with its images as base64 data
"""

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgcn.base.errors import FileError
from edgcn.base.files import write_text
from edgcn.reports.pages import page, table

Table = tuple[Sequence[str], Sequence[Sequence[object]]]

IMAGE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".svg": "image/svg+xml",
}
BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "image/png": (b"\x89PNG\r\n",),
    "image/jpeg": (b"\xff\xd8",),
    "image/svg+xml": (b"<svg", b"<?xml"),
}


@dataclass(frozen=True)
class Section:
    """One part of a page, shown in the order of its fields. Everything is plain text, not HTML.

    Args:
        text: paragraphs, separated by blank lines.
        table: the header and the rows.
        figures: image files (PNG, JPEG, SVG); a file's name is its description.
    """

    title: str
    text: str = ""
    table: Table | None = None
    figures: Sequence[Path] = ()


def html_page(title: str, sections: Sequence[Section], path: Path) -> Path:
    """Write the page and return its path; a crash leaves the old file or none, never half a one.

    Raises FileError for a figure that is absent or of an unknown type.
    """
    body = "\n".join(section_html(section, i) for i, section in enumerate(sections, start=1))
    write_text(path, page(title, f"{_contents(sections)}\n{body}"))
    return path


def _contents(sections: Sequence[Section]) -> str:
    """Links to the sections, where there are enough of them to look for one."""
    if len(sections) < 3:
        return ""
    links = (f'<a href="#s{i}">{html.escape(s.title)}</a>' for i, s in enumerate(sections, start=1))
    return f"<nav>{' '.join(links)}</nav>"


def section_html(section: Section, number: int = 0) -> str:
    """The HTML of one section; its number is what the table of contents links to."""
    parts = [
        f'<section id="s{number}">' if number else "<section>",
        f"<h2>{html.escape(section.title)}</h2>",
    ]
    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", section.text))
    parts += [f"<p>{html.escape(part)}</p>" for part in paragraphs if part]
    if section.table is not None:
        parts.append(table(*section.table))
    parts += [_figure(path) for path in section.figures]
    return "\n".join([*parts, "</section>"])


def _figure(path: Path) -> str:
    """An image with its bytes inside the page."""
    kind = IMAGE_TYPES.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(IMAGE_TYPES)
        raise FileError(path, f"expected a figure that ends in one of {known}; save it as PNG")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot read this figure of the report: {error.strerror}") from error
    if not content.startswith(BEGINNINGS[kind]):
        raise FileError(path, f"expected a figure, {kind}: its contents are something else")
    data = base64.b64encode(content).decode("ascii")
    name = html.escape(re.sub(r"[_-]+", " ", path.stem))
    return (
        f'<figure><div class="wide"><img alt="{name}" src="data:{kind};base64,{data}"></div>'
        f"<figcaption>{name}</figcaption></figure>"
    )
