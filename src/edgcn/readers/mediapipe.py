"""MediaPipe Pose, Holistic and Hands (Lugaresi et al., 2019), as scripts write their landmarks.

csv, npy, npz -> (T, 1, 33 or 75 or 21, 3): x, y in pixels and visibility, or meters of world
landmarks. In a picture z is a guess, scaled like x, and is left out.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.spool import Spool
from edgcn.readers.labelling import Labels, Runs, Take, labels_for
from edgcn.readers.mediapipe_files import Found, find_sources
from edgcn.readers.mediapipe_kind import NAMES, Kind, kind_of
from edgcn.readers.mediapipe_sources import Raw, Source, Times
from edgcn.readers.rates import ASSUMED, FPS, Confidence, Rate, picture_size
from edgcn.readers.text.columns import is_large
from edgcn.readers.text.files import stream
from edgcn.readers.times import ASIDE, on_time, read_clock
from edgcn.skeleton.layouts import HAND_21, MEDIAPIPE_33, MEDIAPIPE_75
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped
from edgcn.skeleton.topology import Topology


@dataclass(frozen=True)
class Form:
    """What all recordings of a set have in common.

    Args:
        order: parts of a person, end to end; where hands are alone, each is a body.
        size: of the picture.
        least: visibility of a point that counts as seen.
    """

    kind: Kind
    topology: Topology
    order: tuple[str, ...]
    size: tuple[int, int] | None
    least: float

    @property
    def bodies(self) -> int:
        """Two where both hands are alone."""
        return len(self.order) if self.topology is HAND_21 else 1


def read_mediapipe(
    path: Path,
    *,
    size: str | None = None,
    landmarks: Literal["auto", "image", "world", "pixels"] = "auto",
    hands: bool = True,
    fps: Rate | None = None,
    labels: Path | None = None,
    min_confidence: Confidence = 0.3,
) -> Recordings:
    """Landmarks of MediaPipe: a file, or a folder of files, or of folders with a file each frame.

    Tables have a line for each frame, and columns by name or number in any order; a column of times
    is kept, one of labels gives segments. Arrays are (T, points, 3 or 4), or all numbers of a frame
    in a row; 33 points are the body, 75 with both hands, 501 and 543 with the face, which is left
    out; 21 are a hand. A file in a folder has the folder's name as its class.

    Args:
        size: width and height of the picture, as in 1280x720: x and y are fractions of them.
        landmarks: image (fractions of the picture), world (meters around the hips) or pixels; by
            default told by their numbers.
        hands: keep the 21 points of each hand, where there are some.
        fps: frames per second, instead of the times in the files; 30 where neither is there.
        labels: a csv which replaces the classes of folders: name,label or name,label,start,end,
            see the openpose reader.
        min_confidence: points of a lower visibility count as not seen: MediaPipe invents legs
            below the picture.

    Raises:
        EdgcnError: no such files, or fractions of a picture whose size is not given.
        FileError: a single file, or the table of labels, that cannot be read.
    """
    found = find_sources(path, labels)
    known = [item.source for item in found if item.source is not None]
    form, notes = _form(known, size, landmarks, hands, float(min_confidence))
    words = sorted({word for source in known for word in source.labels})
    given = labels_for({name: item.label for item in found for name in item.names}, labels, words)
    timing = _timing(known, None if fps is None else float(fps))
    taken = {item.key: item for item in found}

    def read_one(key: Path) -> Iterator[Recording | Skipped]:
        yield from _recordings(taken[key], form, given, timing)

    return Recordings(
        reader="mediapipe",
        topology=form.topology,
        classes=given.classes,
        recordings=chain(given.table.lost, stream(taken, read_one, apart=is_large)),
        fps=timing.fps,
        units="m" if form.kind == "world" else "px",
        dims=3 if form.kind == "world" else 2,
        bodies=form.bodies,
        total=len(given.table.lost) + sum(len(item.names) for item in found),
        sources=(*(f for item in found for f in item.files), *([labels] if labels else [])),
        note="; ".join(dict.fromkeys(filter(None, (given.table.note, *notes, timing.note)))),
    )


# What they have in common


def _form(
    sources: Sequence[Source],
    size: str | None,
    landmarks: Literal["auto", "image", "world", "pixels"],
    hands: bool,
    least: float,
) -> tuple[Form, list[str]]:
    """What the recordings are, and what is said about it."""
    parts = frozenset[str]().union(*(source.parts for source in sources)) or frozenset({"pose"})
    notes = list(dict.fromkeys(note for source in sources for note in source.notes))
    kind, told = kind_of(sources) if landmarks == "auto" else (landmarks, "")
    notes.append(told)
    fingers = bool(parts & {"left", "right"})
    order: tuple[str, ...] = ("pose",)
    topology = MEDIAPIPE_33
    if "pose" not in parts:
        topology = HAND_21
        order = ("hand",) if "hand" in parts else ("left", "right")
        if fingers:
            notes.append("hands without a body: each is a body of hand_21, the left one first")
    elif fingers and hands and kind != "world":
        topology, order = MEDIAPIPE_75, ("pose", "left", "right")
    elif fingers:
        why = "the world landmarks of hands have their own origins" if hands else "as asked"
        notes.append(f"hands are left out: {why}")
    picture = picture_size(size)
    if kind == "image":
        bare = next((source for source in sources if source.size is None), None)
        if picture is None and bare is not None:
            raise EdgcnError(
                f"x and y are fractions of the picture's width and height, which {bare.path} does "
                f"not say: give its size, as in `--size 1280x720` (`--options landmarks world`, or "
                f"pixels, where they are no fractions)"
            )
        notes.append("z is left out: in a picture it is a guess")
    elif picture is not None:
        notes.append(f"the size is not needed: landmarks are {NAMES[kind]}")
    return Form(kind, topology, order, picture, least), notes


class Timing(NamedTuple):
    """How frames are timed: the rate of the set, that which the user gives, and what is said."""

    fps: float
    given: float | None
    note: str


def _timing(sources: Sequence[Source], fps: float | None) -> Timing:
    """As the user says, or the first file."""
    times = None
    with suppress(FileError, OSError, IndexError):
        times = sources[0].sample()[0].times
    if fps is not None:
        return Timing(fps, fps, ASIDE if times is not None else "")
    if times is not None:
        with suppress(FileError):
            clock = read_clock(sources[0].path, *times)
            if clock is not None:
                return Timing(round(clock.fps, 2), None, clock.note)
    if sources and (own := sources[0].fps):
        return Timing(own, None, "")
    return Timing(FPS, None, ASSUMED)


# One after the other


def _recordings(
    item: Found, form: Form, given: Labels, timing: Timing
) -> Iterator[Recording | Skipped]:
    """All of one file."""
    source = item.open()
    for name, pieces in zip(item.names, source.read(form.kind == "world"), strict=True):
        take = _take(pieces, source, form, timing)
        if take is None:
            reason = f"expected {' and '.join(form.order)}, as others of the set have, got neither"
            yield Skipped(str(item.key), reason)
        else:
            yield from given.put(take, name, fps=timing.fps)


def _take(pieces: Iterator[Raw], source: Source, form: Form, timing: Timing) -> Take | None:
    """One recording, whose pieces are forgotten one after the other; None: not of this form."""
    shape = form.bodies, len(form.topology)
    whole, sure, labels, note = Spool((*shape, 3)), Spool(shape), Runs(), ""
    stamps, numbers = list[Times](), list[Float[np.ndarray, " t"]]()
    for raw in pieces:
        if not set(form.order) & raw.points.keys():
            return None
        frames, scores = _frames(raw, form, source.size)
        whole.append(frames)
        if scores is not None:
            sure.append(scores)
        if raw.times is not None and timing.given is None:
            stamps.append(raw.times)
        if raw.numbers is not None:
            numbers.append(raw.numbers)
        labels.add(raw.words)
        note = raw.note
    take, places = on_time(
        source.path,
        Take(whole.array(), fps=source.fps, scores=sure.array() if len(sure) else None, note=note),
        numbers=np.concatenate(numbers) if numbers else None,
        stamps=np.concatenate([values for _, values in stamps]) if stamps else None,
        column=stamps[0][0] if stamps else "",
        known=timing.note,
    )
    return replace(take, fps=timing.given or take.fps, spans=labels.spans(places))


def _frames(
    raw: Raw, form: Form, size: tuple[int, int] | None
) -> tuple[Frames, Float[np.ndarray, "t m v"] | None]:
    """Coordinates as they are stored, 0 where nothing is seen, and confidences beside them."""
    total = len(raw)
    bodies = [form.order] if form.bodies == 1 else [(part,) for part in form.order]
    frames = np.zeros((total, form.bodies, len(form.topology), 3), dtype=np.float32)
    sure = np.ones(frames.shape[:3], dtype=np.float32)
    for body, parts in enumerate(bodies):
        at = 0
        for part in parts:
            count = 33 if part == "pose" else 21
            if part in raw.points:
                frames[:, body, at : at + count] = raw.points[part]
            if part == "pose" and raw.sure is not None:
                sure[:, body, at : at + count] = np.nan_to_num(raw.sure, nan=0.0)
            at += count
    x, y, z = (frames[..., axis] for axis in range(3))  # much faster than over a short axis
    lost = ~(np.isfinite(x) & np.isfinite(y) & np.isfinite(z)) | ((x == 0) & (y == 0))
    lost |= sure < form.least
    if form.kind == "world":
        frames *= np.array([-1, -1, 1], dtype=np.float32)  # y up, and nobody is mirrored
        scores = None if raw.sure is None else np.where(lost, 0, sure)
    else:
        width, height = (form.size or size or (1, 1)) if form.kind == "image" else (1, 1)
        frames[..., 0] *= width
        frames[..., 1] *= height
        frames[..., 2] = sure
        scores = None
    frames[lost] = 0
    return frames, scores
