"""NTU RGB+D 60 (Shahroudy et al., CVPR 2016) and 120 (Liu et al., TPAMI 2020): `.skeleton` files.

SsssCcccPpppRrrrAaaa.skeleton -> bodies by id -> denoised -> slots -> (T, M, 25, 3) meters, 30 fps.
Who is a person, and in which slot, is ntu_bodies.py's to say.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.ntu_bodies import Track, denoise, follow, seat
from edgcn.readers.ntu_listed import INCOMPLETE
from edgcn.readers.ntu_names import ACTIONS, TRAIN_60, TRAIN_120
from edgcn.readers.text.digits import parse_numbers
from edgcn.readers.text.files import read_lines, rows, stream
from edgcn.readers.text.folders import find, read_bytes
from edgcn.readers.text.leading import Lines, first_fields, split_lines
from edgcn.skeleton.layouts import KINECT_V2
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped, SplitRule, trimmed

JOINTS = len(KINECT_V2)
NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")
HEAD, COLUMNS = 10, 12  # fields on the first line of a body, and on those of its joints


def read_ntu(
    path: Path,
    *,
    max_bodies: int = 2,
    actions: Literal[60, 120] = 120,
    keep_listed: bool = False,
) -> Recordings:
    """NTU RGB+D from a folder of `.skeleton` files, at any depth.

    Coordinates are the camera's, in meters. Frames without a body stay 0. The main actor (most
    motion) is body 0. `condition` is the setup ("S001"); `split` its parity, for cross-setup.

    Args:
        max_bodies: how many bodies are kept, those with the most motion. The class is not looked
            at: keeping the second body of two-person classes only would give the label away.
        actions: 60 leaves out the files of later actions, so that a folder of NTU RGB+D 120 gives
            the 60 set with its own splits; else one such file makes it the 120 set.
        keep_listed: read the 302 (535 of the 120 set) samples that NTU lists as missing or
            incomplete as well; some hold bodies, but published numbers leave all of them out.

    Raises:
        EdgcnError: the folder is missing or has no such file.
    """
    if max_bodies < 1:
        raise EdgcnError(f"expected max_bodies of at least 1, got {max_bodies}")
    paths = find(
        path,
        "**/*.skeleton",
        what="NTU files S...C...P...R...A...",
        hint="give the folder that holds the unpacked .skeleton files",
    )
    later = {file for file in paths if (name := NAME.fullmatch(file.stem)) and int(name[5]) > 60}
    large = bool(later) and actions == 120
    if later and not large:
        paths = [file for file in paths if file not in later]
        if not paths:
            raise EdgcnError(
                f"expected NTU files of actions 1 to 60 in {path}, found later ones only"
            )
    return Recordings(
        reader="ntu",
        topology=KINECT_V2,
        classes=ACTIONS if large else ACTIONS[:60],
        recordings=stream(
            paths, partial(_read_one, max_bodies=max_bodies, keep_listed=keep_listed)
        ),
        fps=30.0,
        bodies=max_bodies,
        total=len(paths),
        splits=_splits(large),
        sources=tuple(paths),
        note="" if large or not later else f"files of actions 61 to 120 left out: {len(later)}",
    )


def _splits(large: bool) -> dict[str, SplitRule]:
    """The published protocols: X-Sub and X-View of the 60 set, X-Sub and X-Set of the 120 set."""
    subjects = tuple(f"P{performer:03d}" for performer in (TRAIN_120 if large else TRAIN_60))
    xsub = SplitRule(by="subject", train=subjects)
    if large:
        xset = SplitRule(by="split", train=("setup_even",), test=("setup_odd",))
        return {"xsub": xsub, "xset": xset}
    return {"xsub": xsub, "xview": SplitRule("camera", train=("C002", "C003"), test=("C001",))}


def _read_one(path: Path, *, max_bodies: int, keep_listed: bool) -> Iterator[Recording | Skipped]:
    name = NAME.fullmatch(path.stem)
    if name is None or not 1 <= int(name[5]) <= len(ACTIONS):
        raise FileError(
            path, "expected a name S001C001P001R001A001.skeleton with an action from 1 to 120"
        )
    listed = path.stem in INCOMPLETE
    if listed and not keep_listed:
        yield Skipped(str(path), "listed by NTU as missing or incomplete (keep_listed)", known=True)
        return
    frames = read_skeleton(path, max_bodies=max_bodies)
    if not frames.any():
        reason = f"no body in any of its {len(frames)} frames"
        yield Skipped(str(path), reason, known=listed)
        return
    yield trimmed(
        frames,
        path.stem,
        label=int(name[5]) - 1,
        subject=f"P{name[3]}",
        camera=f"C{name[2]}",
        condition=f"S{name[1]}",
        split="setup_odd" if int(name[1]) % 2 else "setup_even",
    )


def read_skeleton(path: Path, *, max_bodies: int = 2) -> Frames:
    """One `.skeleton` file as float32 (T, M, 25, 3), denoised; all 0 where nobody is seen."""
    total, tracks = _parse_at_once(read_bytes(path)) or _parse(path, read_lines(path))
    frames = np.zeros((total, max_bodies, JOINTS, 3), dtype=np.float32)
    for slot, seats in enumerate(follow(seat(denoise(tracks), total, max_bodies))):
        for track in seats:
            frames[track.frames, slot] = track.joints
    return frames


def _parse_at_once(data: bytes) -> tuple[int, list[Track]] | None:
    """What `_parse` gives, several times as fast; None where anything is not as it should be."""
    lines = split_lines(data)
    if lines is None:
        return None
    heads = np.flatnonzero(lines.counts == HEAD)
    joints = heads[:, None] + np.arange(2, 2 + JOINTS)
    if joints.size and joints[-1, -1] >= len(lines.counts):
        return None
    if (lines.counts[joints] != COLUMNS).any():
        return None
    frames = _frames(lines, heads)
    spans = first_fields(lines, joints.ravel(), 3)
    if frames is None or spans is None:
        return None
    total, when = frames
    xyz = parse_numbers(lines.data, spans[0].ravel(), spans[1].ravel())
    if xyz is None:
        return None
    starts = lines.starts[heads].tolist()
    ids = [lines.data[start : lines.data.index(b" ", start)].decode() for start in starts]
    owners = list(zip(when.tolist(), ids, strict=True))
    return total, _tracks(owners, xyz.reshape(3, -1).T.reshape(-1, JOINTS, 3))


def _frames(
    lines: Lines, heads: Int[np.ndarray, "bodies"]
) -> tuple[int, Int[np.ndarray, "bodies"]] | None:
    """How many frames there are, and the one of each body whose head is at these lines."""
    whole = np.flatnonzero(lines.counts == 1)
    if len(whole) != len(lines.counts) - (1 + JOINTS) * len(heads) or whole[:1] != 0:
        return None
    values = _small_numbers(lines, whole[1:])
    total = _whole(lines.data[lines.starts[0] : lines.ends[0]])
    if values is None or not total:
        return None
    # What stands alone on its line is the number of joints after a head, else that of bodies.
    of_body = np.isin(whole[1:], heads + 1, assume_unique=True)
    bodies = values[~of_body]
    after = np.searchsorted(whole[1:][~of_body], heads)
    same = of_body.sum() == len(heads) and (values[of_body] == JOINTS).all()
    if not same or len(bodies) != total or (np.bincount(after, minlength=total + 1)[0]):
        return None
    if (np.bincount(after - 1, minlength=total) != bodies).any():
        return None
    return total, after - 1


def _small_numbers(
    lines: Lines, chosen: Int[np.ndarray, "lines"]
) -> Int[np.ndarray, "lines"] | None:
    """The whole numbers that stand alone on these lines; None where one is over 99 or none."""
    symbols = np.frombuffer(lines.data, dtype=np.uint8)
    starts, sizes = lines.starts[chosen], (lines.ends - lines.starts)[chosen]
    first, second = (symbols[starts + place] - np.uint8(ord("0")) for place in (0, 1))
    two = sizes == 2
    if ((first > 9) | (sizes > 2) | (two & (second > 9))).any():
        return None
    return np.asarray(np.where(two, 10 * first + second, first), dtype=np.int64)


def _whole(text: bytes) -> int | None:
    return int(text) if text.isdigit() and len(text) < 10 else None


def _parse(path: Path, lines: Sequence[str]) -> tuple[int, list[Track]]:
    """The number of frames and one track for each body id, in order of appearance."""
    total = _count(path, lines, 0, "the number of frames")
    if total == 0:
        raise FileError(path, "expected at least one frame, got 0", line=1)
    at, owners = 1, []
    joints: list[str] = []
    places: list[int] = []
    for frame in range(total):
        bodies = _count(path, lines, at, f"the number of bodies of frame {frame + 1}")
        at += 1
        for body in range(bodies):
            owners.append((frame, _body_id(path, lines, at, body)))
            joints += lines[at + 2 : at + 2 + JOINTS]
            places += range(at + 3, at + 3 + JOINTS)
            at += 2 + JOINTS
    if any(line.strip() for line in lines[at:]):
        raise FileError(path, f"expected the end after {total} frames, got more", line=at + 1)
    xyz = rows(path, joints, 12, columns=(0, 1, 2), line_nos=places)
    return total, _tracks(owners, xyz.reshape(-1, JOINTS, 3))


def _body_id(path: Path, lines: Sequence[str], at: int, order: int) -> str:
    """Check the head of a body (10 fields, then 25) and give its id, as text: it exceeds 2**53."""
    if at + 2 + JOINTS > len(lines):
        raise _cut_off(path, lines, f"a body of {2 + JOINTS} lines from line {at + 1}")
    fields = lines[at].split()
    if len(fields) != 10:
        raise FileError(path, f"expected 10 body fields, got {len(fields)}", line=at + 1)
    joints = _count(path, lines, at + 1, "the number of joints")
    if joints != JOINTS:
        raise FileError(path, f"expected {JOINTS} joints, got {joints}", line=at + 2)
    return fields[0]


def _count(path: Path, lines: Sequence[str], at: int, what: str) -> int:
    """A whole number that stands alone on its line."""
    if at >= len(lines):
        raise _cut_off(path, lines, what)
    text = lines[at].strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise FileError(path, f"expected {what}, got {text[:40]!r}", line=at + 1)
    return int(text)


def _cut_off(path: Path, lines: Sequence[str], what: str) -> FileError:
    reason = f"expected {what}, got the end of the file: it is cut off, unpack it again"
    return FileError(path, reason, line=max(len(lines), 1))


def _tracks(
    owners: Sequence[tuple[int, str]], joints: Float[np.ndarray, "seen v 3"]
) -> list[Track]:
    """Gather the bodies of all frames by id; an id twice in a frame is two bodies."""
    members: dict[tuple[str, int], list[int]] = {}
    seen: dict[tuple[int, str], int] = {}
    for index, (frame, body) in enumerate(owners):
        twin = seen[frame, body] = seen.get((frame, body), -1) + 1
        members.setdefault((body, twin), []).append(index)
    when = np.array([frame for frame, _ in owners], dtype=np.int64)
    return [Track(when[chosen], joints[chosen]) for chosen in members.values()]
