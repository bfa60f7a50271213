"""The skeletons of the field, joint by joint, each with the source of its order and bones.

Left and right are the person's own. Sensors' are here, those that are found in pictures in
pose_layouts.py. What is in `TOPOLOGIES` is known everywhere.
"""

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.skeleton.pose_layouts import (
    BODY_25,
    BODY_25B,
    COCO_17,
    COCO_18,
    H36M_17,
    MEDIAPIPE_33,
    MEDIAPIPE_75,
    MIGA_22,
)
from edgcn.skeleton.topology import Topology, sides

__all__ = [
    "BODY_25",
    "BODY_25B",
    "COCO_17",
    "COCO_18",
    "H36M_17",
    "ISL",
    "KINECT_V1",
    "KINECT_V2",
    "KINECT_V2_PYSKL",
    "MEDIAPIPE_33",
    "MEDIAPIPE_75",
    "MIGA_22",
    "MSR_ACTION3D",
    "TOPOLOGIES",
    "UTD_MHAD",
    "topology_named",
    "topology_of",
]

_KINECT_V2_JOINTS = (
    "SpineBase", "SpineMid", "Neck", "Head",
    "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft",
    "ShoulderRight", "ElbowRight", "WristRight", "HandRight",
    "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft",
    "HipRight", "KneeRight", "AnkleRight", "FootRight",
    "SpineShoulder", "HandTipLeft", "ThumbLeft", "HandTipRight", "ThumbRight",
)  # fmt: skip
_KINECT_V2_BODY = (
    ("SpineBase", "SpineMid"), ("SpineMid", "SpineShoulder"),
    ("Neck", "SpineShoulder"), ("Head", "Neck"),
    ("ShoulderLeft", "SpineShoulder"), ("ElbowLeft", "ShoulderLeft"),
    ("WristLeft", "ElbowLeft"), ("HandLeft", "WristLeft"),
    ("ShoulderRight", "SpineShoulder"), ("ElbowRight", "ShoulderRight"),
    ("WristRight", "ElbowRight"), ("HandRight", "WristRight"),
    ("HipLeft", "SpineBase"), ("KneeLeft", "HipLeft"),
    ("AnkleLeft", "KneeLeft"), ("FootLeft", "AnkleLeft"),
    ("HipRight", "SpineBase"), ("KneeRight", "HipRight"),
    ("AnkleRight", "KneeRight"), ("FootRight", "AnkleRight"),
)  # fmt: skip

KINECT_V2 = Topology(
    name="kinect_v2",
    joints=_KINECT_V2_JOINTS,
    # MS-G3D chains hand -> thumb -> tip, 1-based 22-23, 23-8, 24-25, 25-12.
    bones=(
        *_KINECT_V2_BODY,
        ("ThumbLeft", "HandLeft"),
        ("HandTipLeft", "ThumbLeft"),
        ("ThumbRight", "HandRight"),
        ("HandTipRight", "ThumbRight"),
    ),
    center="SpineMid",
    mirror=sides(_KINECT_V2_JOINTS, "Left", "Right"),
    shoulders=("ShoulderLeft", "ShoulderRight"),
    spine=("SpineBase", "SpineShoulder"),
    source="NTU RGB+D (Shahroudy et al., CVPR 2016); hand bones of MS-G3D (Liu et al., CVPR 2020)",
)

KINECT_V2_PYSKL = Topology(
    name="kinect_v2_pyskl",
    joints=_KINECT_V2_JOINTS,
    # pyskl joins both thumb and tip, 1-based 22-8, 23-8, 24-12, 25-12.
    bones=(
        *_KINECT_V2_BODY,
        ("HandTipLeft", "HandLeft"),
        ("ThumbLeft", "HandLeft"),
        ("HandTipRight", "HandRight"),
        ("ThumbRight", "HandRight"),
    ),
    center="SpineMid",
    mirror=sides(_KINECT_V2_JOINTS, "Left", "Right"),
    shoulders=("ShoulderLeft", "ShoulderRight"),
    spine=("SpineBase", "SpineShoulder"),
    source="NTU RGB+D (Shahroudy et al., CVPR 2016); hand bones of pyskl (Duan et al., 2022)",
)

_KINECT_V1_JOINTS = (
    "HipCenter", "Spine", "ShoulderCenter", "Head",
    "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft",
    "ShoulderRight", "ElbowRight", "WristRight", "HandRight",
    "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft",
    "HipRight", "KneeRight", "AnkleRight", "FootRight",
)  # fmt: skip
_KINECT_V1_BONES = (
    ("HipCenter", "Spine"), ("Spine", "ShoulderCenter"), ("Head", "ShoulderCenter"),
    ("ShoulderLeft", "ShoulderCenter"), ("ElbowLeft", "ShoulderLeft"),
    ("WristLeft", "ElbowLeft"), ("HandLeft", "WristLeft"),
    ("ShoulderRight", "ShoulderCenter"), ("ElbowRight", "ShoulderRight"),
    ("WristRight", "ElbowRight"), ("HandRight", "WristRight"),
    ("HipLeft", "HipCenter"), ("KneeLeft", "HipLeft"),
    ("AnkleLeft", "KneeLeft"), ("FootLeft", "AnkleLeft"),
    ("HipRight", "HipCenter"), ("KneeRight", "HipRight"),
    ("AnkleRight", "KneeRight"), ("FootRight", "AnkleRight"),
)  # fmt: skip


def _kinect_v1(name: str, joints: tuple[str, ...], source: str) -> Topology:
    """The 20 joints of the first Kinect in the order a data set stores them."""
    return Topology(
        name=name,
        joints=joints,
        bones=_KINECT_V1_BONES,
        center="Spine",
        mirror=sides(joints, "Left", "Right"),
        shoulders=("ShoulderLeft", "ShoulderRight"),
        spine=("HipCenter", "ShoulderCenter"),
        source=source,
    )


KINECT_V1 = _kinect_v1("kinect_v1", _KINECT_V1_JOINTS, "Kinect for Windows SDK 1.8, JointType")
UTD_MHAD = _kinect_v1(
    "utd_mhad",
    ("Head", "ShoulderCenter", "Spine", "HipCenter", *_KINECT_V1_JOINTS[4:]),
    "UTD-MHAD (Chen, Jafari, Kehtarnavaz, ICIP 2015)",
)
MSR_ACTION3D = _kinect_v1(
    "msr_action3d",
    (
        "ShoulderLeft", "ShoulderRight", "ShoulderCenter", "Spine", "HipLeft", "HipRight",
        "HipCenter", "ElbowLeft", "ElbowRight", "WristLeft", "WristRight", "HandLeft",
        "HandRight", "KneeLeft", "KneeRight", "AnkleLeft", "AnkleRight", "FootLeft",
        "FootRight", "Head",
    ),
    "MSR Action3D (Li, Zhang, Liu, CVPR4HB 2010)",
)  # fmt: skip

_ISL_JOINTS = (
    "Head", "Neck", "ShoulderLeft", "ShoulderRight", "ElbowLeft", "ElbowRight",
    "WristLeft", "WristRight", "HandLeft", "HandRight", "SpineMid", "SpineBase",
    "HipLeft", "HipRight", "KneeLeft", "KneeRight", "AnkleLeft", "AnkleRight",
    "FootLeft", "FootRight",
)  # fmt: skip
ISL = Topology(
    name="isl",
    joints=_ISL_JOINTS,
    bones=(
        ("SpineBase", "SpineMid"), ("SpineMid", "Neck"), ("Head", "Neck"),
        ("ShoulderLeft", "Neck"), ("ElbowLeft", "ShoulderLeft"),
        ("WristLeft", "ElbowLeft"), ("HandLeft", "WristLeft"),
        ("ShoulderRight", "Neck"), ("ElbowRight", "ShoulderRight"),
        ("WristRight", "ElbowRight"), ("HandRight", "WristRight"),
        ("HipLeft", "SpineBase"), ("KneeLeft", "HipLeft"),
        ("AnkleLeft", "KneeLeft"), ("FootLeft", "AnkleLeft"),
        ("HipRight", "SpineBase"), ("KneeRight", "HipRight"),
        ("AnkleRight", "KneeRight"), ("FootRight", "AnkleRight"),
    ),
    center="SpineMid",
    mirror=sides(_ISL_JOINTS, "Left", "Right"),
    shoulders=("ShoulderLeft", "ShoulderRight"),
    spine=("SpineBase", "Neck"),
    source="Indian Sign Language, isolated signs (arXiv 2010.12669); Kinect, 20 joints",
)  # fmt: skip

TOPOLOGIES = {
    topology.name: topology
    for topology in (
        KINECT_V2,
        KINECT_V2_PYSKL,
        KINECT_V1,
        UTD_MHAD,
        MSR_ACTION3D,
        ISL,
        BODY_25,
        BODY_25B,
        MIGA_22,
        COCO_17,
        COCO_18,
        H36M_17,
        MEDIAPIPE_33,
        MEDIAPIPE_75,
    )
}


def topology_named(name: str) -> Topology:
    """The known topology of this name."""
    if name not in TOPOLOGIES:
        hint = did_you_mean(name, TOPOLOGIES)
        raise EdgcnError(f"no topology is named {name!r}: there are {', '.join(TOPOLOGIES)}{hint}")
    return TOPOLOGIES[name]


def topology_of(joints: tuple[str, ...]) -> Topology:
    """The known topology with exactly these joints in this order."""
    for topology in TOPOLOGIES.values():
        if topology.joints == joints:
            return topology
    known = ", ".join(TOPOLOGIES)
    raise EdgcnError(
        f"no known topology has these {len(joints)} joints in this order: "
        f"{', '.join(joints)}; known: {known}; or give the bones as well"
    )
