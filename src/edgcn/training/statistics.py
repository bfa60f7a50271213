"""What the training clips are like, for objectives that reconstruct them.

rows -> clips.batch -> clean -> features -> mean pose (C, V, M), spread (C,)
"""

import numpy as np
import torch

from edgcn.objectives.reconstruct import ClipStatistics, visible_joints
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.source import ClipSource, batches

FLAT = 1e-3  # least spread of a channel: what never changes is not divided by nothing


@torch.no_grad()
def clip_statistics(
    clips: ClipSource, rows: np.ndarray, inputs: Inputs, *, most: int = 2000
) -> ClipStatistics:
    """Mean of each joint over the frames in which it is visible, and the spread around it.

    Of what the encoder reads.

    Args:
        most: Number of clips to look at, at even steps through the rows.
    """
    total, square, count = torch.zeros(()), torch.zeros(()), torch.zeros(())
    for chosen in batches(rows[:: -(-len(rows) // most)]):
        x = inputs.features(inputs.clean(clips.batch(chosen, inputs.frames))).cpu().double()
        total = total + x.sum(dim=(0, 2))
        square = square + x.square().sum(dim=(0, 2))
        count = count + visible_joints(x).sum(dim=(0, 2))
    pose = total / count.clamp(min=1)
    away = (square - count * pose.square()).sum(dim=(1, 2)) / count.sum().clamp(min=1)
    spread = away.clamp(min=FLAT**2).sqrt()
    return ClipStatistics(pose.float(), spread.float(), inputs.frames)
