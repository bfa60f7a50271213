"""NTU RGB+D: what was written comes back, ghosts go, and nothing is lost in silence."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.ntu import NAME as NTU_NAME
from edgcn.readers.ntu import _parse, _parse_at_once, read_ntu, read_skeleton
from edgcn.readers.ntu_listed import INCOMPLETE
from edgcn.readers.text.files import read_lines
from readers.items import clip, clips, parted, reason
from readers.writers import FIRST_ID, person, write_ntu

Frames = list[list[tuple[int, np.ndarray]]]
NAME = "S001C001P001R001A001.skeleton"


def together(*tracks: tuple[int, np.ndarray, int], frames: int) -> Frames:
    """The frames in which tracks (id, joints, first frame) are seen, in this order."""
    return [
        [(body, xyz[t - start]) for body, xyz, start in tracks if start <= t < start + len(xyz)]
        for t in range(frames)
    ]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_returns_what_was_written(tmp_path: Path, rng: np.random.Generator) -> None:
    still, lively = person(rng, 30, motion=0.01, at=-1), person(rng, 30, motion=0.1, at=1)
    file = tmp_path / "deep" / "S002C003P008R002A050.skeleton"
    write_ntu(file, together((7, still, 0), (9, lively, 0), frames=30))
    recordings = read_ntu(tmp_path)
    punch = clip(recordings)
    assert punch.frames.dtype == np.float32
    np.testing.assert_array_equal(punch.frames, np.stack([lively, still], axis=1))  # main actor 0
    assert (punch.name, punch.label) == ("S002C003P008R002A050", 49)
    assert (punch.subject, punch.camera, punch.condition) == ("P008", "C003", "S002")
    assert punch.split == "setup_even"
    assert recordings.classes[punch.label] == "punching/slapping other person"
    assert (recordings.total, recordings.fps, recordings.bodies) == (1, 30, 2)


def test_line_endings_do_not_matter(tmp_path: Path, rng: np.random.Generator) -> None:
    frames = together((1, person(rng, 5), 0), frames=6)
    read = [
        read_skeleton(write_ntu(tmp_path / f"{n}.skeleton", frames, newline=newline))
        for n, newline in enumerate(["\n", "\r\n", "\r"])
    ]
    np.testing.assert_array_equal(read[0], read[1])
    np.testing.assert_array_equal(read[0], read[2])


def test_ghosts_go(tmp_path: Path, rng: np.random.Generator) -> None:
    actor, other = person(rng, 40, motion=0.1), person(rng, 40, motion=0.05, at=1)
    short = person(rng, 11, motion=1.0, at=2)
    wide = person(rng, 40, motion=0.3, at=-2, wide=8)  # a sofa: wider than tall
    frames = together((1, wide, 0), (2, short, 3), (3, other, 0), (4, actor, 0), frames=40)
    read = read_skeleton(write_ntu(tmp_path / NAME, frames))
    np.testing.assert_array_equal(read, np.stack([actor, other], axis=1))


def test_twelve_frames_are_enough(tmp_path: Path, rng: np.random.Generator) -> None:
    actor, brief = person(rng, 40, motion=0.1), person(rng, 12, at=1)
    frames = together((1, actor, 0), (2, brief, 5), frames=40)
    read = read_skeleton(write_ntu(tmp_path / NAME, frames))
    np.testing.assert_array_equal(read[5:17, 1], brief)


def test_denoising_never_leaves_nobody(tmp_path: Path, rng: np.random.Generator) -> None:
    short, wide = person(rng, 8, motion=0.1), person(rng, 9, wide=8)
    frames = together((1, short, 0), (2, wide, 0), frames=9)  # both too short, so length is moot
    read = read_skeleton(write_ntu(tmp_path / NAME, frames))
    np.testing.assert_array_equal(read[:8, 0], short)
    assert not read[:, 1].any()
    lone = read_skeleton(write_ntu(tmp_path / "lone.skeleton", together((1, wide, 0), frames=9)))
    np.testing.assert_array_equal(lone[:, 0], wide)


def test_the_two_with_most_motion_stay(tmp_path: Path, rng: np.random.Generator) -> None:
    motions = (0.02, 0.2, 0.01, 0.1)
    bodies = [person(rng, 20, motion=m, at=n) for n, m in enumerate(motions)]
    frames = together(*((n, body, 0) for n, body in enumerate(bodies)), frames=20)
    file = write_ntu(tmp_path / NAME, frames)
    np.testing.assert_array_equal(read_skeleton(file), np.stack([bodies[1], bodies[3]], axis=1))
    np.testing.assert_array_equal(read_skeleton(file, max_bodies=1)[:, 0], bodies[1])
    four = read_skeleton(file, max_bodies=4)
    assert all(a >= b for a, b in pairwise(four.var(axis=0).sum(axis=(1, 2))))


def test_a_person_with_a_new_id_keeps_the_slot(tmp_path: Path, rng: np.random.Generator) -> None:
    actor, other = person(rng, 50, motion=0.1), person(rng, 50, motion=0.02, at=1)
    frames = together(
        (1, other, 0), (2, actor[:20], 0), (3, actor[23:], 23), frames=50
    )  # lost for three frames
    read = read_skeleton(write_ntu(tmp_path / NAME, frames))
    np.testing.assert_array_equal(read[:20, 0], actor[:20])
    np.testing.assert_array_equal(read[23:, 0], actor[23:])
    assert not read[20:23, 0].any()
    np.testing.assert_array_equal(read[:, 1], other)


def test_two_people_with_new_ids_keep_their_slots(tmp_path: Path, rng: np.random.Generator) -> None:
    """Whoever moves most after the change is not the one who moved most before it."""
    left, right = person(rng, 50, motion=0.02, at=0), person(rng, 50, motion=0.02, at=1)
    left[:20] += rng.normal(0, 0.05, (20, 1, 3))
    right[24:] += rng.normal(0, 0.1, (26, 1, 3))
    frames = together(
        (1, left[:20], 0), (2, right[:20], 0), (3, left[23:], 23), (4, right[24:], 24), frames=50
    )
    read = read_skeleton(write_ntu(tmp_path / NAME, frames))
    np.testing.assert_array_equal(read[24:, 0], right[24:])  # the most motion of all
    np.testing.assert_array_equal(read[:20, 0], right[:20])
    np.testing.assert_array_equal(read[:20, 1], left[:20])
    np.testing.assert_array_equal(read[23:, 1], left[23:])


def test_ids_that_floats_cannot_tell_apart(tmp_path: Path, rng: np.random.Generator) -> None:
    one, two = person(rng, 20, motion=0.1), person(rng, 20, at=1)
    assert float(FIRST_ID + 1) == float(FIRST_ID)
    frames = together((FIRST_ID, one, 0), (FIRST_ID + 1, two, 0), frames=20)
    frames[1::2] = [frame[::-1] for frame in frames[1::2]]  # so that order does not tell them apart
    read = read_skeleton(write_ntu(tmp_path / NAME, frames))
    np.testing.assert_array_equal(read, np.stack([one, two], axis=1))


def test_an_id_twice_in_a_frame_is_two_bodies(tmp_path: Path, rng: np.random.Generator) -> None:
    one, two = person(rng, 20, motion=0.1), person(rng, 20, at=1)
    frames = together((5, one, 0), (5, two, 0), frames=20)
    read = read_skeleton(write_ntu(tmp_path / NAME, frames))
    np.testing.assert_array_equal(read, np.stack([one, two], axis=1))


def test_order_of_bodies_in_a_frame_does_not_matter(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    bodies = [(n, person(rng, 20, motion=0.02 * (n + 1), at=n), 0) for n in range(3)]
    frames = together(*bodies, frames=20)
    shuffled = [[frame[i] for i in rng.permutation(3)] for frame in frames]
    np.testing.assert_array_equal(
        read_skeleton(write_ntu(tmp_path / "a.skeleton", frames)),
        read_skeleton(write_ntu(tmp_path / "b.skeleton", shuffled)),
    )


def test_frames_without_a_body_stay_zero(tmp_path: Path, rng: np.random.Generator) -> None:
    actor = person(rng, 6)
    read = read_skeleton(write_ntu(tmp_path / NAME, together((1, actor, 2), frames=10)))
    np.testing.assert_array_equal(read[2:8, 0], actor)
    assert not read[:2].any()
    assert not read[8:].any()
    assert not read[:, 1].any()


def test_nothing_is_lost_in_silence(tmp_path: Path, rng: np.random.Generator) -> None:
    body = person(rng, 3)
    write_ntu(tmp_path / NAME, together((1, body, 0), frames=3))
    write_ntu(tmp_path / "S001C002P005R001A008.skeleton", [[], [], []])
    write_ntu(tmp_path / "S001C002P005R001A121.skeleton", together((1, body, 0), frames=3))
    write_ntu(tmp_path / "notes.skeleton", together((1, body, 0), frames=3))
    (tmp_path / "S001C002P005R001A009.skeleton").write_bytes(b"3\n\xff\n")
    recordings = read_ntu(tmp_path)
    (good,), bad = parted(recordings.recordings)
    assert 1 + len(bad) == recordings.total == len(recordings.sources) == 5
    assert good.name == NAME[:-9]
    skipped = {Path(item.path).stem: item for item in bad}
    assert not skipped["S001C002P005R001A008"].known
    assert "no body in any of its 3 frames" in skipped["S001C002P005R001A008"].reason
    assert "1 to 120" in skipped["S001C002P005R001A121"].reason
    assert "expected a name" in skipped["notes"].reason
    assert "line 2: expected UTF-8" in skipped["S001C002P005R001A009"].reason


@pytest.mark.parametrize(
    ("line", "text", "problem"),
    [
        (1, "three", "the number of frames, got 'three'"),
        (1, "0", "at least one frame"),
        (2, "-1", "the number of bodies of frame 1"),
        (3, "1 2 3", "10 body fields, got 3"),
        (4, "20", "expected 25 joints, got 20"),
        (7, "1 2 3", "expected 12 numbers, got 3"),
        (7, "x 2 3 4 5 6 7 8 9 10 11 12", "finite number in column 1, got 'x'"),
        (7, "1 nan 3 4 5 6 7 8 9 10 11 12", "finite number in column 2, got 'nan'"),
        (7, "1 2 inf 4 5 6 7 8 9 10 11 12", "finite number in column 3, got 'inf'"),
        (30, "0", "expected the end after"),
    ],
)
def test_errors_name_the_line(
    tmp_path: Path, rng: np.random.Generator, line: int, text: str, problem: str
) -> None:
    file = write_ntu(tmp_path / NAME, together((1, person(rng, 2), 0), frames=2))
    lines = file.read_text().split("\n")
    lines[line - 1] = text
    file.write_text("\n".join(lines))
    with pytest.raises(FileError) as error:
        read_skeleton(file)
    assert problem in error.value.reason
    if line < 30:
        assert str(error.value).startswith(f"{file}:{line}: ")
    assert reason(read_ntu(tmp_path)) == f"line {error.value.line}: {error.value.reason}"


def test_a_file_cut_anywhere_gives_a_clip_or_an_error_with_its_line(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    frames = together((1, person(rng, 4), 0), (2, person(rng, 2), 1), frames=4)
    file = write_ntu(tmp_path / NAME, frames, newline="\r\n")
    whole, expected = file.read_bytes(), read_skeleton(file)
    for size in [*range(40), *rng.integers(0, len(whole), 150), len(whole) - 1]:
        file.write_bytes(whole[:size])
        if size > len(whole) - 3:  # only the last line end is gone
            np.testing.assert_array_equal(read_skeleton(file), expected)
            continue
        with pytest.raises(FileError) as error:
            read_skeleton(file)
        assert error.value.line is not None


def test_published_splits(tmp_path: Path, rng: np.random.Generator) -> None:
    body = together((1, person(rng, 2), 0), frames=2)
    for performer in range(1, 41):
        write_ntu(tmp_path / f"S001C001P{performer:03d}R001A060.skeleton", body)
    small = read_ntu(tmp_path)
    assert list(small.splits) == ["xsub", "xview"]
    assert len(small.classes) == 60
    people = [clip.subject for clip in clips(small)]
    train = [person for person in people if person in small.splits["xsub"].train]
    assert len(train) == 20
    assert small.splits["xview"].test == ("C001",)
    write_ntu(tmp_path / "S031C001P106R001A120.skeleton", body)
    large = read_ntu(tmp_path)
    assert len(large.classes) == len(set(large.classes)) == 120
    assert large.classes[:60] == small.classes
    assert len(set(large.splits["xsub"].train)) == 53  # of 106 performers
    assert {clip.split for clip in clips(large)} == set(large.splits["xset"].test)
    assert large.splits["xset"].train == ("setup_even",)


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match="found nothing there"):
        read_ntu(tmp_path / "none")
    with pytest.raises(EdgcnError, match="found an empty folder"):
        read_ntu(tmp_path)
    (tmp_path / "readme.txt").touch()
    with pytest.raises(EdgcnError, match="none of them among 1 files"):
        read_ntu(tmp_path)
    with pytest.raises(EdgcnError, match="found a file"):
        read_ntu(tmp_path / "readme.txt")


def test_parsing_at_once_gives_what_line_by_line_gives(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    bodies = [(9, person(rng, 6), 0), (7, person(rng, 3), 2), (9, person(rng, 2), 3)]
    for newline in ("\n", "\r\n"):
        file = write_ntu(tmp_path / NAME, together(*bodies, frames=9), newline=newline)
        at_once, by_line = _parse_at_once(file.read_bytes()), _parse(file, read_lines(file))
        assert at_once is not None
        assert at_once[0] == by_line[0] == 9
        for ours, expected in zip(at_once[1], by_line[1], strict=True):
            np.testing.assert_array_equal(ours.frames, expected.frames)
            np.testing.assert_array_equal(ours.joints, expected.joints)


def test_what_is_parsed_at_once_is_what_the_lines_say(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    whole = write_ntu(tmp_path / NAME, together((1, person(rng, 3), 0), frames=4)).read_bytes()
    for _ in range(300):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 2):
            damaged[place : place + int(rng.integers(2))] = rng.choice([b"0", b" ", b"\n", b"-"])
        (tmp_path / NAME).write_bytes(damaged)
        at_once = _parse_at_once(bytes(damaged))
        if at_once is not None:
            total, tracks = _parse(tmp_path / NAME, read_lines(tmp_path / NAME))
            assert total == at_once[0]
            for ours, expected in zip(at_once[1], tracks, strict=True):
                np.testing.assert_array_equal(ours.joints, expected.joints)


def test_samples_that_ntu_lists_are_left_out(tmp_path: Path, rng: np.random.Generator) -> None:
    """302 of 60 actions, 535 of 120; those that hold bodies, too, unless they are asked for."""
    assert len(INCOMPLETE) == 535
    assert sum(int(name[-3:]) <= 60 for name in INCOMPLETE) == 302
    assert all(NTU_NAME.fullmatch(name) for name in INCOMPLETE)
    listed, other = "S001C002P005R002A008", "S001C002P005R001A008"
    for name in (listed, other):
        write_ntu(tmp_path / f"{name}.skeleton", together((7, person(rng, 20), 0), frames=20))
    recordings = read_ntu(tmp_path)
    (kept,), (item,) = parted(recordings.recordings)
    assert (kept.name, recordings.total) == (other, 2)
    assert item.known
    assert item.reason == "listed by NTU as missing or incomplete (keep_listed)"
    assert len(clips(read_ntu(tmp_path, keep_listed=True))) == 2
