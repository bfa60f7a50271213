"""What every page shares: one file that opens anywhere and fetches nothing.

title + body + own style, script and data -> HTML with all of it inside

The policy in the head forbids the page everything but its style, embedded images and the one script
whose digest it names: text from a recording can never become code.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from edgcn.base.screen import printable


def page(
    title: str, body: str, *, styles: Sequence[str] = (), scripts: Sequence[str] = (),
    data: Any = None,
) -> str:  # fmt: skip
    """The page as text.

    Args:
        body: HTML, with every name in it escaped.
        styles, scripts: files of `reports/page`, in their order; the scripts run as one.
        data: plain values for the script, which finds them as JSON in the element `data`.
    """
    script = "\n".join(_part(name) for name in scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _PAGE.substitute(
        title=html.escape(printable(title)),
        policy=f"; script-src 'sha256-{digest}'" if scripts else "",
        style="\n".join(_part(name) for name in ("base.css", *styles)),
        body=printable(body),
        data=""
        if data is None
        else f'<script type="application/json" id="data">{_json(data)}</script>\n',
        script=f"<script>{script}</script>\n" if scripts else "",
    )


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Header and rows; a column whose cells all start like numbers goes to the right."""
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


@cache
def _part(name: str) -> str:
    """A file that comes with the package."""
    return files("edgcn.reports").joinpath("page", name).read_text(encoding="utf-8").strip()


def _json(data: Any) -> str:
    """JSON that no name in it can end: `<` is spelled out."""
    text = json.dumps(_plain(data), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _plain(data: Any) -> Any:
    """The values, with what would turn the direction of writing spelled out."""
    if isinstance(data, str):
        return printable(data)
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list | tuple) else data


# Figures keep a white ground in the dark: their own text is black.
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; img-src data:; style-src 'unsafe-inline'$policy">
<title>$title</title>
<style>
$style
</style>
</head>
<body>
<h1>$title</h1>
$body
$data$script</body>
</html>
""")
