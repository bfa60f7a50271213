"""Labels for recordings of one person each: from the folders they lie in, or from a table.

names and folders -> `labels_for` -> classes, and for each recording its segments
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.base.spelling import natural, tidy
from edgcn.readers.label_table import Row, Table, read_table, segmented, unlabelled
from edgcn.skeleton.recording import Frames, Recording, Skipped, trimmed


@dataclass(frozen=True)
class Labels:
    """What is known of the recordings by name.

    Args:
        path: of the table, if they come from one.
    """

    table: Table
    classes: tuple[str, ...]
    path: Path | None

    def put(
        self,
        frames: Frames,
        name: str,
        *,
        fps: float,
        times: Float[np.ndarray, " t"] | None = None,
        person: str = "",
    ) -> Iterator[Recording | Skipped]:
        """The recording with its segments, which comes last, after rows that cannot be used.

        Args:
            person: which one it is of several in the recording.
        """
        rows = self.table.rows.get(name, [])
        own = f"{name}/{person}" if person else name
        if self.table.spans and self.path is not None:
            rate = fps if self.table.seconds else None
            yield from segmented(
                frames, own, rows, table=self.path, classes=self.classes, rate=rate, times=times
            )
            return
        row = rows[-1] if rows else Row(0, "")
        label = self.classes.index(row.label) if row.label else -1
        yield trimmed(frames, own, label=label, subject=row.subject or (person and own))


def labels_for(names: Mapping[str, str], path: Path | None) -> Labels:
    """Labels by the name of a recording.

    Args:
        names: of the recordings, each with the class that its folder says, or nothing.
        path: of a table that replaces them, see `edgcn.readers.label_table`.

    Raises:
        FileError: the table cannot be read, or contradicts itself.
    """
    if path is None:
        rows = {name: [Row(0, label)] for name, label in names.items()}
        bare = [name for name, label in names.items() if not label]
        table = Table(rows, [], note=unlabelled(bare) if len(bare) < len(rows) else "")
    else:
        table = read_table(path, list(names))
    words = {row.label for rows in table.rows.values() for row in rows if row.label}
    return Labels(table, tuple(sorted(words, key=natural)), path)


def label_of_folder(parts: tuple[str, ...]) -> str:
    """The class of a recording by the folders on its way: the outer of two."""
    return tidy(parts[-2]) if len(parts) > 1 else ""
