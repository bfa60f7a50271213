"""A camera of this machine through FFmpeg: its newest picture, whenever one is asked for.

`0` -> pictures (height, width, 3) uint8 with the seconds at which they came
"""

import math
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError, require
from edgcn.readers.video.decode import Pixels

PATIENCE = 5.0  # seconds that a camera may keep one waiting


def check_number(number: str) -> None:
    """Refuse what is no number of a camera."""
    if not number.isdecimal() or not number.isascii() or len(number) > 3:
        raise EdgcnError(f"expected the number of a camera, as in camera:0, got {number[:40]!r}")


@contextmanager
def camera(number: str) -> Iterator[Iterator[tuple[Pixels, float]]]:
    """Pictures of a camera; those that come while another is looked at are left out.

    Raises:
        EdgcnError: there is no such camera, or it cannot be opened.
    """
    check_number(number)
    with open_camera(int(number)) as container:
        newest = _Newest(container)
        thread = threading.Thread(target=newest.fill, name="camera", daemon=True)
        thread.start()
        try:
            yield newest.pictures()
        finally:
            newest.over = True
            thread.join(timeout=PATIENCE)


def open_camera(number: int) -> Any:
    """A camera as PyAV opens it."""
    av = require("av", extra="video")
    file, kind = f"/dev/video{number}", "v4l2"
    if sys.platform == "darwin":
        file, kind = str(number), "avfoundation"
    elif sys.platform == "win32":
        file, kind = f"video={number}", "dshow"
    try:
        return av.open(file, format=kind)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        there = ", ".join(sorted(str(p) for p in Path("/dev").glob("video*"))) or "none"
        reason = getattr(error, "strerror", None) or error
        raise EdgcnError(
            f"camera {number} ({file}) cannot be opened: {reason}; cameras here: {there}"
        ) from None


class _Newest:
    """The newest picture of a container, filled by a thread."""

    def __init__(self, container: Any) -> None:
        self.container, self.over, self.error = container, False, ""
        self.fresh = threading.Event()
        self.picture: tuple[Pixels, float] | None = None

    def fill(self) -> None:
        """Decode until it is over."""
        try:
            for frame in self.container.decode(video=0):
                self.picture = (frame.to_ndarray(format="rgb24"), time.monotonic())
                self.fresh.set()
                if self.over:
                    return
        except Exception as error:  # of FFmpeg, which has many; it is told where it is read
            self.error = " ".join(str(error).split())[:200] or type(error).__name__
        self.over = True
        self.fresh.set()

    def pictures(self) -> Iterator[tuple[Pixels, float]]:
        """The newest one, each once, until the camera is unplugged."""
        last = -math.inf
        while True:
            if not self.fresh.wait(timeout=PATIENCE):
                raise EdgcnError(f"the camera has sent no picture for {PATIENCE:g} s")
            self.fresh.clear()
            if self.picture is not None and self.picture[1] > last:
                last = self.picture[1]
                yield self.picture
            if self.over:
                if self.error:
                    raise EdgcnError(f"the camera has stopped: {self.error}")
                return
