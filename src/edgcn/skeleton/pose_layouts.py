"""Skeletons that are found in pictures or lifted from them, each with its source.

Left and right are the person's own.
"""

from edgcn.skeleton.topology import Topology, sides


def _pairs(joints: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(LWrist, RWrist) and so on."""
    return tuple(
        (f"L{joint[1:]}", joint)
        for joint in joints
        if joint[0] == "R" and f"L{joint[1:]}" in joints
    )


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
    mirror=_pairs(_BODY_25_JOINTS),
    shoulders=("LShoulder", "RShoulder"),
    spine=("MidHip", "Neck"),
    source="OpenPose BODY_25 (Cao et al., TPAMI 2021), its documented keypoint order and pairs",
)  # fmt: skip

_BODY_25B_JOINTS = (
    "Nose", "LEye", "REye", "LEar", "REar", "LShoulder", "RShoulder", "LElbow", "RElbow",
    "LWrist", "RWrist", "LHip", "RHip", "LKnee", "RKnee", "LAnkle", "RAnkle", "UpperNeck",
    "HeadTop", "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel",
)  # fmt: skip
BODY_25B = Topology(
    name="body_25b",
    joints=_BODY_25B_JOINTS,
    bones=(
        ("Nose", "UpperNeck"), ("HeadTop", "UpperNeck"),
        ("LEye", "Nose"), ("REye", "Nose"), ("LEar", "LEye"), ("REar", "REye"),
        ("LShoulder", "UpperNeck"), ("LElbow", "LShoulder"), ("LWrist", "LElbow"),
        ("RShoulder", "UpperNeck"), ("RElbow", "RShoulder"), ("RWrist", "RElbow"),
        ("LHip", "LShoulder"), ("LKnee", "LHip"), ("LAnkle", "LKnee"),
        ("RHip", "RShoulder"), ("RKnee", "RHip"), ("RAnkle", "RKnee"),
        ("LBigToe", "LAnkle"), ("LSmallToe", "LBigToe"), ("LHeel", "LAnkle"),
        ("RBigToe", "RAnkle"), ("RSmallToe", "RBigToe"), ("RHeel", "RAnkle"),
    ),
    center="UpperNeck",
    mirror=_pairs(_BODY_25B_JOINTS),
    shoulders=("LShoulder", "RShoulder"),
    spine=("LHip", "LShoulder"),   # no midline joint below the neck
    source="OpenPose BODY_25B (Hidalgo et al., openpose_train, experimental models), its keypoint "
    "order; bones of its pairs, one tree joined by the neck",
)  # fmt: skip

_COCO_18_JOINTS = (*_BODY_25_JOINTS[:8], *_BODY_25_JOINTS[9:19])
COCO_18 = Topology(
    name="coco_18",
    joints=_COCO_18_JOINTS,
    bones=(
        ("Nose", "Neck"), ("RShoulder", "Neck"), ("RElbow", "RShoulder"), ("RWrist", "RElbow"),
        ("LShoulder", "Neck"), ("LElbow", "LShoulder"), ("LWrist", "LElbow"),
        ("RHip", "RShoulder"), ("RKnee", "RHip"), ("RAnkle", "RKnee"),
        ("LHip", "LShoulder"), ("LKnee", "LHip"), ("LAnkle", "LKnee"),
        ("REye", "Nose"), ("LEye", "Nose"), ("REar", "REye"), ("LEar", "LEye"),
    ),
    center="Neck",
    mirror=_pairs(_COCO_18_JOINTS),
    shoulders=("LShoulder", "RShoulder"),
    spine=("LHip", "LShoulder"),   # no midline joint below the neck
    source="OpenPose COCO, 18 keypoints (Cao et al., TPAMI 2021), as in Kinetics-Skeleton; bones "
    "of ST-GCN's openpose graph (Yan et al., AAAI 2018)",
)  # fmt: skip

_H36M_17_JOINTS = (
    "Pelvis", "RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "Spine", "Thorax", "Nose",
    "Head", "LShoulder", "LElbow", "LWrist", "RShoulder", "RElbow", "RWrist",
)  # fmt: skip
H36M_17 = Topology(
    name="h36m_17",
    joints=_H36M_17_JOINTS,
    bones=(
        ("RHip", "Pelvis"), ("RKnee", "RHip"), ("RAnkle", "RKnee"),
        ("LHip", "Pelvis"), ("LKnee", "LHip"), ("LAnkle", "LKnee"),
        ("Spine", "Pelvis"), ("Thorax", "Spine"), ("Nose", "Thorax"), ("Head", "Nose"),
        ("LShoulder", "Thorax"), ("LElbow", "LShoulder"), ("LWrist", "LElbow"),
        ("RShoulder", "Thorax"), ("RElbow", "RShoulder"), ("RWrist", "RElbow"),
    ),
    center="Spine",
    mirror=_pairs(_H36M_17_JOINTS),
    shoulders=("LShoulder", "RShoulder"),
    spine=("Pelvis", "Thorax"),
    source="Human3.6M (Ionescu et al., TPAMI 2014), the 17 joints of 3-D lifters (Martinez et al., "
    "ICCV 2017), who call the tenth Neck/Nose",
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

_HAND = (
    "hand_wrist",
    *(f"thumb_{part}" for part in ("cmc", "mcp", "ip", "tip")),
    *(f"{finger}_{part}"
      for finger in ("index", "middle", "ring", "pinky")
      for part in ("mcp", "pip", "dip", "tip")),
)  # fmt: skip
_MEDIAPIPE_75_JOINTS = (
    *_MEDIAPIPE_33_JOINTS,
    *(f"{s}_{joint}" for s in ("left", "right") for joint in _HAND),
)
MEDIAPIPE_75 = Topology(
    name="mediapipe_75",
    joints=_MEDIAPIPE_75_JOINTS,
    bones=(
        *MEDIAPIPE_33.bones,
        *((f"{s}_hand_wrist", f"{s}_wrist") for s in ("left", "right")),
        *((f"{s}_{_HAND[at]}", f"{s}_{_HAND[0 if at % 4 == 1 else at - 1]}")
          for s in ("left", "right") for at in range(1, 21)),
    ),
    center="nose",
    mirror=sides(_MEDIAPIPE_75_JOINTS, "left", "right"),
    shoulders=("left_shoulder", "right_shoulder"),
    spine=("left_hip", "left_shoulder"),
    source="MediaPipe Holistic (Grishchenko & Bazarevsky, 2020): Pose, then Hands, left and right",
)  # fmt: skip
