"""The skeletons of the field, joint by joint, each with the source of its order and bones.

Left and right are the person's own. Add one here and it is known everywhere (`TOPOLOGIES`).
"""

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.skeleton.topology import Topology, sides

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

_BODY_25_JOINTS = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "MidHip",
    "RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar",
    "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel",
)  # fmt: skip
BODY_25 = Topology(
    name="body_25",
    joints=_BODY_25_JOINTS,
    bones=(
        ("Nose", "Neck"), ("RShoulder", "Neck"), ("RElbow", "RShoulder"), ("RWrist", "RElbow"),
        ("LShoulder", "Neck"), ("LElbow", "LShoulder"), ("LWrist", "LElbow"), ("MidHip", "Neck"),
        ("RHip", "MidHip"), ("RKnee", "RHip"), ("RAnkle", "RKnee"),
        ("LHip", "MidHip"), ("LKnee", "LHip"), ("LAnkle", "LKnee"),
        ("REye", "Nose"), ("LEye", "Nose"), ("REar", "REye"), ("LEar", "LEye"),
        ("LBigToe", "LAnkle"), ("LSmallToe", "LBigToe"), ("LHeel", "LAnkle"),
        ("RBigToe", "RAnkle"), ("RSmallToe", "RBigToe"), ("RHeel", "RAnkle"),
    ),
    center="Neck",   # micro-gestures are filmed seated: the hips are often out of view
    mirror=tuple(
        ("L" + joint[1:], joint)
        for joint in _BODY_25_JOINTS if joint[0] == "R" and "L" + joint[1:] in _BODY_25_JOINTS
    ),
    shoulders=("LShoulder", "RShoulder"),
    spine=("MidHip", "Neck"),
    source="OpenPose BODY_25 (Cao et al., TPAMI 2021), its documented keypoint order and pairs",
)  # fmt: skip

_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")
_MIGA_22_JOINTS = (
    *_BODY_25_JOINTS[:8], *_BODY_25_JOINTS[15:19],
    *(f"R{finger}" for finger in _FINGERS), *(f"L{finger}" for finger in _FINGERS),
)  # fmt: skip
MIGA_22 = Topology(
    name="miga_22",
    joints=_MIGA_22_JOINTS,
    bones=(
        ("Nose", "Neck"), ("RShoulder", "Neck"), ("RElbow", "RShoulder"), ("RWrist", "RElbow"),
        ("LShoulder", "Neck"), ("LElbow", "LShoulder"), ("LWrist", "LElbow"),
        ("REye", "Nose"), ("LEye", "Nose"), ("REar", "REye"), ("LEar", "LEye"),
        *((f"R{finger}", "RWrist") for finger in _FINGERS),
        *((f"L{finger}", "LWrist") for finger in _FINGERS),
    ),
    center="Neck",
    mirror=(
        *((f"L{part}", f"R{part}") for part in ("Shoulder", "Elbow", "Wrist", "Eye", "Ear")),
        *((f"L{finger}", f"R{finger}") for finger in _FINGERS),
    ),
    shoulders=("LShoulder", "RShoulder"),
    spine=("Neck", "Nose"),   # no hips in this layout: the neck is the lowest point of the trunk
    source="MiGA challenge release of iMiGUE: BODY_25 joints 0-7 and 15-18, ten finger points",
)  # fmt: skip

_COCO_17_JOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
COCO_17 = Topology(
    name="coco_17",
    joints=_COCO_17_JOINTS,
    bones=(
        ("left_eye", "nose"), ("right_eye", "nose"), ("left_ear", "left_eye"),
        ("right_ear", "right_eye"), ("left_shoulder", "nose"), ("right_shoulder", "nose"),
        ("left_elbow", "left_shoulder"), ("right_elbow", "right_shoulder"),
        ("left_wrist", "left_elbow"), ("right_wrist", "right_elbow"),
        ("left_hip", "left_shoulder"), ("right_hip", "right_shoulder"),
        ("left_knee", "left_hip"), ("right_knee", "right_hip"),
        ("left_ankle", "left_knee"), ("right_ankle", "right_knee"),
    ),
    center="nose",
    mirror=sides(_COCO_17_JOINTS, "left_", "right_"),
    shoulders=("left_shoulder", "right_shoulder"),
    spine=("left_hip", "left_shoulder"),   # COCO has no midline joint below the nose
    source="COCO keypoints (Lin et al., ECCV 2014); bones of pyskl's coco graph",
)  # fmt: skip

_MEDIAPIPE_33_JOINTS = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye",
    "right_eye_outer", "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_pinky",
    "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb", "left_hip",
    "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel",
    "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
MEDIAPIPE_33 = Topology(
    name="mediapipe_33",
    joints=_MEDIAPIPE_33_JOINTS,
    bones=(
        *((f"{s}_eye_inner", "nose") for s in ("left", "right")),
        *((f"{s}_eye", f"{s}_eye_inner") for s in ("left", "right")),
        *((f"{s}_eye_outer", f"{s}_eye") for s in ("left", "right")),
        *((f"{s}_ear", f"{s}_eye_outer") for s in ("left", "right")),
        *((f"mouth_{s}", "nose") for s in ("left", "right")),
        *((f"{s}_shoulder", "nose") for s in ("left", "right")),
        *((f"{s}_elbow", f"{s}_shoulder") for s in ("left", "right")),
        *((f"{s}_wrist", f"{s}_elbow") for s in ("left", "right")),
        *((f"{s}_{f}", f"{s}_wrist")
          for s in ("left", "right") for f in ("pinky", "index", "thumb")),
        *((f"{s}_hip", f"{s}_shoulder") for s in ("left", "right")),
        *((f"{s}_knee", f"{s}_hip") for s in ("left", "right")),
        *((f"{s}_ankle", f"{s}_knee") for s in ("left", "right")),
        *((f"{s}_heel", f"{s}_ankle") for s in ("left", "right")),
        *((f"{s}_foot_index", f"{s}_heel") for s in ("left", "right")),
    ),
    center="nose",
    mirror=sides(_MEDIAPIPE_33_JOINTS, "left", "right"),
    shoulders=("left_shoulder", "right_shoulder"),
    spine=("left_hip", "left_shoulder"),   # MediaPipe has no midline joint below the nose
    source="MediaPipe Pose landmarks (Bazarevsky et al., 2020); one tree, joined by the nose",
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
        MIGA_22,
        COCO_17,
        MEDIAPIPE_33,
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
