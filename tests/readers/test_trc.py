"""Markers of .trc files: by name, in the units that the file says, at their times."""

from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.readers.trc import read_trc
from edgcn.skeleton.layouts import HALPE_26, KINECT_V2
from readers.items import reason, wholes
from readers.named_writers import write_trc
from readers.standing import people

BODY = np.repeat(people(HALPE_26)[30][None], 6, axis=0).astype(np.float32)
BODY[2, 5] = 0


@pytest.mark.parametrize(("unit", "scale"), [("m", 1), ("mm", 1000), ("cm", 100)])
def test_meters_by_the_units_of_the_file(tmp_path: Path, unit: str, scale: float) -> None:
    names = [f"{j[0]}.{j[1:]}" if j[0] in "RL" else j.upper() for j in HALPE_26.joints]
    times = [2.0, 2.02, 2.04, 2.06, 2.08, 2.1]
    path = write_trc(tmp_path / "a.trc", BODY * scale, names, unit=unit, rate=50, times=times)
    recordings = read_trc(path)
    (one,) = wholes(recordings)
    assert (recordings.topology, recordings.units, recordings.fps) == (HALPE_26, "m", 50)
    np.testing.assert_allclose(one.frames[:, 0], BODY, rtol=1e-6)
    assert one.times is None
    assert one.start == pytest.approx(2)
    assert f"coordinates in {unit}, as the files say" in recordings.remarks[0]


def test_uneven_times_and_frames_left_out(tmp_path: Path) -> None:
    times = [0, 0.02, 0.05, 0.06, 0.1, 0.11]
    path = write_trc(tmp_path / "a.trc", BODY, HALPE_26.joints, times=times)
    (one,) = wholes(read_trc(path))
    assert one.times is not None
    np.testing.assert_allclose(one.times, times, atol=1e-6)
    assert wholes(read_trc(path, fps=25))[0].times is None
    path.write_text(path.read_text().replace("\n4\t", "\n5\t").replace("\n5\t0.1", "\n6\t0.1")
                    .replace("\n6\t0.11", "\n7\t0.11"))  # fmt: skip
    (one,) = wholes(read_trc(path))
    np.testing.assert_allclose(one.frames[[0, 1, 2, 4, 5, 6], 0], BODY, rtol=1e-6)
    assert not one.frames[3].any()


def test_markers_of_other_names_are_said(tmp_path: Path) -> None:
    names = ["LASI", "RASI", "C7", *(j for j in HALPE_26.joints[5:] if j[1:] != "Hip")]
    path = write_trc(tmp_path / "a.trc", BODY[:, : len(names)], names)
    found = read_trc(path, joints="LASI=left_hip,RASI=right_hip", topology=KINECT_V2)
    (one,) = wholes(found)
    np.testing.assert_allclose(one.frames[0, 0, KINECT_V2.index("HipLeft")], BODY[0, 0], rtol=1e-6)
    assert "left out: C7" in found.remarks[0]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Frame#", "Number", "expected lines of text with Frame# and Time before the names"),
        ("\tm\t", "\tfeet\t", ":3: expected Units of m, cm, mm, meters"),
        ("\t2\t", "\t2\t", ""),
        ("RHip", "LHip", "expected each marker once, got LHip twice"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = write_trc(tmp_path / "a.trc", BODY, HALPE_26.joints)
    path.write_text(path.read_text().replace(old, new, 1))
    if problem:
        with pytest.raises(EdgcnError) as raised:
            read_trc(path)
        assert problem in str(raised.value)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:8], lines[8].replace("\t", "\tx", 3)]))
    if not problem:
        assert "line 9: expected a number in column" in reason(read_trc(path))
        path.write_text("\n".join(lines[:6]))
        with pytest.raises(EdgcnError, match="expected lines of numbers, got a header alone"):
            read_trc(path)
