"""Joint names in any scheme as one: ShoulderLeft, LShoulder and left_shoulder are one joint."""

import re

# One anatomical point under several names.
_ALIASES = {
    "spine_shoulder": "chest",
    "shoulder_center": "chest",
    "thorax": "chest",
    "spine_base": "hips",
    "hip_center": "hips",
    "mid_hip": "hips",
    "pelvis": "hips",
    "spine_mid": "spine",
    "spine_navel": "spine",
    "handtip": "hand_tip",
    "pinky": "little",
}


def canonical(joint: str) -> str:
    """One name for a joint in any scheme: ShoulderLeft, LShoulder -> left_shoulder."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", joint)
    side = ""
    rest = []
    for word in words:
        lower = word.lower()
        if lower in ("left", "right"):
            side = lower
        elif lower in ("l", "r") and len(words) > 1:
            side = "left" if lower == "l" else "right"
        else:
            rest.append("little" if lower == "pinky" else lower)
    name = "_".join(rest)
    name = _ALIASES.get(name, name)
    return f"{side}_{name}" if side else name
