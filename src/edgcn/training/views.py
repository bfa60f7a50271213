"""Two random views of each clip of a batch: what the contrast compares, and the others reconstruct.

rows -> store.batch -> normalize -> augment x2 -> features, on the device of the generator
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.augment.compose import augment
from edgcn.augment.draws import Draws
from edgcn.commands.config import PretrainConfig, augmentations_of
from edgcn.objectives import Usual
from edgcn.pipeline.inputs import Inputs
from edgcn.skeleton.tensors import Clips, shown
from edgcn.store import Store
from edgcn.training.loop import Share, Views

FLAT = 1e-3  # least spread of a channel: what never changes is not divided by nothing


def two_views(
    store: Store, share: Share, generator: torch.Generator, inputs: Inputs, config: PretrainConfig
) -> Views:
    """Both views of one rank's part of a batch, and the clips; all ranks draw for the whole batch.

    In float32 whatever the encoder computes in: bfloat16 would round 1 m to 4 mm, which is about
    as large as a small gesture, and evaluation does not round.
    """
    draws = Draws(generator, batch=share.batch, start=share.start, count=len(share.rows))
    with torch.autocast(generator.device.type, enabled=False):
        x = inputs.clean(store.batch(share.rows, inputs.frames).to(generator.device))
        clips = inputs.features(x)
        if not augmentations_of(config):
            return clips, clips, clips
        first, second = (make_view(x, draws, inputs, config) for _ in range(2))
        return first, second, clips


def make_view(
    x: Clips, draws: Draws, inputs: Inputs, config: PretrainConfig
) -> Float[Tensor, "n features t v m"]:
    """One augmented view of normalized clips, as the encoder reads it."""
    changed = augment(
        x,
        draws,
        names=augmentations_of(config),
        topology=inputs.topology,
        dims=inputs.dims,
        options=config.augmentation_options,
    )
    return inputs.features(changed)


@torch.no_grad()
def usual_clip(store: Store, rows: np.ndarray, inputs: Inputs, *, most: int = 2000) -> Usual:
    """Mean of each joint over the frames that have it, and how far joints stray from theirs.

    Of what the encoder reads.

    Args:
        most: clips to look at, at even steps through the rows.
    """
    chosen = rows[:: -(-len(rows) // most)]
    total, square, count = torch.zeros(()), torch.zeros(()), torch.zeros(())
    for first in range(0, len(chosen), 128):
        x = inputs.clean(store.batch(chosen[first : first + 128], inputs.frames))
        x = inputs.features(x).cpu().double()
        total = total + x.sum(dim=(0, 2))
        square = square + x.square().sum(dim=(0, 2))
        count = count + shown(x, dims=x.shape[1]).sum(dim=(0, 2))
    pose = total / count.clamp(min=1)
    around = (square - count * pose.square()).sum(dim=(1, 2)) / count.sum().clamp(min=1)
    spread = around.clamp(min=FLAT**2).sqrt()
    return Usual(pose.float(), spread.float(), inputs.frames)


def try_views(store: Store, inputs: Inputs, config: PretrainConfig, rows: np.ndarray) -> None:
    """Make one clip's views: what the augmentations refuse of a skeleton they refuse now."""
    draws = Draws(torch.Generator(), batch=1)
    make_view(inputs.clean(store.batch(rows[:1], inputs.frames)), draws, inputs, config)
