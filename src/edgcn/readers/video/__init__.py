"""Videos: PyAV decodes, a pose model finds the people, and that is a recording like any other.

videos -> pictures and times -> poses (kept) -> whole recordings (T, M, V, 3): x and y in pixels of
the picture as it is shown, confidence; 0 0 0 where a point is not seen
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from edgcn.base.errors import EdgcnError, FileError, did_you_mean
from edgcn.base.files import check_file
from edgcn.base.progress import Advance, progress
from edgcn.readers.crowds import check_most
from edgcn.readers.text.folders import check_folder, find
from edgcn.readers.tracking import Followed, Keep, Person, persons
from edgcn.readers.video.backends import Box, Finder
from edgcn.readers.video.decode import opened
from edgcn.readers.video.mediapipe_pose import mediapipe_finder
from edgcn.readers.video.onnx_pose import onnx_finder
from edgcn.readers.video.poses import Poses, find_poses, identity, keep, kept_poses
from edgcn.skeleton.recording import Recording, Recordings, Skipped

ENDINGS = (
    "mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "mts", "m2ts", "ts", "vob", "wmv",
    "asf", "flv", "3gp", "3g2", "ogv", "mxf", "dv",
)  # fmt: skip
KEPT = "edgcn-poses"  # the folder beside the videos with what was found in them
USUAL_RATE = 30.0  # of a set in which no video says its own
BOX = re.compile(r"(\d{1,5}),(\d{1,5}),([1-9]\d{0,4}),([1-9]\d{0,4})")

# What finds people, by name: given the options that it may use.
BACKENDS: dict[str, Callable[..., Finder]] = {"mediapipe": mediapipe_finder}


def read_video(
    path: Path,
    *,
    hands: bool = False,
    box: str | None = None,
    people: Keep = "largest",
    max_bodies: int = 2,
    model: Path | None = None,
    backend: str = "mediapipe",
    poses: Path | None = None,
) -> Recordings:
    """A video, or a folder of videos at any depth: whole recordings, one for each.

    Times are those at which pictures are shown; pictures are turned as the file says. What was
    found in a video is kept, so that it is looked at once, and a reading that was stopped goes on.

    Args:
        hands: find 21 points of each hand as well (MediaPipe Holistic; half as fast).
        box: x,y,width,height in pixels, the part of the picture in which the person is; for
            several people a box each, with `:` between them.
        people: which of several, where the model finds them: largest, surest, left or right (in
            the picture), apart (each a recording of their own), or together (bodies of one
            recording). MediaPipe finds one person in a picture or box.
        max_bodies: how many bodies are kept together.
        model: an ONNX file in place of MediaPipe, RTMPose (SimCC) or YOLO-pose with the 17 points
            of COCO; needs onnxruntime.
        backend: which of the installed ways of finding people; `model` is one of its own.
        poses: the folder that keeps what was found; `edgcn-poses` beside the videos by default.

    Raises:
        EdgcnError: no video there, options that contradict each other, or nothing installed that
            finds people.
    """
    files = _videos(path)
    root = path if path.is_dir() else path.parent
    boxes = _boxes(box)
    finder = _finder(backend, model, hands)
    check_most(max_bodies)
    most = max_bodies if people == "together" else 1
    if people in ("together", "apart") and finder.single and not boxes:
        raise EdgcnError(
            f"people {people}: {finder.how} finds one person in a picture; give each person a box, "
            f"as in `--options box 0,0,640,720:640,0,640,720`"
        )
    folder = poses if poses is not None else root / KEPT
    kept = {file: folder / f"{file.relative_to(root)}.npz" for file in files}
    if not all(one.is_file() for one in kept.values()):
        finder.start().close()  # what is not installed is said before anything is read
    notes = [f"poses found by {finder.how}"]
    if finder.single and not boxes:
        notes.append("which finds one person in a picture; option box chooses who")
    return Recordings(
        reader="video",
        topology=finder.topology,
        classes=(),
        recordings=_recordings(files, root, kept, finder, boxes, people, most),
        fps=_first_rate(files),
        units="px",
        dims=2,
        bodies=len(boxes) or most,
        total=None if people == "apart" else len(files),
        sources=tuple(files),
        note=", ".join(notes),
    )


def _recordings(
    files: Sequence[Path],
    root: Path,
    kept: dict[Path, Path],
    finder: Finder,
    boxes: Sequence[Box],
    people: Keep,
    most: int,
) -> Iterator[Recording | Skipped]:
    """One for each video; those that nobody has looked at yet are, one after the other."""
    how = " ".join([finder.how, *(",".join(map(str, one)) for one in boxes)])
    names, keys = _names(files, root), {file: _key(file, how) for file in files}
    lacking = {file for file in files if kept_poses(kept[file], keys[file]) is None}
    total = sum(map(_length, lacking))
    with progress("finding poses" if lacking else "", total=total, unit="frames") as advance:
        for file in files:
            try:
                found = _poses(file, kept[file], keys[file], how, finder, boxes, advance)
            except FileError as error:
                yield Skipped(str(file), error.reason)
            else:
                yield from _people(found, names[file], len(finder.topology), boxes, people, most)


def _poses(
    file: Path,
    kept: Path,
    key: str,
    how: str,
    finder: Finder,
    boxes: Sequence[Box],
    advance: Advance,
) -> Poses:
    """What is in a video: as it was kept, or found now and kept."""
    found = kept_poses(kept, key)
    if found is None:
        found = find_poses(file, finder, boxes, advance)
        try:
            keep(found, kept, key, how)
        except (OSError, EdgcnError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise EdgcnError(
                f"cannot keep the poses of {file} in {kept.parent}: {reason}; choose another "
                f"folder with `--options poses FOLDER`"
            ) from None
    return found


def _people(
    found: Poses, name: str, joints: int, boxes: Sequence[Box], keep: Keep, most: int
) -> Iterator[Recording]:
    """Whoever is kept of a video: each box is a person, or they are followed."""
    chosen = [Followed(found.points, "")]
    if not boxes:
        seen_in: list[list[Person]] = [[one for one in row if one.any()] for row in found.points]
        chosen = persons(seen_in, joints, keep=keep, most=most)
    for one in chosen:
        yield Recording(
            one.frames,
            f"{name}/{one.person}" if one.person else name,
            subject=f"{name}/{one.person}" if one.person else "",
            fps=found.fps,
            times=found.times,
            start=found.start,
            note="; ".join(filter(None, (found.note, one.note))),
        )


def _videos(path: Path) -> list[Path]:
    """The video that is given, whatever its name, or all that a folder has."""
    if path.is_file():
        return [path]
    hint = "give a video, or a folder that has some"
    check_folder(path, what="videos", hint=hint)
    found = find(path, "**/*") if any(path.iterdir()) else []
    videos = [file for file in found if file.suffix[1:].lower() in ENDINGS]
    if not videos:
        raise EdgcnError(
            f"expected videos ({', '.join(f'.{one}' for one in ENDINGS[:6])}, ...) in {path}, "
            f"found none among {len(found)} files; {hint}"
        )
    return videos


def _names(files: Sequence[Path], root: Path) -> dict[Path, str]:
    """Paths from the root on, without endings where that leaves them different."""
    whole = {file: file.relative_to(root) for file in files}
    plain = Counter(name.with_suffix("") for name in whole.values())
    return {
        file: (name.with_suffix("") if plain[name.with_suffix("")] == 1 else name).as_posix()
        for file, name in whole.items()
    }


def _boxes(text: str | None) -> list[Box]:
    parts = [] if text is None else text.replace(" ", "").split(":")
    matches = [BOX.fullmatch(part) for part in parts]
    if text is not None and not all(matches):
        raise EdgcnError(
            f"box: expected x,y,width,height in pixels, such as 0,0,640,720, and `:` between "
            f"several, got {text!r}"
        )
    return [Box(*map(int, found.groups())) for found in matches if found]


def _finder(backend: str, model: Path | None, hands: bool) -> Finder:
    if model is not None:
        if hands or backend != "mediapipe":
            wrong = "hands" if hands else "backend"
            raise EdgcnError(f"option {wrong} does not go with model, which finds 17 points")
        return onnx_finder(model)
    if backend not in BACKENDS:
        hint = did_you_mean(backend, BACKENDS)
        raise EdgcnError(f"no backend is named {backend!r}: there are {', '.join(BACKENDS)}{hint}")
    return BACKENDS[backend](hands=hands)


def finder_for(backend: str = "mediapipe", model: Path | None = None) -> Finder:
    """What finds people in pictures that come one by one; nothing is opened yet."""
    return _finder(backend, model, hands=False)


def _key(file: Path, how: str) -> str:
    """What tells this video and look from others; nothing fits that of one that cannot be read."""
    try:
        check_file(file)
        return identity(file, how)
    except (OSError, FileError):
        return ""


def _length(file: Path) -> int:
    """About how many pictures a video has."""
    try:
        with opened(file) as film:
            return film.frames
    except FileError:
        return 0


def _first_rate(files: Sequence[Path]) -> float:
    """Pictures per second of the first video that says it."""
    for file in files:
        try:
            with opened(file) as film:
                if film.rate:
                    return film.rate
        except EdgcnError:
            continue  # it is named when it is read
    return USUAL_RATE
