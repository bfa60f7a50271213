"""What procedural people do, as data: how often, how far, where to.

Angles are radians, points fractions of stature: x outward on the hand's own side, y up, z back.
"""

# Of every angle of trunk, head and shoulders: chance that it moves in a clip, usual size of a move,
# and to which side moves tend.
ANGLES = {
    "lean": (0.25, 0.30, 0.10), "bend": (0.20, 0.18, 0.0), "twist": (0.25, 0.30, 0.0),
    "slump": (0.15, 0.15, 0.0), "poke": (0.12, 0.25, 0.05), "nod": (0.30, 0.25, 0.03),
    "tilt": (0.20, 0.20, 0.0), "turn": (0.35, 0.45, 0.0), "left shrug": (0.12, 0.2, 0.05),
    "right shrug": (0.12, 0.2, 0.05),
}  # fmt: skip
LIMITS = {
    "lean": (-0.5, 1.5), "bend": (-0.7, 0.7), "twist": (-0.9, 0.9), "slump": (-0.1, 0.8),
    "poke": (-0.1, 0.8), "nod": (-0.6, 0.8), "tilt": (-0.6, 0.6), "turn": (-1.2, 1.2),
    "left shrug": (-0.25, 0.6), "right shrug": (-0.25, 0.6),
}  # fmt: skip
IDLE = 0.015  # radians that a trunk at rest sways by

# What the legs do: its chance, and how high the hips are before and after: up, on a seat, or low.
LEGS = {
    "sit": (0.34, "seat", "seat"),
    "stand": (0.38, "up", "up"),
    "walk": (0.07, "up", "up"),
    "squat": (0.05, "up", "low"),
    "rise": (0.03, "seat", "up"),
    "sit down": (0.03, "up", "seat"),
    "leg": (0.10, "up", "up"),
}

# What a place is fixed to. Places on chest, girdle and head turn with them; the others stay level.
FRAMES = ("floor", "pelvis", "chest", "head", "shoulder", "girdle", "elbow", "hand")
TURNING = {"chest": "chest", "girdle": "chest", "head": "head"}

# Where a hand goes: weight, frame, center and spread of the fingertips; the last two frames are the
# other arm's.
PLACES = {
    "face": (1.5, "head", (0.015, -0.01, -0.055), (0.025, 0.035, 0.015)),
    "head": (1.0, "head", (0.03, 0.05, 0.0), (0.035, 0.025, 0.045)),
    "neck": (0.8, "chest", (0.02, 0.035, -0.02), (0.025, 0.02, 0.035)),
    "chest": (0.8, "chest", (-0.02, -0.07, -0.075), (0.05, 0.04, 0.012)),
    "belly": (0.7, "pelvis", (0.02, 0.09, -0.085), (0.05, 0.05, 0.012)),
    "hip": (0.5, "pelvis", (0.075, 0.035, 0.0), (0.015, 0.03, 0.04)),
    "back": (0.3, "pelvis", (0.0, 0.08, 0.085), (0.05, 0.04, 0.01)),
    "other shoulder": (0.4, "chest", (-0.10, 0.0, -0.04), (0.02, 0.02, 0.03)),
    "other elbow": (0.5, "elbow", (0.0, 0.02, -0.02), (0.02, 0.02, 0.02)),
    "other hand": (0.9, "hand", (0.0, 0.0, 0.0), (0.015, 0.015, 0.015)),
    "thigh": (0.5, "pelvis", (0.06, 0.02, -0.17), (0.03, 0.02, 0.05)),
    "floor": (0.25, "floor", (0.05, 0.08, -0.22), (0.08, 0.08, 0.08)),
    "table": (1.2, "pelvis", (0.05, 0.10, -0.25), (0.10, 0.03, 0.05)),
    "ahead": (1.6, "girdle", (0.0, 0.0, -0.30), (0.12, 0.12, 0.06)),
    "before": (1.6, "shoulder", (-0.02, -0.09, -0.17), (0.08, 0.08, 0.05)),
    "up": (0.9, "shoulder", (0.06, 0.26, -0.08), (0.08, 0.08, 0.09)),
    "aside": (0.8, "shoulder", (0.28, 0.0, -0.05), (0.07, 0.12, 0.10)),
    "across": (0.5, "shoulder", (-0.20, -0.03, -0.20), (0.06, 0.09, 0.05)),
    "down": (0.5, "shoulder", (0.08, -0.32, -0.10), (0.06, 0.05, 0.09)),
}
# Where hands lie when they do nothing: weight seated and standing, frame, center.
RESTS = {
    "thigh": (0.40, 0.0, "pelvis", (0.05, 0.045, -0.23)),
    "lap": (0.25, 0.0, "pelvis", (-0.01, 0.06, -0.17)),
    "armrest": (0.12, 0.0, "pelvis", (0.15, 0.12, -0.21)),
    "table": (0.30, 0.03, "pelvis", (0.06, 0.11, -0.23)),
    "hang": (0.03, 1.0, "shoulder", (0.03, -0.425, -0.03)),
    "clasped": (0.05, 0.12, "pelvis", (-0.005, 0.02, -0.10)),
    "hips": (0.0, 0.08, "pelvis", (0.07, 0.035, -0.02)),
    "folded": (0.06, 0.08, "chest", (-0.13, -0.13, -0.10)),
    "raised": (0.03, 0.08, "shoulder", (0.05, 0.05, -0.22)),
}
# How the second arm goes with the first.
TOGETHER = {"rests": 0.42, "alike": 0.22, "alternates": 0.08, "alone": 0.20, "meets": 0.08}
