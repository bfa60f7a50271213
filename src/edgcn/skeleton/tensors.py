"""The one place that spells the axis order of a batch: clips, channels, time, joints, bodies."""

from jaxtyping import Float
from torch import Tensor

Clips = Float[Tensor, "n c t v m"]
