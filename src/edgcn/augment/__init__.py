"""Random changes of a whole batch, each clip with its own draw; names in one dict.

Each is `name(x, draws, *, topology, dims, **settings) -> Clips`: the input is never changed, a
missing joint stays exactly 0, and a strength (or p) of 0 gives the clips back. `compose.augment`
chains them.
"""

from collections.abc import Callable
from typing import Any

from edgcn.augment import geometry, masking, noise, temporal

AUGMENTATIONS: dict[str, Callable[..., Any]] = {
    "subtract": geometry.subtract,
    "rotate": geometry.rotate,
    "shear": geometry.shear,
    "reverse": temporal.reverse,
    "noise": noise.noise,
    "blur": noise.blur,
    "joint_mask": masking.joint_mask,
    "channel_mask": masking.channel_mask,
    "mirror": geometry.mirror,
    "bone_scale": geometry.bone_scale,
    "posture": geometry.posture,
    "amplitude": geometry.amplitude,
    "crop_resize": temporal.crop_resize,
    "time_warp": temporal.time_warp,
}

__all__ = ["AUGMENTATIONS"]
