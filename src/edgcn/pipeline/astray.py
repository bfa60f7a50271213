"""Clips whose numbers cannot be compared with those of others: not finite, or absurdly large.

size of each clip (N,) -> which are astray, and a sentence that names them and says why
"""

import numpy as np
import torch
from jaxtyping import Bool, Float

from edgcn.base.words import LISTED, named
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.source import FRAMES, ClipSource, batches

FAR = 1000.0  # no person is so many times as large as most

Sizes = Float[np.ndarray, " n"]


def astray(sizes: Sizes) -> Bool[np.ndarray, " n"]:
    """Which are NaN or infinite; where none is, which are `FAR` times as large as most."""
    bad = ~np.isfinite(sizes)
    if bad.any() or not sizes.any():
        return np.asarray(bad)
    return np.asarray(sizes > FAR * float(np.median(sizes[sizes > 0])))


def named_astray(what: str, sizes: Sizes, clips: ClipSource, rows: np.ndarray) -> str:
    """`features of 2 of 24 clips of NAME are not finite (a, b): ...`; nothing where all is well.

    Args:
        what: has these sizes.
        sizes: the largest number of each of the rows.
    """
    bad = astray(sizes)
    if not bad.any():
        return ""
    if bad.all() and len(rows) > 1:
        return f"{what} of all {len(rows)} clips of {clips.name} are not finite"
    finite = bool(np.isfinite(sizes).all())
    why = f"are more than {FAR:g} times as large as of most" if finite else "are not finite"
    names = getattr(clips, "names", None)
    listed = [str(row if names is None else names[row]) for row in rows[bad]]
    largest = float(clips.batch(rows[bad][:1], FRAMES).abs().max())
    return (
        f"{what} of {len(listed)} of {len(rows)} clips of {clips.name} {why}: "
        f"{named(listed, most=LISTED)} (the largest coordinate there is {largest:.3g} "
        f"{clips.units}); leave such clips out, or mend them, and prepare the store again"
    )


def input_astray(clips: ClipSource, rows: np.ndarray, inputs: Inputs) -> str:
    """The same of what an encoder reads."""
    sizes = [
        inputs.features(inputs.clean(clips.batch(part, inputs.frames))).flatten(1).abs().amax(1)
        for part in batches(rows)
    ]
    return named_astray("the input", torch.cat(sizes).cpu().numpy(), clips, rows)
