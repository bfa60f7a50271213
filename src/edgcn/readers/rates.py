"""What a reader is told where files do not say it: a frame rate, how sure a point must be."""

from typing import Annotated

from pydantic import Field

FASTEST = 10_000  # frames per second; more is no recording of a person

Rate = Annotated[int | float, Field(gt=0, le=FASTEST)]
Confidence = Annotated[int | float, Field(ge=0, le=1)]
