"""Tables of MediaPipe's landmarks: a csv of one recording, a line for each frame.

csv -> heading -> numbers -> `Source`
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.readers.labelling import label_in
from edgcn.readers.mediapipe_arrays import blocks_of
from edgcn.readers.mediapipe_names import Heading, Place, read_heading
from edgcn.readers.mediapipe_sources import SIZES, Raw, Source
from edgcn.readers.text.columns import Table, columns_in_parts, is_number, open_table
from edgcn.readers.times import is_frame_number, is_time

LABELS = ("class", "label", "labels", "gesture", "target", "annotation", "category", "action")


def csv_source(path: Path) -> Source:
    """A csv of one recording, a line for each frame."""
    table = open_table(path, 2)
    skip, heading = _heading(table)
    fields = table.rows[skip] if len(table.rows) > skip else []
    labels = [n for n, name in heading.other.items() if name.strip().lower() in LABELS]
    counted = [n for n in heading.other if n < len(fields) and is_number(fields[n])]
    numbers = [n for n in counted if is_frame_number(heading.other[n])]
    times = [n for n in counted if is_time(heading.other[n])]
    for more in (labels, numbers, times):
        del more[1:]
    aside = [f for n, f in heading.other.items() if n not in (*labels, *numbers, *times) and f]
    notes = list(heading.notes)
    if aside:
        notes.append(f"columns left aside: {', '.join(repr(name[:20]) for name in aside[:5])}")

    def read(depth: bool, first: bool = False) -> Iterator[Raw]:
        wanted = [key for key in heading.columns if depth or key[1] != "z"]
        columns = [heading.columns[key] for key in wanted]
        found = columns_in_parts(
            table, skip=skip, numbers=columns, exact=[*times, *numbers], words=labels, first=first
        )
        lines = 0
        for part in found:
            lines += len(part.values)
            yield replace(
                _raw(part.values, wanted, heading.parts),
                times=(heading.other[times[0]], part.exact[:, 0]) if times else None,
                numbers=part.exact[:, -1] if numbers else None,
                words=tuple(part.words[0]) if labels else (),
            )
        if not lines:
            raise FileError(path, "expected a line for each frame, got a header alone", line=1)

    words = set[str]()
    for part in columns_in_parts(table, skip=skip, words=labels) if labels else ():
        words |= {*map(label_in, {*part.words[0]})}
    return Source(
        path,
        ("",),
        frozenset(heading.parts),
        lambda depth: [read(depth)],
        lambda: [*read(True, first=True)],
        notes=tuple(notes),
        labels=frozenset(words) - {""},
    )


def _raw(
    values: Float[np.ndarray, "t columns"],
    wanted: Sequence[tuple[Place, str]],
    parts: Collection[str],
) -> Raw:
    """Some lines of these landmarks and axes."""
    points = {part: np.full((len(values), SIZES[part], 3), np.nan, np.float32) for part in parts}
    for own in points.values():
        own[..., 2] = 0
    scored = any(axis == "v" for _, axis in wanted)
    sure = np.zeros((len(values), 33), dtype=np.float32) if scored else None
    for column, ((part, number), axis) in zip(values.T, wanted, strict=True):
        if axis == "v" and sure is not None and part == "pose":
            sure[:, number] = column
        elif axis != "v":
            points[part][:, number, "xyz".index(axis)] = column
    return Raw(points, sure)


def _heading(table: Table) -> tuple[int, Heading]:
    """How many lines are no data, and what the columns are; a table of numbers has no heading."""
    first = table.rows[0]
    if not all(is_number(name) or not name.strip() for name in first):
        return 1, read_heading(table.path, first)
    blocks = blocks_of(len(first))
    if blocks is None:
        raise FileError(
            table.path,
            f"expected a first line that names the columns, got {len(first)} numbers",
            line=1,
        )
    columns, at = {}, 0
    for part, size, channels in blocks:
        for number in range(size):
            if part in SIZES:
                for axis in range(channels):
                    columns[(part, number), "xyzv"[axis]] = at + axis
            at += channels
    return 0, Heading(columns, {}, ("columns are taken in MediaPipe's order: they have no names",))
