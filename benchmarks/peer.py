"""The public MS-G3D, from a checkout that the user brings: its own code, run as it is.

Used by processes of their own (`benchmarks.worker`): its modules have names such as `utils`.
"""

import importlib
import sys
from pathlib import Path

from torch import nn

from edgcn.base.errors import EdgcnError


def check_peer(folder: Path) -> None:
    """Refuse a folder that is no checkout of MS-G3D."""
    if not (folder / "model" / "msg3d.py").is_file():
        raise EdgcnError(
            f"--peer-msg3d {folder}: expected a checkout of MS-G3D with model/msg3d.py, found "
            f"none; clone the public repository of the paper and give its folder"
        )


def load_peer(folder: Path, *, gcn_scales: int, g3d_scales: int, bodies: int) -> nn.Module:
    """MS-G3D of 25 joints, its classifier 256 wide as our embedding."""
    check_peer(folder)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    model: nn.Module = importlib.import_module("model.msg3d").Model(
        num_class=256,
        num_point=25,
        num_person=bodies,
        num_gcn_scales=gcn_scales,
        num_g3d_scales=g3d_scales,
        graph="graph.ntu_rgb_d.AdjMatrixGraph",
    )
    return model
