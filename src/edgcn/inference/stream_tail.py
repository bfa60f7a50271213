"""The last rows of a table that never ends, by their number: what a stream remembers."""

from typing import Any

import numpy as np


class Tail:
    """Rows are appended; of those before, at least `keep` stay.

    Args:
        keep: rows.
        shape: of a row.
    """

    def __init__(self, keep: int, shape: tuple[int, ...], dtype: Any = np.float32) -> None:
        self._rows = np.zeros((2 * keep + 64, *shape), dtype=dtype)
        self._keep, self._count = keep, 0
        self.first = 0
        """Number of the first row that is here."""

    @property
    def end(self) -> int:
        """Number of the row that comes next."""
        return self.first + self._count

    def begin(self, number: int) -> None:
        """Number of the first row of an empty table."""
        assert not self._count
        self.first = number

    def append(self, rows: np.ndarray) -> None:
        """Add rows at the end."""
        if self._count + len(rows) > len(self._rows):
            kept = min(self._count, self._keep)
            if kept + len(rows) > len(self._rows):
                grown = np.zeros((kept + len(rows) + 64, *self._rows.shape[1:]), self._rows.dtype)
                grown[:kept] = self._rows[self._count - kept : self._count]
                self._rows = grown
            else:
                self._rows[:kept] = self._rows[self._count - kept : self._count].copy()
            self.first += self._count - kept
            self._count = kept
        self._rows[self._count : self._count + len(rows)] = rows
        self._count += len(rows)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Rows from one number to before another, not copied."""
        assert self.first <= start <= stop <= self.end, (self.first, start, stop, self.end)
        return self._rows[start - self.first : stop - self.first]
