"""What a reader is told where files do not say it: frame rate, confidence, size of the picture."""

import re
from typing import Annotated

from pydantic import Field

from edgcn.base.errors import EdgcnError

FASTEST = 10_000  # frames per second; more is no recording of a person

FPS = 30.0  # where neither the file nor the user says it
ASSUMED = f"{FPS:g} frames per second assumed (--options fps N says another rate)"

Rate = Annotated[int | float, Field(gt=0, le=FASTEST)]
Confidence = Annotated[int | float, Field(ge=0, le=1)]


def picture_size(text: str | None) -> tuple[int, int] | None:
    """Width and height of a picture, from text such as 1280x720."""
    if text is None:
        return None
    if not (found := re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text)):
        raise EdgcnError(f"--size: expected width and height such as 1280x720, got {text!r}")
    return int(found[1]), int(found[2])
