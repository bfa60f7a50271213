"""Tables of MediaPipe's landmarks: a csv of one recording, a line for each frame.

csv -> heading -> numbers -> `Source`
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.base.spelling import spelled_out
from edgcn.readers.clock import is_time
from edgcn.readers.mediapipe_arrays import blocks_of
from edgcn.readers.mediapipe_names import Heading, read_heading
from edgcn.readers.mediapipe_sources import SIZES, Raw, Source
from edgcn.readers.numbered import slots
from edgcn.readers.text.columns import Table, open_table, read_columns

LABELS = ("class", "label", "labels", "gesture", "target", "annotation", "category", "action")
FRAMES = ("frame", "frames", "frame_number", "frame_no", "frame_id", "frame_index", "frameid",
          "frame_num", "framenumber", "frame_idx")  # fmt: skip


def csv_source(path: Path) -> Source:
    """A csv of one recording, a line for each frame."""
    table = open_table(path, 1)
    skip, heading = _heading(table)
    labels = [n for n, name in heading.other.items() if name.strip().lower() in LABELS]
    frames = [n for n, name in heading.other.items() if name.strip().lower() in FRAMES]
    times = [n for n, name in heading.other.items() if is_time(name)]
    for more in (labels, frames, times):
        del more[1:]
    aside = [f for n, f in heading.other.items() if n not in (*labels, *frames, *times) and f]
    notes = list(heading.notes)
    if aside:
        notes.append(f"columns left aside: {', '.join(repr(name[:20]) for name in aside[:5])}")

    def read(depth: bool, first: bool = False) -> list[Raw]:
        wanted = [key for key in heading.columns if depth or key[1] != "z"]
        columns = [heading.columns[key] for key in wanted]
        found = read_columns(
            table, skip=skip, numbers=columns, exact=[*times, *frames], words=labels, first=first
        )
        total = len(found.values)
        if not total:
            raise FileError(path, "expected a line for each frame, got a header alone", line=1)
        where: np.ndarray | slice = slice(None)
        note = ""
        if frames and not times:
            where, total, note = _numbered(path, found.exact[:, -1])
        points = {
            part: np.full((total, SIZES[part], 3), np.nan, dtype=np.float32)
            for part in heading.parts
        }
        for own in points.values():
            own[..., 2] = 0
        scored = any(axis == "v" for _, axis in wanted)
        sure = np.zeros((total, 33), dtype=np.float32) if scored else None
        for column, ((part, number), axis) in enumerate(wanted):
            values = found.values[:, column]
            if axis == "v" and sure is not None and part == "pose":
                sure[where, number] = values
            elif axis != "v":
                points[part][where, number, "xyz".index(axis)] = values
        given = (heading.other[times[0]], found.exact[:, 0]) if times else None
        words = (
            tuple(map(spelled_out, found.words[0])) if labels and isinstance(where, slice) else ()
        )
        return [Raw(points, sure, given, words, note)]

    used = read_columns(table, skip=skip, words=labels).words if labels else [[]]
    return Source(
        path,
        ("",),
        frozenset(heading.parts),
        read,
        lambda: read(True, first=True),
        notes=tuple(notes),
        labels=frozenset(map(spelled_out, used[0])) - {""},
    )


def _heading(table: Table) -> tuple[int, Heading]:
    """How many lines are no data, and what the columns are; a table of numbers has no heading."""
    first = table.rows[0]
    if not all(_is_number(name) for name in first):
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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return not text.strip()
    return True


def _numbered(path: Path, numbers: Float[np.ndarray, " t"]) -> tuple[np.ndarray, int, str]:
    """Where each row is in time, by its frame number."""
    whole = np.isfinite(numbers) & (numbers == np.floor(numbers)) & (np.abs(numbers) < 2**53)
    if not whole.all() or (np.diff(numbers) <= 0).any():
        raise FileError(path, "expected frame numbers that increase by row")
    found = slots([(int(n), None) for n in numbers], path, what="row")
    return np.array(found.places), found.total, found.note
