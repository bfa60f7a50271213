"""Two random views of each clip of a batch: what the contrast compares, and the others reconstruct.

rows -> clips.batch -> clean -> augment x 2 -> features, on the device of the generator
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.augment.compose import NO_SETTINGS, Settings, augment
from edgcn.augment.draws import Draws
from edgcn.objectives.base import Views
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.source import ClipSource
from edgcn.skeleton.tensors import Clips
from edgcn.training.batches import LocalBatch


def two_views(
    clips: ClipSource,
    batch: LocalBatch,
    generator: torch.Generator,
    *,
    inputs: Inputs,
    augmentations: Sequence[str],
    settings: Settings = NO_SETTINGS,
) -> Views:
    """The views of a local batch; every rank draws for the whole batch and keeps its own clips'.

    In float32 whatever the encoder computes in: bfloat16 would round 1 m to 4 mm, which is about
    as large as a small gesture, and evaluation does not round. Without augmentations both views
    are the clips.

    Args:
        settings: Of the augmentations, by name, where they differ from the defaults.
    """
    draws = Draws(generator, batch=batch.total, start=batch.start, count=len(batch.rows))
    with torch.autocast(generator.device.type, enabled=False):
        x = inputs.clean(clips.batch(batch.rows, inputs.frames).to(generator.device))
        clip = inputs.features(x)
        if not augmentations:
            return Views(clip, clip, clip)
        first, second = (
            one_view(x, draws, inputs=inputs, augmentations=augmentations, settings=settings)
            for _ in range(2)
        )
        return Views(first, second, clip)


def one_view(
    x: Clips,
    draws: Draws,
    *,
    inputs: Inputs,
    augmentations: Sequence[str],
    settings: Settings = NO_SETTINGS,
) -> Float[Tensor, "n features t v m"]:
    """One augmented view of normalized clips, as the encoder reads it."""
    topology, dims = inputs.topology, inputs.dims
    changed = augment(
        x, draws, names=augmentations, topology=topology, dims=dims, settings=settings
    )
    return inputs.features(changed)
