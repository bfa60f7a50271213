"""What is in a JSON of people found in pictures, in the shapes that detectors write.

A list with image_id and keypoints (AlphaPose, COCO), frames with instances (MMPose, rtmlib), a map
from pictures to people -> `Picture`s: who is seen in which, keypoints (V, 3) each
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from edgcn.base.errors import FileError
from edgcn.base.spelling import spelled_out
from edgcn.readers.numbered import parted
from edgcn.readers.text.json_files import json_array
from edgcn.readers.text.json_stream import json_items
from edgcn.readers.tracking import Person

FRAMES = ("instance_info", "frames", "results", "predictions", "annotations")
PEOPLE = ("instances", "people", "bodies", "persons", "predictions", "annotations", "objects")
IMAGE = ("image_id", "image", "image_name", "file_name", "filename", "frame_id", "frame",
         "frame_number", "frame_index")  # fmt: skip
POINTS = ("keypoints", "pose_keypoints_2d", "joints")
SCORES = ("keypoint_scores", "keypoints_scores", "keypoint_score", "scores", "visible",
          "keypoints_visible")  # fmt: skip
IDS = ("idx", "track_id", "person_id", "id", "instance_id")


class Picture(NamedTuple):
    """Everybody who is seen in one picture.

    Args:
        video: what its name is without the number of the frame.
        ids: what the file calls them, None where it does not.
    """

    video: str
    number: int
    people: list[Person]
    ids: list[object]


@dataclass
class Detections:
    """What one file has.

    Args:
        single: whether the file is one picture alone, without a number.
        clipped: confidences above 1, which were made 1.
        lost: keypoints that have null, NaN or infinity.
    """

    pictures: dict[tuple[str, int], Picture] = field(default_factory=dict)
    single: bool = False
    clipped: int = 0
    lost: int = 0

    def add(self, key: tuple[str, int], people: Iterable[tuple[Person, object]]) -> None:
        """People of a picture, perhaps more of it."""
        picture = self.pictures.setdefault(key, Picture(*key, [], []))
        for person, name in people:
            lost = np.isnan(person).any(axis=1)
            person[lost] = 0
            self.lost += int(lost.sum())
            self.clipped += int((person[:, 2] > 1).sum())
            person[:, 2] = np.clip(person[:, 2], 0, 1)
            person[person[:, 2] == 0] = 0
            if person.any():
                picture.people.append(person)
                picture.ids.append(name)


def read_detections(path: Path) -> Detections:
    """All people of a file.

    Raises:
        FileError: no JSON, or none of the known shapes.
    """
    found = Detections()
    count = 0
    for order, item in enumerate(json_items(path)):
        count += 1
        _take(path, found, item, order, _images(item))
    if not count:
        raise FileError(path, "expected people found in pictures, got an empty list")
    if found.single and len(found.pictures) > 1:
        raise FileError(path, "expected an image_id with each person, or with none of them")
    return found


def _take(path: Path, found: Detections, item: Any, order: int, names: dict[Any, str]) -> None:
    """One item of the file's list, or the file itself."""
    where = f"item {order}"
    if isinstance(item, list):  # the people of a frame
        found.add(("", order), _people(path, item, where))
    elif not isinstance(item, dict):
        raise _unknown(path, item, where)
    elif _has_points(item):
        image = next((item[key] for key in IMAGE if key in item), None)
        if image is None:
            found.single = True
        key = ("", 0) if image is None else _key(path, image, where, names)
        found.add(key, _people(path, [item], where))
    elif (people := next((item[k] for k in PEOPLE if _is_people(item.get(k))), None)) is not None:
        image = next((item[key] for key in IMAGE if key in item), None)
        if image is None and order == 0 and "annotations" not in item:
            image = 0
        _frame(path, found, image, people, order, names, where)
    elif (
        frames := next((item[k] for k in FRAMES if isinstance(item.get(k), list)), None)
    ) is not None:
        for number, frame in enumerate(frames):
            _take(path, found, frame, number, names)
    elif item and all(isinstance(value, dict | list) for value in item.values()):
        for name, value in item.items():  # from pictures to people
            inside = (
                [value[k] for k in PEOPLE if k in value] if isinstance(value, dict) else [value]
            )
            if not inside or not isinstance(inside[0], list):
                raise _unknown(path, item, where)
            found.add(
                _key(path, name, where, {}), _people(path, inside[0], f"picture {name[:40]!r}")
            )
    else:
        raise _unknown(path, item, where)


def _frame(
    path: Path,
    found: Detections,
    image: Any,
    people: list[Any],
    order: int,
    names: dict[Any, str],
    where: str,
) -> None:
    """People in a list, each with a picture of its own or all with one."""
    if people and all(isinstance(p, dict) and any(key in p for key in IMAGE) for p in people):
        for number, person in enumerate(people):
            _take(path, found, person, number, names)
        return
    key = ("", order) if image is None else _key(path, image, where, names)
    found.add(key, _people(path, people, where))


def _images(item: Any) -> dict[Any, str]:
    """Names of pictures by their id, where the file has a list of them, as COCO's have."""
    images = item.get("images") if isinstance(item, dict) else None
    if not isinstance(images, list):
        return {}
    return {
        image["id"]: image["file_name"]
        for image in images
        if isinstance(image, dict)
        and isinstance(image.get("file_name"), str)
        and isinstance(image.get("id"), int | str)
    }


def _is_people(value: Any) -> bool:
    """Whether this is a list of persons, and of nothing that has persons in it."""
    if not isinstance(value, list):
        return False
    return all(isinstance(one, dict) and (_has_points(one)) for one in value)


def _has_points(item: dict[str, Any]) -> bool:
    return any(key in item for key in POINTS)


def _key(path: Path, image: Any, where: str, names: dict[Any, str]) -> tuple[str, int]:
    """The video and the number of a picture by its id, be it a number or a name."""
    if isinstance(image, bool) or not isinstance(image, int | str) or image == "":
        raise FileError(path, f"expected a number or a name of a picture in {where}, got {image!r}")
    if isinstance(image := names.get(image, image), int):
        return "", image
    image = spelled_out(image)
    return parted(str(PurePosixPath(image.replace("\\", "/")).with_suffix("")))


def _people(path: Path, entries: list[Any], where: str) -> Iterator[tuple[Person, object]]:
    """The keypoints of each person, and what the file calls them."""
    for order, entry in enumerate(entries):
        place = f"keypoints of person {order} in {where}"
        if not isinstance(entry, dict) or not _has_points(entry):
            raise FileError(path, f"expected {place}, got none")
        points = next(entry[key] for key in POINTS if key in entry)
        scores = next((entry[key] for key in SCORES if isinstance(entry.get(key), list)), None)
        name = next((entry[key] for key in IDS if key in entry), None)
        if points == []:
            continue
        if _depth(points) == 3:  # those of all persons of a frame
            every = scores if isinstance(scores, list) and len(scores) == len(points) else None
            for n, own in enumerate(points):
                yield _person(path, own, every[n] if every else None, place), None
        else:
            yield _person(path, points, scores, place), _plain(name)


def _plain(name: Any) -> object:
    """An id, which may be in a list or two."""
    while isinstance(name, list) and len(name) == 1:
        name = name[0]
    return name if isinstance(name, int | float | str) and name != -1 else None


def _depth(nested: Any) -> int:
    depth = 0
    while isinstance(nested, list) and nested:
        nested, depth = nested[0], depth + 1
    return depth


def _person(path: Path, points: Any, scores: Any, place: str) -> Person:
    """x, y and a confidence for each keypoint."""
    if isinstance(points, dict):  # x, y and visible, as YOLO writes them
        sure = next((points[k] for k in (*SCORES, "confidence", "v") if k in points), None)
        x, y = (_numbers(path, points.get(axis), "[V]", place) for axis in "xy")
        if x.shape != y.shape:
            raise FileError(path, f"expected as many x as y in {place}, got {len(x)} and {len(y)}")
        xy = np.stack([x, y], axis=1)
        scores = scores if sure is None else sure
    elif _depth(points) == 1:
        flat = _numbers(path, points, "[V]", place)
        both = scores is not None and len(flat) == 2 * len(scores)
        if len(flat) % (2 if both else 3) or not len(flat):
            raise FileError(
                path, f"expected x, y, confidence each in {place}, got {len(flat)} numbers"
            )
        xy = flat.reshape(-1, 2 if both else 3)
    else:
        xy = _numbers(path, points, "[V][2]", place)
        if xy.ndim != 2 or xy.shape[1] not in (2, 3):
            raise FileError(path, f"expected {place} [V][2 or 3], got {list(xy.shape)}")
    if xy.shape[1] == 3 and (scores is None or _depth(scores) != 1):
        return xy
    if xy.shape[1] == 3:
        raise FileError(
            path,
            f"expected x and y beside the scores in {place}, got three numbers each: this reader "
            f"is for pictures, and these are in space",
        )
    sure = (
        np.ones(len(xy)) if scores is None else _numbers(path, scores, "[V]", f"scores of {place}")
    )
    if sure.shape != (len(xy),):
        raise FileError(path, f"expected {len(xy)} scores of {place}, got {list(sure.shape)}")
    if scores is None:
        sure = (xy != 0).any(axis=1)
    return np.column_stack([xy, sure]).astype(np.float32)


def _numbers(path: Path, nested: Any, shape: str, where: str) -> np.ndarray:
    if not isinstance(nested, list):
        raise FileError(path, f"expected {where} {shape}, got no list")
    return json_array(path, nested, shape, where=where, gaps=True)


def _unknown(path: Path, item: Any, where: str) -> FileError:
    keys = ", ".join(key[:20] for key in list(item)[:6]) if isinstance(item, dict) else ""
    got = f"the keys {keys}" if keys else type(item).__name__
    return FileError(
        path,
        f"expected a list with image_id and keypoints, or frames with instances, got {got} in "
        f"{where}",
    )
