"""MediaPipe's own models (Bazarevsky et al. 2020; its wheel carries them): Pose, or with the hands.

picture -> 33 points, or 75 with both hands -> (1 or 0, V, 3): x and y in pixels, and visibility
"""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError, require
from edgcn.readers.video.backends import Finder, People
from edgcn.readers.video.decode import Pixels
from edgcn.skeleton.layouts import MEDIAPIPE_33, MEDIAPIPE_75

HAND = 21
BLACK = (64, 64, 3)  # a picture without anybody
NEEDED = "0.10.14"  # later ones download their models and have another interface
LAST = (3, 12)  # Python that it is made for


def mediapipe_finder(*, hands: bool) -> Finder:
    """MediaPipe Pose, or Holistic where hands are wanted; both follow one person."""
    return Finder(
        how=f"mediapipe {'holistic' if hands else 'pose'}",
        topology=MEDIAPIPE_75 if hands else MEDIAPIPE_33,
        start=lambda: _MediaPipe(_solutions(), hands=hands),
        single=True,
    )


def _solutions() -> Any:
    """The part of the package that has its models with it.

    Raises:
        EdgcnError: it is not installed, or a version without.
    """
    if sys.version_info[:2] > LAST and find_spec("mediapipe") is None:
        raise EdgcnError(
            f"MediaPipe {NEEDED}, which has its models with it, is made for Python up to "
            f"{LAST[0]}.{LAST[1]}: use edgcn there, or give a model of your own "
            "(docs/formats/video.md)"
        )
    warnings.filterwarnings("ignore", "SymbolDatabase.GetPrototype", UserWarning)
    with _quiet():
        package = require("mediapipe", extra="video")
        try:
            return require("mediapipe.python.solutions", extra="video")
        except EdgcnError:
            got = getattr(package, "__version__", "another version")
            raise EdgcnError(
                f"expected mediapipe {NEEDED}, which has its models with it, got {got}; "
                f"pip install mediapipe=={NEEDED}"
            ) from None


class _MediaPipe:
    """One video's tracking: where the person was is where they are looked for."""

    def __init__(self, solutions: Any, *, hands: bool) -> None:
        self._hands = hands
        with _quiet():
            self._model = solutions.holistic.Holistic() if hands else solutions.pose.Pose()
            self._model.process(np.zeros(BLACK, dtype=np.uint8))  # the models are loaded now

    def poses(self, picture: Pixels) -> People:
        """The person, or nobody."""
        found = self._model.process(picture)
        height, width = picture.shape[:2]
        if found.pose_landmarks is None:
            return np.zeros((0, 33 + 2 * HAND * self._hands, 3), dtype=np.float32)
        parts = [_points(found.pose_landmarks)]
        if self._hands:
            parts += [_hand(found.left_hand_landmarks), _hand(found.right_hand_landmarks)]
        scale = np.array((width, height, 1), dtype=np.float32)
        return np.concatenate(parts)[None] * scale

    def close(self) -> None:
        """End its threads."""
        self._model.close()


def _points(landmarks: Any) -> Float[np.ndarray, "v 3"]:
    return np.array([(p.x, p.y, p.visibility) for p in landmarks.landmark], dtype=np.float32)


def _hand(landmarks: Any) -> Float[np.ndarray, "v 3"]:
    """Its points have no visibility: a hand is found or not."""
    if landmarks is None:
        return np.zeros((HAND, 3), dtype=np.float32)
    return np.array([(p.x, p.y, 1) for p in landmarks.landmark], dtype=np.float32)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what C++ writes to the terminal whatever one sets, and warnings of its packages."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
