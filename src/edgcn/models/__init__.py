"""Encoders by name: `ENCODERS[name](topology, in_channels=3, bodies=1, **settings)`.

The contract is two lines: `encoder(clips)` takes clips (N, C, T, V, M) to (N, embed_dim), and
`embed_dim`. What an encoder may offer besides, and what that is for:

    features(clips) -> (N, feature_dim, T', V'), feature_dim    readouts but `mean`
    every_map(clips) -> (N, D, T', V') of each block in turn    `peaks` of all blocks
    joint_axes() -> {tensor: {axis: numbers per joint}}         `rebuild` on another skeleton
    recompute()                                                 training in less memory

Plugins add to the same dict. Parameters below are for 25 joints and one body.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from edgcn.base.plugins import registry
from edgcn.models.dense_graph import DenseGraphEncoder
from edgcn.models.readout import READOUTS, Reader, readout_for, readout_width
from edgcn.models.rebuild import rebuild
from edgcn.models.recurrent import RecurrentEncoder
from edgcn.models.stgcn import STGCN
from edgcn.models.synchronized_norm import synchronize_batch_norm

# Hops (0, 1) in EDGCN: the paper says "one scale" and does not say which. Hop 0 alone is the
# identity, so joints would mix only through the learned residual. Hop 1 alone cannot tell the
# frames of a window apart, because all of them have the same neighbors. Hop 0 keeps each joint and
# frame itself, hop 1 brings its neighbors: the least that is a dense graph. MS-G3D would count
# these as two scales; `hops=(0,)` is its one scale.
_edgcn = partial(DenseGraphEncoder, hops=(0, 1), windows=(3,), temporal="simple")

_built_in: dict[str, Callable[..., nn.Module]] = {
    # Stock MS-G3D: 4,365,307; with g3d_scales=6: 3,269,905.
    "msg3d": partial(DenseGraphEncoder, gcn_scales=13, g3d_scales=13),
    # The simplified MS-G3D of the paper: 2,462,746.
    "msg3d-small": partial(DenseGraphEncoder, gcn_scales=6, g3d_scales=3),
    # What Table I of the paper counts as EDGCN, "1.9 M": 1,908,559.
    "edgcn-table1": partial(DenseGraphEncoder, gcn_scales=1, g3d_scales=1),
    # What the text of the paper describes.
    "edgcn": _edgcn,
    # A third of that width, for CPUs and the demo.
    "edgcn-s": partial(_edgcn, widths=(32, 64, 128)),
    # The baseline of Rao et al. 2021.
    "ascal-lstm": RecurrentEncoder,
    # Predict & Cluster, Su et al. 2020: 44.6 M parameters; `hidden` makes it small.
    "pc-gru": partial(
        RecurrentEncoder, cell="gru", layers=3, bidirectional=True, hidden=1024, pool="last"
    ),
    # The latent mean of the sequential autoencoder of Liu et al. 2021. The sizes are our choice:
    # AS-CAL's 256 states in each direction, averaged over frames, and a latent of 64.
    "vae-lstm": partial(RecurrentEncoder, bidirectional=True, hidden=256, embed_dim=64),
    # The encoder of SkeletonCLR and CrosSCLR, Li et al. 2021.
    "stgcn-quarter": STGCN,
}

ENCODERS = registry("encoder", _built_in)

__all__ = [
    "ENCODERS",
    "READOUTS",
    "STGCN",
    "DenseGraphEncoder",
    "Reader",
    "RecurrentEncoder",
    "readout_for",
    "readout_width",
    "rebuild",
    "synchronize_batch_norm",
]
