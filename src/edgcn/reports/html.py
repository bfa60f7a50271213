"""A report as one HTML file that opens anywhere: no network, no script, figures inside.

title + sections (text, table, figures) -> one page with its images as base64 data
"""

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from edgcn.base.errors import FileError
from edgcn.base.files import writing

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
    page = _PAGE.substitute(
        title=html.escape(title),
        contents=_contents(sections),
        body="\n".join(_section(i, section) for i, section in enumerate(sections, start=1)),
    )
    with writing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    return path


def _contents(sections: Sequence[Section]) -> str:
    """Links to the sections, where there are enough of them to look for one."""
    if len(sections) < 3:
        return ""
    links = (f'<a href="#s{i}">{html.escape(s.title)}</a>' for i, s in enumerate(sections, start=1))
    return f"<nav>{' '.join(links)}</nav>"


def _section(number: int, section: Section) -> str:
    """The HTML of one section."""
    parts = [f'<section id="s{number}">', f"<h2>{html.escape(section.title)}</h2>"]
    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", section.text))
    parts += [f"<p>{html.escape(part)}</p>" for part in paragraphs if part]
    if section.table is not None:
        parts.append(_table(section.table))
    parts += [_figure(path) for path in section.figures]
    return "\n".join([*parts, "</section>"])


def _table(table: Table) -> str:
    """Header and rows; a column whose cells all start like numbers goes to the right."""
    header, rows = table
    cells = [[str(cell) for cell in row] for row in rows]
    columns = range(len(header))
    right = [
        bool(cells) and all(_is_number(row[i]) for row in cells if i < len(row)) for i in columns
    ]

    def line(tag: str, row: Sequence[str]) -> str:
        classes = [' class="n"' if i < len(right) and right[i] else "" for i in range(len(row))]
        return "".join(
            f"<{tag}{of}>{html.escape(cell)}</{tag}>" for of, cell in zip(classes, row, strict=True)
        )

    body = "\n".join(f"<tr>{line('td', row)}</tr>" for row in cells)
    head = f"<thead><tr>{line('th', list(header))}</tr></thead>"
    return f'<div class="wide"><table>{head}<tbody>\n{body}\n</tbody></table></div>'


def _is_number(cell: str) -> bool:
    """Whether a cell is a number, an interval of two, or the sign for a missing one."""
    return re.fullmatch(r"-|[-+]?[\d.,]+(e[-+]?\d+)?( ?%)?(–[\d.]+| ±[\d.]+)?", cell) is not None


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


# The policy in the head forbids the page everything but its own style and embedded images.
# Figures keep a white ground in the dark: their own text is black.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ink: #1c1e21; --ground: #ffffff; --soft: #5d6673;
        --line: #d9dde3; --panel: #f4f6f8; --link: #1f5fa8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e9; --ground: #16181b; --soft: #9aa4b2;
          --line: #343a42; --panel: #202429; --link: #82b4ee; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 68rem; color: var(--ink);
       background: var(--ground); line-height: 1.5; overflow-wrap: anywhere;
       font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-top: .8rem;
     border-top: 1px solid var(--line); }
p { max-width: 46rem; margin: .6rem 0; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; }
a { color: var(--link); }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .3rem .6rem; text-align: left; border-bottom: 1px solid var(--line);
         vertical-align: top; }
td { white-space: nowrap; }
td:first-child { white-space: normal; min-width: 12rem; max-width: 26rem; }
th { color: var(--soft); font-weight: 600; overflow-wrap: normal; vertical-align: bottom; }
.n { text-align: right; }
tbody tr:hover { background: var(--panel); }
figure { margin: 1rem 0; }
img { display: block; max-width: 100%; height: auto; background: #ffffff; border-radius: 6px;
      border: 1px solid var(--line); }
@media (max-width: 40rem) { img { max-width: none; width: 32rem; } }  /* scroll, not squint */
figcaption { color: var(--soft); font-size: .85rem; margin-top: .3rem; }
@media print { nav { display: none; } section { break-inside: avoid-page; } }
</style>
</head>
<body>
<h1>$title</h1>
$contents
$body
</body>
</html>
""")
