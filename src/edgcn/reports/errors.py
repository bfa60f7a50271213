"""What a classifier gets wrong, as one page: tables, a confusion matrix to click, moving clips.

wrong clips + tables + counts -> errors.html, which opens without a network

A wrong clip moves beside the training clip that is nearest to it. The page shows the most confident
mistakes of every cell of the matrix, `MOST` at most; the table beside it (errors.csv) has all.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from edgcn.base.files import write_text
from edgcn.reports.html import Section, section_html
from edgcn.reports.moving import BUDGET, Moving, packed, rate_for, skeleton_of
from edgcn.reports.pages import page

MOST, OF_A_CELL = 300, 12  # clips that move; in a cell, before others get a second turn


@dataclass(frozen=True)
class Wrong:
    """A clip that was taken for another class.

    Args:
        nearest: name and class of the nearest training clip.
        confidence: probability of the predicted class.
        shown, near: the clip and the nearest one, moving; where their store is at hand.
    """

    name: str
    subject: str
    condition: str
    true: str
    predicted: str
    confidence: float
    nearest: tuple[str, str]
    shown: Moving | None = None
    near: Moving | None = None


def chosen(cells: Sequence[tuple[str, str]], *, most: int = MOST) -> list[int]:
    """Which wrong clips move, the most confident ones first: a few of each cell, then the others.

    Args:
        cells: true and predicted class of each, the most confident first.
    """
    counts: dict[tuple[str, str], int] = {}
    first: list[int] = []
    later: list[int] = []
    for index, cell in enumerate(cells):
        counts[cell] = counts.get(cell, 0) + 1
        (first if counts[cell] <= OF_A_CELL else later).append(index)
    return sorted([*first, *later][:most])


def write_errors(
    path: Path,
    *,
    title: str,
    sections: Sequence[Section],
    classes: Sequence[str],
    matrix: Int[np.ndarray, "k k"],
    wrong: Sequence[Wrong],
    total: int,
) -> Path:
    """Write the page and return its path.

    Args:
        sections: what comes before the matrix and after it: the first one, and the others.
        wrong: those that are shown, the most confident first.
        total: how many were wrong.
    """
    used = np.flatnonzero(matrix.sum(0) + matrix.sum(1)).tolist()
    clips = [clip for one in wrong for clip in (one.shown, one.near) if clip is not None]
    fps = rate_for(clips, budget=BUDGET // 2)
    numbers = {id(clip): number for number, clip in enumerate(clips)}
    data = {
        "skeleton": skeleton_of(clips[0].topology) if clips else None,
        "clips": [packed(clip, fps) for clip in clips],
        "classes": [classes[k] for k in used],
        "wrong": [
            [one.name, one.subject, one.condition, one.true, one.predicted, one.confidence,
             *one.nearest, numbers.get(id(one.shown)), numbers.get(id(one.near))]
            for one in wrong
        ],
        "total": total,
    }  # fmt: skip
    body = "\n".join(
        [
            section_html(sections[0]),
            "<section><h2>Which class was taken for which</h2>",
            "<p>True classes down, predicted ones across. Choose a cell to see its clips.</p>",
            '<div class="wide">' + "\n".join(_matrix(classes, matrix, used)) + "</div>",
            "</section>",
            *map(section_html, sections[1:]),
            _WALL,
        ]
    )
    scripts = ["sticks.js", "errors.js"]
    write_text(path, page(title, body, styles=["errors.css"], scripts=scripts, data=data))
    return path


def _matrix(
    classes: Sequence[str], matrix: Int[np.ndarray, "k k"], used: Sequence[int]
) -> Iterator[str]:
    """The matrix as a table, whose cells that hold mistakes are buttons."""
    shares: Any = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    names = [html.escape(classes[k]) for k in used]
    yield '<table id="matrix"><thead><tr><th></th>'
    yield "".join(f'<th class="across"><span>{name}</span></th>' for name in names)
    yield "</tr></thead><tbody>"
    for row, true in enumerate(used):
        yield f'<tr><th scope="row">{names[row]}</th>'
        for column, said in enumerate(used):
            number, share = int(matrix[true, said]), float(shares[true, said])
            shade = f'style="--share:{share:.3f}"'
            kind = "own" if true == said else "other"
            label = f"{number} clips of {names[row]} taken for {names[column]}"
            if not number:
                yield "<td></td>"
            elif true == said:
                yield f'<td class="{kind}" {shade}>{number}</td>'
            else:
                yield (
                    f'<td class="{kind}" {shade}><button data-cell="{row},{column}" '
                    f'aria-label="{label}" title="{label}">{number}</button></td>'
                )
        yield "</tr>"
    yield "</tbody></table>"


_WALL = """<section><h2>Wrong clips, the most confident first</h2>
<div class="controls"><label>true <select id="true"><option value="">any</option></select></label>
<label>taken for <select id="predicted"><option value="">any</option></select></label>
<label>subject <select id="subject"><option value="">any</option></select></label>
<label>condition <select id="condition"><option value="">any</option></select></label>
<button id="all">all</button> <button id="still">stop</button></div>
<p id="count" aria-live="polite"></p>
<p class="pair">Each clip, and beside it the training clip that is nearest to it. The person's left
is blue, the right orange.</p>
<div id="wall"></div></section>"""
