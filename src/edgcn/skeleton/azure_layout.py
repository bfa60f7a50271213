"""The skeleton of the Azure Kinect, with its source. Left and right are the person's own."""

from edgcn.skeleton.topology import Topology, sides

_AZURE_32_JOINTS = (
    "PELVIS", "SPINE_NAVEL", "SPINE_CHEST", "NECK",
    "CLAVICLE_LEFT", "SHOULDER_LEFT", "ELBOW_LEFT", "WRIST_LEFT", "HAND_LEFT", "HANDTIP_LEFT",
    "THUMB_LEFT",
    "CLAVICLE_RIGHT", "SHOULDER_RIGHT", "ELBOW_RIGHT", "WRIST_RIGHT", "HAND_RIGHT",
    "HANDTIP_RIGHT", "THUMB_RIGHT",
    "HIP_LEFT", "KNEE_LEFT", "ANKLE_LEFT", "FOOT_LEFT",
    "HIP_RIGHT", "KNEE_RIGHT", "ANKLE_RIGHT", "FOOT_RIGHT",
    "HEAD", "NOSE", "EYE_LEFT", "EAR_LEFT", "EYE_RIGHT", "EAR_RIGHT",
)  # fmt: skip
AZURE_32 = Topology(
    name="azure_32",
    joints=_AZURE_32_JOINTS,
    bones=(
        ("SPINE_NAVEL", "PELVIS"), ("SPINE_CHEST", "SPINE_NAVEL"), ("NECK", "SPINE_CHEST"),
        *(
            (f"{child}_{side}", f"{parent}_{side}")
            for side in ("LEFT", "RIGHT")
            for child, parent in (
                ("SHOULDER", "CLAVICLE"), ("ELBOW", "SHOULDER"), ("WRIST", "ELBOW"),
                ("HAND", "WRIST"), ("HANDTIP", "HAND"), ("THUMB", "WRIST"),
                ("KNEE", "HIP"), ("ANKLE", "KNEE"), ("FOOT", "ANKLE"),
            )
        ),
        ("CLAVICLE_LEFT", "SPINE_CHEST"), ("CLAVICLE_RIGHT", "SPINE_CHEST"),
        ("HIP_LEFT", "PELVIS"), ("HIP_RIGHT", "PELVIS"),
        ("HEAD", "NECK"), ("NOSE", "HEAD"),
        ("EYE_LEFT", "HEAD"), ("EAR_LEFT", "HEAD"), ("EYE_RIGHT", "HEAD"), ("EAR_RIGHT", "HEAD"),
    ),
    center="SPINE_NAVEL",
    mirror=sides(_AZURE_32_JOINTS, "LEFT", "RIGHT"),
    shoulders=("SHOULDER_LEFT", "SHOULDER_RIGHT"),
    spine=("PELVIS", "NECK"),
    source="Azure Kinect Body Tracking SDK 1.x, k4abt_joint_id_t and its joint hierarchy",
)  # fmt: skip
