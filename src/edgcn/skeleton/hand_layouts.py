"""Skeletons with fingers, and bodies as large as whole-body models have them without the face.

Left and right are the person's own. A hand is MediaPipe's 21 points, which are OpenPose's, COCO
WholeBody's and Halpe's as well: the wrist, and four joints of each finger.
"""

from edgcn.skeleton.pose_layouts import BODY_25, BODY_25B, COCO_17, MEDIAPIPE_33
from edgcn.skeleton.topology import Topology, sides

FINGERS = ("index", "middle", "ring", "pinky")
_CHAINS = (
    ("thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip"),
    *(tuple(f"{finger}_{part}" for part in ("mcp", "pip", "dip", "tip")) for finger in FINGERS),
)
_JOINTS = tuple(joint for chain in _CHAINS for joint in chain)


def _bones(prefix: str, root: str) -> tuple[tuple[str, str], ...]:
    """Each finger from the wrist on."""
    return tuple(
        (f"{prefix}{joint}", f"{prefix}{before}" if before else root)
        for chain in _CHAINS
        for before, joint in zip(("", *chain[:-1]), chain, strict=True)
    )


HAND_21 = Topology(
    name="hand_21",
    joints=("wrist", *_JOINTS),
    bones=_bones("", "wrist"),
    center="wrist",
    mirror=(),
    shoulders=("index_mcp", "pinky_mcp"),  # a hand's width and length stand in for a body's
    spine=("wrist", "middle_mcp"),
    source="MediaPipe Hands (Zhang et al., 2020), one hand, left or right; stand-ins for shoulders "
    "and spine are ours",
)


def with_hands(body: Topology) -> Topology:
    """A body whose hands are found apart from it, as OpenPose does."""
    known = (layout for layout in HAND_LAYOUTS if layout.name == f"{body.name}_hands")
    source = f"{body.source}; with hand keypoints (Simon et al., CVPR 2017)"
    return next(known, None) or _with_hands(body, f"{body.name}_hands", source)


def _with_hands(body: Topology, name: str, source: str, *, roots: bool = True) -> Topology:
    """A body and then the left and the right hand.

    Args:
        roots: whether hands have a wrist of their own.
    """
    joints, bones = [*body.joints], [*body.bones]
    wrists = next(
        pair for pair in (("LWrist", "RWrist"), ("left_wrist", "right_wrist"))
        if {*pair} <= {*body.joints}
    )  # fmt: skip
    for side, wrist in zip(("left_", "right_"), wrists, strict=True):
        root = f"{side}hand_wrist" if roots else wrist
        joints += [root] * roots + [side + joint for joint in _JOINTS]
        bones += [(root, wrist)] * roots + [*_bones(side, root)]
    added = tuple(joints[len(body) :])
    return Topology(
        name=name,
        joints=tuple(joints),
        bones=tuple(bones),
        center=body.center,
        mirror=(*body.mirror, *sides(added, "left_", "right_")),
        shoulders=body.shoulders,
        spine=body.spine,
        source=source,
    )


_HALPE_26_JOINTS = (
    "Nose", "LEye", "REye", "LEar", "REar", "LShoulder", "RShoulder", "LElbow", "RElbow",
    "LWrist", "RWrist", "LHip", "RHip", "LKnee", "RKnee", "LAnkle", "RAnkle", "HeadTop", "Neck",
    "MidHip", "LBigToe", "RBigToe", "LSmallToe", "RSmallToe", "LHeel", "RHeel",
)  # fmt: skip
HALPE_26 = Topology(
    name="halpe_26",
    joints=_HALPE_26_JOINTS,
    bones=(
        ("Neck", "MidHip"), ("Nose", "Neck"), ("HeadTop", "Nose"),
        ("LEye", "Nose"), ("REye", "Nose"), ("LEar", "LEye"), ("REar", "REye"),
        ("LShoulder", "Neck"), ("LElbow", "LShoulder"), ("LWrist", "LElbow"),
        ("RShoulder", "Neck"), ("RElbow", "RShoulder"), ("RWrist", "RElbow"),
        ("LHip", "MidHip"), ("LKnee", "LHip"), ("LAnkle", "LKnee"),
        ("RHip", "MidHip"), ("RKnee", "RHip"), ("RAnkle", "RKnee"),
        ("LBigToe", "LAnkle"), ("LSmallToe", "LBigToe"), ("LHeel", "LAnkle"),
        ("RBigToe", "RAnkle"), ("RSmallToe", "RBigToe"), ("RHeel", "RAnkle"),
    ),
    center="Neck",
    mirror=sides(_HALPE_26_JOINTS, "L", "R"),
    shoulders=("LShoulder", "RShoulder"),
    spine=("MidHip", "Neck"),
    source="Halpe, body with feet (Fang et al., AlphaPose, TPAMI 2022), its keypoint order; its "
    "Head is the top of the head",
)  # fmt: skip

_MPI_15_JOINTS = (
    "HeadTop", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "RHip",
    "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "Spine",
)  # fmt: skip
MPI_15 = Topology(
    name="mpi_15",
    joints=_MPI_15_JOINTS,
    bones=(
        ("Neck", "Spine"), ("HeadTop", "Neck"),
        ("RShoulder", "Neck"), ("RElbow", "RShoulder"), ("RWrist", "RElbow"),
        ("LShoulder", "Neck"), ("LElbow", "LShoulder"), ("LWrist", "LElbow"),
        ("RHip", "Spine"), ("RKnee", "RHip"), ("RAnkle", "RKnee"),
        ("LHip", "Spine"), ("LKnee", "LHip"), ("LAnkle", "LKnee"),
    ),
    center="Neck",
    mirror=sides(_MPI_15_JOINTS, "L", "R"),
    shoulders=("LShoulder", "RShoulder"),
    spine=("Spine", "Neck"),
    source="OpenPose MPI, 15 keypoints (Cao et al., TPAMI 2021); its Chest is the middle of the "
    "trunk",
)  # fmt: skip

_FEET = ("big_toe", "small_toe", "heel")
_COCO_23_JOINTS = (
    *COCO_17.joints, *(f"{side}_{part}" for side in ("left", "right") for part in _FEET)
)  # fmt: skip
_COCO_23 = Topology(
    name="coco_23",
    joints=_COCO_23_JOINTS,
    bones=(
        *COCO_17.bones,
        *((f"{side}_{part}", f"{side}_ankle") for side in ("left", "right") for part in _FEET),
    ),
    center=COCO_17.center,
    mirror=sides(_COCO_23_JOINTS, "left_", "right_"),
    shoulders=COCO_17.shoulders,
    spine=COCO_17.spine,
    source="COCO-WholeBody, body and feet",
)

MEDIAPIPE_75 = _with_hands(
    MEDIAPIPE_33, "mediapipe_75",
    "MediaPipe Holistic without the face: Pose (Bazarevsky et al., 2020) and both Hands",
)  # fmt: skip
BODY_25_HANDS = _with_hands(
    BODY_25, "body_25_hands",
    "OpenPose BODY_25 and its hand keypoints (Simon et al., CVPR 2017), left hand first",
)  # fmt: skip
BODY_135 = _with_hands(
    BODY_25B, "body_135",
    "OpenPose BODY_135 (Hidalgo et al., ICCV 2019) without its 70 points of the face",
    roots=False,
)  # fmt: skip
COCO_WHOLEBODY = _with_hands(
    _COCO_23, "coco_wholebody",
    "COCO-WholeBody (Jin et al., ECCV 2020) without its 68 points of the face",
)  # fmt: skip
HALPE_136 = _with_hands(
    HALPE_26, "halpe_136",
    "Halpe full body (Fang et al., AlphaPose, TPAMI 2022) without its 68 points of the face",
)  # fmt: skip

HAND_LAYOUTS = (
    HALPE_26, MPI_15, HAND_21, MEDIAPIPE_75, BODY_25_HANDS, BODY_135, COCO_WHOLEBODY, HALPE_136,
)  # fmt: skip
