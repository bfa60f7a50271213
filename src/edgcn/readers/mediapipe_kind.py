"""What MediaPipe's coordinates are, told by their numbers: fractions, pixels, or meters.

samples of recordings -> image, world or pixels, and what to say of it
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from edgcn.base.errors import FileError
from edgcn.readers.mediapipe_sources import Points, Source
from edgcn.skeleton.layouts import MEDIAPIPE_33

Kind = Literal["image", "world", "pixels"]

LOOKED_INTO = 40  # files that tell what coordinates are
CENTERED = 0.05  # meters that the middle of the hips may be from the origin of world landmarks
ROOM = 10.0  # fractions of a picture are not that large, even of what is outside of it
NEGATIVE = 0.2  # of the coordinates: fractions are hardly ever negative
HIPS = [MEDIAPIPE_33.index(joint) for joint in ("left_hip", "right_hip")]
NAMES: dict[str, str] = {
    "image": "fractions of a picture",
    "world": "world landmarks in meters",
    "pixels": "pixels",
}


def kind_of(sources: Sequence[Source]) -> tuple[Kind, str]:
    """What coordinates are, by some files, and a note on it."""
    step = max(1, len(sources) // LOOKED_INTO)
    samples: list[Points] = []
    for source in sources[::step]:
        try:
            samples += [raw.points.get("pose", next(iter(raw.points.values())))
                        for raw in source.sample()]  # fmt: skip
        except (FileError, OSError):
            continue  # it is named when it is read
    kinds = [own for points in samples if (own := _kind_of(points))]
    kind: Kind = max(set(kinds), key=kinds.count, default="image")
    return kind, f"landmarks are taken for {NAMES[kind]} (option landmarks)"


def _kind_of(points: Points) -> Kind | None:
    """What the coordinates of some frames are; None where nothing is seen."""
    xy = points[..., :2][np.isfinite(points[..., :2]).all(-1) & (points[..., :2] != 0).any(-1)]
    if not len(xy):
        return None
    if np.quantile(np.abs(xy), 0.9) > ROOM:
        return "pixels"
    if points.shape[1] == len(MEDIAPIPE_33):
        middle = points[:, HIPS, :2].mean(axis=1)
        seen = np.isfinite(middle).all(-1) & (points[:, HIPS, :2] != 0).any((1, 2))
        if seen.any():
            return "world" if np.median(np.abs(middle[seen])) < CENTERED else "image"
    return "world" if np.mean(xy < 0) > NEGATIVE else "image"
