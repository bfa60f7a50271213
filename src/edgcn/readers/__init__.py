"""Readers by name: `READERS[name](path, **options) -> Recordings`. Foreign axis orders end here."""

from collections.abc import Callable

from edgcn.base.plugins import registry
from edgcn.readers.azure_kinect import read_azure_kinect
from edgcn.readers.bvh import read_bvh
from edgcn.readers.clips_npz import read_clips_npz
from edgcn.readers.coco_results import read_coco_results
from edgcn.readers.dlc import read_dlc
from edgcn.readers.events_npz import read_events_npz
from edgcn.readers.imigue import read_imigue
from edgcn.readers.keraal import read_keraal
from edgcn.readers.mediapipe import read_mediapipe
from edgcn.readers.msr_action3d import read_msr_action3d
from edgcn.readers.ntu import read_ntu
from edgcn.readers.nw_ucla import read_nw_ucla
from edgcn.readers.openpose import read_openpose
from edgcn.readers.pose import read_pose
from edgcn.readers.procedural import read_procedural
from edgcn.readers.pyskl import read_pyskl
from edgcn.readers.smg import read_smg
from edgcn.readers.stgcn import read_stgcn
from edgcn.readers.synthetic import read_synthetic
from edgcn.readers.table import read_table_of_joints
from edgcn.readers.trc import read_trc
from edgcn.readers.utd_mhad import read_utd_mhad
from edgcn.readers.video import read_video
from edgcn.skeleton.recording import Recordings

READERS: dict[str, Callable[..., Recordings]] = registry("reader", {
    "ntu": read_ntu,
    "smg": read_smg,
    "imigue": read_imigue,
    "openpose": read_openpose,
    "mediapipe": read_mediapipe,
    "coco_results": read_coco_results,
    "pyskl": read_pyskl,
    "stgcn": read_stgcn,
    "clips_npz": read_clips_npz,
    "events_npz": read_events_npz,
    "utd_mhad": read_utd_mhad,
    "msr_action3d": read_msr_action3d,
    "nw_ucla": read_nw_ucla,
    "table": read_table_of_joints,
    "dlc": read_dlc,
    "pose": read_pose,
    "bvh": read_bvh,
    "azure_kinect": read_azure_kinect,
    "trc": read_trc,
    "keraal": read_keraal,
    "video": read_video,
    "synthetic": read_synthetic,
    "procedural": read_procedural,
})  # fmt: skip

__all__ = ["READERS"]
