"""MSR Action3D, world and screen: numbers land on their joints, traps of the files are met."""

from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.readers.msr_action3d import read_msr_action3d
from edgcn.skeleton.layouts import MSR_ACTION3D
from readers.items import clip, parted, reason, trimmed

VALUES = np.random.default_rng(0).uniform(0.5, 200, (3, 20, 4)).round(6)


def text(values: np.ndarray, form: str = "{:f}") -> str:
    return "".join(" ".join(form.format(v) for v in row) + "\n" for row in values.reshape(-1, 4))


def write(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)


def test_world_is_meters_with_scores_beside(tmp_path: Path) -> None:
    write(tmp_path, "a20_s10_e03_skeleton3D.txt", text(VALUES))
    recordings = read_msr_action3d(tmp_path)
    throw = clip(recordings)
    assert (recordings.dims, recordings.units, recordings.fps) == (3, "m", 15.0)
    assert recordings.topology is MSR_ACTION3D
    np.testing.assert_array_equal(throw.frames[:, 0], VALUES[..., :3].astype(np.float32))
    assert throw.scores is not None
    np.testing.assert_array_equal(throw.scores[:, 0], VALUES[..., 3].astype(np.float32))
    assert (throw.name, throw.label, throw.subject) == ("a20_s10_e03", 19, "s10")
    assert recordings.classes[19] == "pickup & throw"
    rule = recordings.splits["subject"]
    assert {int(s[1:]) % 2 for s in rule.train} == {1}
    assert {int(s[1:]) for s in rule.train + rule.test} == set(range(1, 11))


def test_screen_is_pixels_and_confidence_without_depth(tmp_path: Path) -> None:
    write(tmp_path, "a01_s01_e01_skeleton.txt", text(VALUES, "  {:.7e}"))
    recordings = read_msr_action3d(tmp_path)
    wave = clip(recordings)
    assert (recordings.dims, recordings.units) == (2, "px")
    np.testing.assert_allclose(wave.frames[:, 0], VALUES[..., [0, 1, 3]], rtol=1e-6)
    assert wave.scores is None


def test_a_joint_outside_the_picture_is_not_seen(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[1, 12] = 160, 2147480000, 518, 0.5
    write(tmp_path, "a01_s01_e01_skeleton.txt", text(values))
    unseen = (clip(read_msr_action3d(tmp_path)).frames[:, 0] == 0).all(axis=-1)
    assert np.argwhere(unseen).tolist() == [[1, 12]]


def test_confidence_zero_alone_hides_nothing(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[:, 3, 3] = 0
    for name in ("a01_s01_e01_skeleton.txt", "a01_s01_e01_skeleton3D.txt"):
        write(tmp_path, name, text(values))
        assert clip(read_msr_action3d(tmp_path)).frames[..., :2].all()
        (tmp_path / name).unlink()


@pytest.mark.parametrize("ending", ["skeleton", "skeleton3D"])
def test_the_known_bad_clips_are_marked_so(tmp_path: Path, ending: str) -> None:
    known = [
        "a07_s04_e01", "a13_s09_e02", "a13_s09_e03", "a20_s02_e01", "a20_s02_e02", "a20_s02_e03",
        "a20_s06_e01",
    ]  # fmt: skip
    for name in [*known, "a01_s01_e01"]:
        write(tmp_path, f"{name}_{ending}.txt", text(VALUES))
    recordings = read_msr_action3d(tmp_path)
    (good,), skipped = parted(recordings.recordings)
    assert trimmed(good).name == "a01_s01_e01"
    assert recordings.total == len(known) + 1
    assert [(Path(item.path).name[:11], item.known) for item in skipped] == [
        (name, True) for name in known
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (text(VALUES) + "1 2 3 4\n", "line 61: expected 20 lines a frame, got 61 lines"),
        ("", "expected 20 lines a frame, got 0 lines"),
        (text(VALUES).replace("\n", " 5\n", 1), "line 1: expected 4 numbers, got 5"),
        ("1 2 3 nan\n" + text(VALUES)[text(VALUES).index("\n") + 1 :], "line 1: expected a finite"),
        ("1 2 3 x\n" * 20, "line 1: expected a finite number in column 4, got 'x'"),
        ("1 2 3 4\n\n" * 9 + "1 2 3 4\n" * 2, "line 2: expected 4 numbers, got an empty line"),
    ],
)
def test_broken_text_is_named_by_line(tmp_path: Path, content: str, problem: str) -> None:
    write(tmp_path, "a01_s01_e01_skeleton3D.txt", content)
    _, (item,) = parted(read_msr_action3d(tmp_path).recordings)
    assert not item.known
    assert problem in item.reason


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n  \n"])
def test_line_ends_do_not_matter(tmp_path: Path, end: str) -> None:
    content = text(VALUES).replace("\n", end) if end == "\r\n" else text(VALUES) + end
    (tmp_path / "a01_s01_e01_skeleton3D.txt").write_bytes(content.encode())
    assert len(clip(read_msr_action3d(tmp_path)).frames) == 3


def test_a_strange_name_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a21_s01_e01_skeleton3D.txt", text(VALUES))
    assert "expected a name a{01-20}_s01_e01_skeleton" in reason(read_msr_action3d(tmp_path))


def test_both_kinds_in_one_folder_ask_for_one(tmp_path: Path) -> None:
    for kind, name in (("world", "skeleton3D"), ("screen", "skeleton")):
        (tmp_path / kind).mkdir()
        write(tmp_path / kind, f"a01_s01_e01_{name}.txt", text(VALUES))
    with pytest.raises(EdgcnError, match=r"1 world files .* and 1 screen files .*sub-folder"):
        read_msr_action3d(tmp_path)
    assert read_msr_action3d(tmp_path / "world").dims == 3
    assert read_msr_action3d(tmp_path / "screen").dims == 2


def test_a_folder_without_such_files(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"\*_skeleton\*\.txt"):
        read_msr_action3d(tmp_path)
