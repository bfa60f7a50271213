"""How a sensor sees a motion: a Kinect's 25 joints in meters, or OpenPose's 25 in pixels.

    joints in the seat frame -> camera axes (x to the person's right, y up, z away from the camera)
      -> kinect:   (t, 25, 3) x, y, z with noise that grows with depth; lost joints exactly 0
      -> openpose: (t, 25, 3) u, v (v down) and confidence; unseen joints exactly 0

That depth noise grows with the square of the distance is from Khoshelham & Elberink (2012).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from edgcn.readers.synthetic.body import OUTWARD, turned
from edgcn.readers.synthetic.motion import Motion
from edgcn.readers.synthetic.timing import drift
from edgcn.skeleton.layouts import BODY_25, KINECT_V2

WIDTH, HEIGHT = 1280, 720  # pixels
Joints25 = Float[np.ndarray, "t 25 3"]
Weights25 = Float[np.ndarray, "t 25"]

_AIM = np.array([0.0, 0.36, 0.0])  # the chest, in the seat frame: what the operator aims at
_AT = {name: index for index, name in enumerate(KINECT_V2.joints)}
_JITTER = {
    "Spine": 0.003, "Neck": 0.004, "Head": 0.005, "Shoulder": 0.006, "Elbow": 0.009,
    "Wrist": 0.010, "HandLeft": 0.013, "HandRight": 0.013, "HandTip": 0.02, "Thumb": 0.022,
    "Hip": 0.006, "Knee": 0.012, "Ankle": 0.025, "Foot": 0.03,
}  # fmt: skip
"""Meters at 2 m depth, by how a joint's name begins: hands and feet are small or hidden."""
_LOST_TOGETHER = {
    ("HandLeft", "HandTipLeft", "ThumbLeft"): 0.003,
    ("HandRight", "HandTipRight", "ThumbRight"): 0.003,
    ("HandTipLeft",): 0.004,
    ("HandTipRight",): 0.004,
    ("AnkleLeft", "FootLeft"): 0.006,
    ("AnkleRight", "FootRight"): 0.006,
}
"""Chance a frame that these joints start to be lost, while they are in plain view."""

# BODY_25 from the joints of a Kinect; the face and the feet's detail are derived below.
_SAME = {
    "Neck": "SpineShoulder", "MidHip": "SpineBase",
    **{f"{side[0]}{part}": f"{part}{side}" for side in ("Right", "Left")
       for part in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")},
    "RBigToe": "FootRight", "LBigToe": "FootLeft",
}  # fmt: skip
_FACE = {  # meters from the center of the head: x to the person's right, y up, z back
    "Nose": (0.0, -0.015, -0.11), "REye": (0.032, 0.022, -0.088), "LEye": (-0.032, 0.022, -0.088),
    "REar": (0.076, 0.0, 0.0), "LEar": (-0.076, 0.0, 0.0),
}  # fmt: skip
_SURE = {
    "Nose": 0.9, "Neck": 0.88, "Eye": 0.9, "Ear": 0.8, "Shoulder": 0.85, "Elbow": 0.8,
    "Wrist": 0.74, "MidHip": 0.6, "Hip": 0.58, "Knee": 0.55, "Ankle": 0.45,
}  # fmt: skip
"""OpenPose's usual confidence in a seated person, by how a joint's name ends; feet 0.4."""


@dataclass(frozen=True)
class Camera:
    """Where one subject was filmed from. Radians, meters; `focal` in pixels (of the 2D kind)."""

    yaw: float
    pitch: float
    roll: float
    offset: Float[np.ndarray, " 3"]
    focal: float


def draw_camera(rng: np.random.Generator) -> Camera:
    """Roughly frontal, at or a little above the height of the chest, 1.6 to 2.8 m away."""
    distance = rng.uniform(1.6, 2.8)
    visible = rng.uniform(1.0, 1.7)  # meters of height that fill the picture at that distance
    return Camera(
        yaw=float(rng.normal(0, 0.26)),
        pitch=float(rng.uniform(-0.05, 0.3)),
        roll=float(rng.normal(0, 0.02)),
        offset=np.array([rng.normal(0, 0.12), rng.normal(-0.08, 0.04), distance]),
        focal=float(HEIGHT * distance / visible),
    )


def moved(camera: Camera, rng: np.random.Generator) -> Camera:
    """The camera as one clip has it: the chair turns and shifts a little between clips."""
    return Camera(
        yaw=camera.yaw + float(rng.normal(0, 0.06)),
        pitch=camera.pitch,
        roll=camera.roll,
        offset=camera.offset + rng.normal(0, [0.02, 0.01, 0.03]),
        focal=camera.focal,
    )


def view(camera: Camera, points: Float[np.ndarray, "t v 3"]) -> Float[np.ndarray, "t v 3"]:
    """Points of the seat frame on the axes of the camera."""
    one = np.ones(1)
    # A camera looking down sees the head nearer than the hips: the body nods toward it.
    tipped = turned(nod=camera.pitch * one, tilt=camera.roll * one, turn=0 * one)[0]
    turn = tipped @ turned(nod=0 * one, tilt=0 * one, turn=camera.yaw * one)[0]
    seen: Float[np.ndarray, "t v 3"] = (points - _AIM) @ turn.T + camera.offset
    return seen


def kinect(camera: Camera, motion: Motion, rng: np.random.Generator) -> Joints25:
    """Joints as a Kinect v2 tracks them, meters."""
    true = view(camera, motion.joints)
    hidden = occlusion(true)
    size = np.array([_lookup(_JITTER, joint) for joint in KINECT_V2.joints])
    spread = size * (true[..., 2] / 2) ** 2 * (1 + 2.5 * hidden)
    frames = len(true)
    # Slow wander of the fitted skeleton plus what changes from frame to frame.
    wander = drift(rng, frames, 6, 75).reshape(frames, 25, 3)
    noise = 0.85 * wander + 0.35 * rng.standard_normal(true.shape)
    seen = true + noise * spread[..., None] * [1.0, 1.0, 1.5]
    seen[_lost(hidden, rng)] = 0.0
    return seen


def occlusion(seen: Joints25) -> Weights25:
    """How hidden each joint is, 0..1: hands behind the trunk, at the head or at each other."""
    hidden = np.zeros(seen.shape[:2])
    hands = {side: seen[:, _AT[f"Hand{side}"]] for side in OUTWARD}
    together = 0.5 * _near(hands["Left"], hands["Right"], 0.1)
    chest = seen[:, _AT["SpineMid"]]
    for side, hand in hands.items():
        off = hand - chest
        behind = (off[:, 2] > 0.04) & (np.abs(off[:, 0]) < 0.2) & (np.abs(off[:, 1]) < 0.35)
        at_head = 0.5 * _near(hand, seen[:, _AT["Head"]], 0.13)
        amount = np.maximum(np.maximum(together, at_head), behind * 1.0)
        for joint, share in (("Wrist", 0.5), ("Hand", 1.0), ("HandTip", 1.0), ("Thumb", 1.0)):
            hidden[:, _AT[f"{joint}{side}"]] = share * amount
        hidden[:, _AT["Head"]] = np.maximum(hidden[:, _AT["Head"]], 0.6 * at_head)
    return hidden


def _near(
    a: Float[np.ndarray, "t 3"], b: Float[np.ndarray, "t 3"], radius: float
) -> Float[np.ndarray, " t"]:
    """1 where two points meet, falling to 0 beyond `radius`."""
    near: Float[np.ndarray, " t"] = np.exp(-np.sum((a - b) ** 2, axis=-1) / radius**2)
    return near


def _lost(hidden: Weights25, rng: np.random.Generator) -> Bool[np.ndarray, "t 25"]:
    """Which joints are lost when: short runs, likelier where a joint is hidden."""
    lost = np.zeros(hidden.shape, dtype=bool)
    for joints, chance in _LOST_TOGETHER.items():
        columns = [_AT[joint] for joint in joints]
        starts = rng.random(len(hidden)) < chance * (1 + 8 * hidden[:, columns[0]])
        count = np.cumsum(np.r_[np.zeros(int(rng.integers(2, 9)), dtype=int), starts])
        running = count[-len(hidden) :] > count[: len(hidden)]
        lost[:, columns] |= running[:, None]
    return lost


def openpose(camera: Camera, motion: Motion, rng: np.random.Generator) -> Joints25:
    """Joints as OpenPose finds them in a picture of 1280 x 720: u, v in pixels, confidence."""
    points = view(camera, body_25(motion))
    depth = points[..., 2]
    u = WIDTH / 2 - camera.focal * points[..., 0] / depth  # the person's right is on the left
    v = HEIGHT / 2 - camera.focal * points[..., 1] / depth
    sure = np.array([_lookup(_SURE, joint, end=True) for joint in BODY_25.joints])
    doubt = _doubt(occlusion(view(camera, motion.joints)), points)
    confidence = sure * (1 - doubt) + 0.07 * drift(rng, len(u), 8, 25)
    confidence = np.clip(confidence, 0.0, 0.97)
    pixels = 1.5 * camera.focal / 1200 / np.maximum(confidence, 0.2) ** 1.5
    noise = 0.7 * drift(rng, len(u), 5, 50) + 0.5 * rng.standard_normal((len(u), 50))
    u, v = u + noise[:, :25] * pixels, v + noise[:, 25:] * pixels
    inside = (u > 0) & (u < WIDTH) & (v > 0) & (v < HEIGHT) & (confidence > 0.12)
    seen: Joints25 = np.stack([u, v, confidence], axis=-1) * inside[..., None]
    return seen


def body_25(motion: Motion) -> Joints25:
    """The BODY_25 points of a motion in the seat frame: face from the head, feet from the toes."""
    joints = {name: motion.joints[:, index] for name, index in _AT.items()}
    points = {name: joints[source] for name, source in _SAME.items()}
    points |= {name: joints["Head"] + motion.head @ np.array(at) for name, at in _FACE.items()}
    for side in ("Left", "Right"):
        foot, ankle = joints[f"Foot{side}"], joints[f"Ankle{side}"]
        points[f"{side[0]}SmallToe"] = foot + OUTWARD[side] * [0.05, 0.0, 0.02]
        points[f"{side[0]}Heel"] = ankle - 0.4 * (foot - ankle) - [0.0, 0.06, 0.0]
    return np.stack([points[name] for name in BODY_25.joints], axis=1)


def _doubt(hidden: Weights25, points: Joints25) -> Weights25:
    """Which BODY_25 points are hard to see, 0..1: those hidden, and the ear turned away."""
    doubt = np.zeros(points.shape[:2])
    at = {name: index for index, name in enumerate(BODY_25.joints)}
    for name, source in _SAME.items():
        doubt[:, at[name]] = 0.75 * hidden[:, _AT[source]]
    for name in _FACE:
        doubt[:, at[name]] = 0.75 * hidden[:, _AT["Head"]]
    # The ear that lies farther away than the other by more than some 2 cm is behind the cheek.
    away = (points[:, at["REar"], 2] - points[:, at["LEar"], 2]) / 0.152
    for name, sign in (("REar", 1.0), ("LEar", -1.0)):
        doubt[:, at[name]] = np.maximum(doubt[:, at[name]], np.clip(4 * (sign * away - 0.12), 0, 1))
    return doubt


def _lookup(table: dict[str, float], joint: str, *, end: bool = False) -> float:
    """The value of the first key that the joint's name begins (or ends) with, else 0.4."""
    hits = (v for key, v in table.items() if (joint.endswith if end else joint.startswith)(key))
    return next(hits, 0.4)
