"""People found in pictures, as JSON: AlphaPose, MMPose, rtmlib, YOLO, anything like COCO's results.

files of a video or of a picture each -> one person (T, 1, V, 3): x, y in pixels, confidence
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.spelling import legible
from edgcn.base.words import count
from edgcn.readers.coco_shapes import Detections, Picture, read_detections
from edgcn.readers.crowds import check_most
from edgcn.readers.detector_models import COUNTS, Model, model_for
from edgcn.readers.flat import seen
from edgcn.readers.labelling import label_of_folder, labels_for
from edgcn.readers.numbered import AROUND, beside, slots, videos
from edgcn.readers.rates import ASSUMED, FPS, Confidence, Rate
from edgcn.readers.text.files import stream
from edgcn.readers.text.folders import find
from edgcn.readers.tracking import Keep, Person, check_keep, persons
from edgcn.skeleton.recording import Recording, Recordings, Skipped
from edgcn.skeleton.topology import Topology

LOOKED_INTO = 40  # files that tell which model it was
PEOPLE = 400  # of each of them
SAY_NOTHING = ("alphapose-results", "results", "predictions", "keypoints", "pose")  # of a video


@dataclass(frozen=True)
class Part:
    """A recording: pictures of one name in a file, or a file for each picture.

    Args:
        files: with the number of each where they are pictures; else one.
        video: which of several in a file.
    """

    name: str
    label: str
    files: tuple[tuple[int, Path], ...]
    video: str | None = None


def read_coco_results(
    path: Path,
    *,
    labels: Path | None = None,
    fps: Rate | None = None,
    topology: Topology | None = None,
    hands: bool = True,
    people: Keep = "surest",
    max_bodies: int = 2,
    min_confidence: Confidence = 0.0,
) -> Recordings:
    """JSON of people found in pictures: a file, or a folder of them, one for each video or picture.

    A list of people with image_id, keypoints and perhaps idx; or frames with instances; or a map
    from pictures to people. Pictures are in the order of the number at the end of their names, and
    are a recording for each name before it. Keypoints are known by their number: 17 (COCO), 18, 25,
    26 (Halpe), 68, 133 (COCO-WholeBody), 136 (Halpe). A file in a folder has the folder's name as
    its class.

    Args:
        labels: a csv which replaces the classes of folders: name,label or name,label,start,end,
            see the openpose reader.
        fps: frames per second, which the files do not say; 30 are assumed, and that is said.
        topology: of the body; by default told by the number and places of joints.
        hands: keep the hands, where the model has some.
        people: which of several: surest, largest, left or right (in the picture), alone (whoever is
            seen: there is one person only), apart (each a recording of their own), or together
            (bodies of one recording). They are followed by
            idx or track_id where these stay with a person, else by where they are.
        max_bodies: how many bodies are kept together.
        min_confidence: points below it count as not seen.

    Raises:
        EdgcnError: no such files, or keypoints of no known model in any of them.
        FileError: a single file, or the table of labels, that cannot be read.
    """
    check_most(max_bodies)
    check_keep(people, labels)
    _detections.cache_clear()  # the file may have changed since another reading
    parts, note = _parts(path)
    files = list(dict.fromkeys(file for part in parts for _, file in part.files))
    model, told = _model(files, topology, hands=hands)
    given = labels_for({part.name: part.label for part in parts}, labels)
    bodies = max_bodies if people == "together" else 1
    by_file: dict[Path, list[Part]] = {}
    for part in parts:
        by_file.setdefault(part.files[0][1], []).append(part)

    def read_one(first: Path) -> Iterator[Recording | Skipped]:
        for part in by_file[first]:
            pictures, note = _pictures(part)
            everybody = [_kept(picture, model, first, min_confidence) for picture in pictures]
            seen_in = [[person for person, _ in own] for own in everybody]
            ids = [[name for _, name in own] for own in everybody]
            for one in persons(seen_in, len(model.topology), ids=ids, keep=people, most=bodies):
                if not one.frames.any():
                    where = str(first) if len(by_file[first]) == 1 else f"{first}#{part.name}"
                    yield Skipped(where, f"nobody in any of its {len(pictures)} frames")
                    break
                yield from given.put(one.take(part.name, note), part.name, fps=float(fps or FPS))

    return Recordings(
        reader="coco_results",
        topology=model.topology,
        classes=given.classes,
        recordings=chain(given.table.lost, stream(by_file, read_one)),
        fps=float(fps or FPS),
        units="px",
        dims=2,
        bodies=bodies,
        total=len(given.table.lost) + len(parts),
        sources=(*files, *([labels] if labels is not None else [])),
        note="; ".join(filter(None, (given.table.note, note, told))),
        remarks=[ASSUMED] if fps is None else [],
    )


# Which recordings there are


def _parts(path: Path) -> tuple[list[Part], str]:
    """The recordings of a path, and a note on those that share a folder."""
    if path.is_file():
        return _videos_in(path, path.parent), ""
    files = find(
        path, "**/*.json", what="JSON of people found in pictures",
        hint="they are what AlphaPose, MMPose, rtmlib or YOLO write",
    )  # fmt: skip
    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file)
    pictures = {folder for folder, inside in folders.items() if len(inside) > 1 and _single(inside)}
    frames = videos([(file, file.stem) for file in files if file.parent in pictures], path)
    parts = [Part(video.name, video.label, tuple(video.frames)) for video in frames.values()] + [
        part for file in files if file.parent not in pictures for part in _videos_in(file, path)
    ]
    return parts, beside(frames.values())


def _single(files: Sequence[Path]) -> bool:
    """Whether the files of a folder are pictures: by the first that can be read."""
    for file in files:
        try:
            found = _detections(file)
        except (FileError, OSError):
            continue
        if found.pictures:
            return len(found.pictures) == 1
    return False


def _videos_in(file: Path, root: Path) -> list[Part]:
    """The recordings in one file."""
    parts = (*file.relative_to(root).parts[:-1], file.stem)
    if len(parts) > 1 and parts[-1].lower() in SAY_NOTHING:
        parts = parts[:-1]
    name, label = "/".join(parts), label_of_folder(parts)
    try:
        names = list(dict.fromkeys(video for video, _ in _detections(file).pictures))
    except (FileError, OSError):
        names = [""]  # it is named when it is read
    if len(names) < 2:
        return [Part(name, label, ((0, file),))]
    plain = [video.strip(f"{AROUND}/") for video in names]
    own = plain if len({*plain}) == len(plain) and all(plain) else names
    return [
        Part(f"{name}/{short or 'unnamed'}", label, ((0, file),), video)
        for short, video in zip(own, names, strict=True)
    ]


@lru_cache(maxsize=1)
def _detections(file: Path) -> Detections:
    """What is in a file, which is asked for again at once."""
    return read_detections(file)


def _model(files: Sequence[Path], topology: Topology | None, *, hands: bool) -> tuple[Model, str]:
    """Which model it was, by some files from everywhere, and a note on it."""
    bodies: dict[int, list[Person]] = {}
    for file in files[:: max(1, len(files) // LOOKED_INTO)]:
        try:
            pictures = [*_detections(file).pictures.values()]
        except (FileError, OSError):
            if len(files) == 1:
                raise
            continue  # it is named when it is read
        for picture in pictures[:: max(1, len(pictures) // PEOPLE)]:
            for person in picture.people:
                bodies.setdefault(len(person), []).append(person)
    count, some = max(bodies.items(), key=lambda item: len(item[1]), default=(17, []))
    some = some or [np.zeros((count, 3), dtype=np.float32)]
    if (taken := model_for(np.stack(some), hands=hands, topology=topology)) is None:
        known = f"{len(topology)}, for {topology.name}" if topology else ", ".join(map(str, COUNTS))
        raise EdgcnError(f"{files[0]}: expected people of {known} keypoints, got {count}")
    return taken


# What is in them


def _pictures(part: Part) -> tuple[list[Picture], str]:
    """The pictures of a recording in time, and a note where some are missing."""
    notes = []
    if len(part.files) == 1:
        found = _detections(part.files[0][1])
        chosen = [p for p in found.pictures.values() if part.video in (None, p.video)]
        numbered = sorted(((p.number, p) for p in chosen), key=lambda item: item[0])
        clipped, lost = found.clipped, found.lost
        if part.video is not None and len(chosen) == 1:
            notes.append("one picture alone, by its name, beside others in the file: is it right?")
    else:
        several = [(number, file, read_detections(file)) for number, file in part.files]
        for _, file, found in several:
            if len(found.pictures) > 1:
                raise FileError(file, f"expected one picture, got {len(found.pictures)}")
        numbered = [
            (number, next(iter(found.pictures.values()), Picture("", 0, [], [])))
            for number, _, found in several
        ]
        clipped = sum(found.clipped for _, _, found in several)
        lost = sum(found.lost for _, _, found in several)
    if not numbered:
        return [], ""
    files: list[tuple[int, Path | None]] = [(number, None) for number, _ in numbered]
    if len(part.files) > 1:
        files = [*part.files]
    where = part.files[0][1] if len(part.files) == 1 else part.files[0][1].parent
    place = slots(files, where, what="picture" if len(part.files) == 1 else "file")
    everything = [Picture("", n, [], []) for n in range(place.total)]
    for at, (_, picture) in zip(place.places, numbered, strict=True):
        everything[at] = picture
    if place.note:
        notes.append(place.note)
    if len(part.files) == 1 and numbered[0][0] > 1:
        notes.append(f"its first frame is that of picture {numbered[0][0]}")
    if clipped:
        notes.append(f"{clipped} confidences above 1 were made 1")
    if lost:
        notes.append(f"{count(lost, 'keypoint')} with null, NaN or infinity, taken as not seen")
    return everything, "; ".join(notes)


def _kept(picture: Picture, model: Model, file: Path, least: float) -> list[tuple[Person, object]]:
    """The people of a picture on the topology, of whom something is seen."""
    made = []
    for person, name in zip(picture.people, picture.ids, strict=True):
        if len(person) != model.keypoints:
            raise FileError(
                file,
                f"expected {model.keypoints} keypoints of each person, got {len(person)} in "
                f"picture {legible(picture.video)}{picture.number}",
            )
        joints = model.joints(person)
        joints = seen(joints, np.where(joints[:, 2] < least, 0, joints[:, 2]))
        if joints.any():
            made.append((joints, name))
    return made
