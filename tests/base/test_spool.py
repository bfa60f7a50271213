"""An array that grows on disk, or is gone over in parts, is what it would be in memory."""

from pathlib import Path

import numpy as np
import pytest

from edgcn.base import spool
from edgcn.base.errors import EdgcnError
from edgcn.base.spool import Spool, by_parts, memory_of, parts, sampled

ROWS = np.random.default_rng(0).normal(size=(1000, 3, 2)).astype(np.float32)


def grown(step: int = 77) -> np.ndarray:
    made = Spool((3, 2))
    for at in range(0, len(ROWS), step):
        made.append(ROWS[at : at + step])
    assert len(made) == len(ROWS)
    return made.array()


@pytest.mark.parametrize("small", [2**30, 1000, 0])
def test_rows_are_as_they_came(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "SMALL", small)
    monkeypatch.setattr(spool, "PART", 500)
    whole = grown()
    assert memory_of(whole) == (ROWS.nbytes if small > ROWS.nbytes else 0)
    np.testing.assert_array_equal(whole, ROWS)
    np.testing.assert_array_equal(np.concatenate([*parts(whole[3:])]), ROWS[3:])
    np.testing.assert_array_equal(np.concatenate([*parts(whole, rows=7)]), ROWS)
    doubled = by_parts(whole, lambda part: (2 * part[:, :1]).astype(np.float64))
    np.testing.assert_array_equal(doubled, 2 * ROWS[:, :1].astype(np.float64))
    np.testing.assert_array_equal(sampled(whole, 300), ROWS[::3])
    np.testing.assert_array_equal(sampled(whole, 5000), ROWS)
    assert len(Spool((4,)).array()) == 0
    assert [part.shape for part in parts(whole[:0])] == [(0, 3, 2)]


def test_no_room_on_the_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spool, "SMALL", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def full(**options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(EdgcnError, match=r"needs that much room .*: No space left.*TMPDIR=DIR"):
        Spool((3, 2)).append(ROWS)
