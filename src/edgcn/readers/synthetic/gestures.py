"""What the synthetic people do: a catalog of micro-gestures, as data.

Names are those of the published list of iMiGUE (Liu et al., CVPR 2021), most also in SMG's (Chen et
al., IJCV 2023). All points are fingertips in a frame of the body, meters: x outward on the acting
hand's own side, y up, z back (so the front of the face is z < 0). Some are close on purpose: chin,
neck and face lie within a hand's breadth; crossed fingers are rubbed hands that hold still.
"""

from dataclasses import dataclass
from typing import Literal

Vector = tuple[float, float, float]
Frame = Literal["seat", "chest", "neck", "head", "forearm", "cuff"]


@dataclass(frozen=True)
class Touch:
    """A hand goes to a place, stays there, moves a little and returns.

    Args:
        frame: what the place is fixed to; "forearm" and "cuff" are those of the other arm.
        fingers: where the fingers point, in the frame of the seat.
        pole: where the elbow points.
        rub: half the stroke of the movement at the place.
        rate: strokes per second.
        bow: how far the way there bends, so that the hand goes around the body.
    """

    frame: Frame
    point: Vector
    fingers: Vector
    pole: Vector = (0.7, -1.0, 0.1)
    rub: Vector = (0.0, 0.0, 0.0)
    rate: float = 2.0
    bow: Vector = (0.05, 0.0, -0.12)


@dataclass(frozen=True)
class Sway:
    """A movement of trunk, neck or shoulders by `size` radians.

    Args:
        course: "hold" goes there and back, "step" goes there and stays, "wave" repeats.
        sided: to a side drawn per clip.
    """

    angle: str
    size: float
    course: Literal["hold", "step", "wave"] = "hold"
    sided: bool = False


@dataclass(frozen=True)
class Gesture:
    """One class.

    Args:
        cards: how often it is in the deck that labels are dealt from (see `reader`).
        seconds: typical length of a clip.
        acting: what the acting hand does, `passive` what the other one does.
        free: both hands gesticulate along with speech.
    """

    name: str
    cards: int
    seconds: float
    acting: Touch | None = None
    passive: Touch | None = None
    sways: tuple[Sway, ...] = ()
    free: bool = False


_TO_FACE: Vector = (-0.35, 0.8, 0.45)
_RUBBING = Touch(
    "seat", (-0.02, 0.24, -0.36), (-0.75, 0.15, -0.6), rub=(0.0, 0.012, 0.035), rate=3.0
)
_CROSSED = Touch("seat", (-0.035, 0.22, -0.36), (-0.8, 0.1, -0.55), rub=(0.006, 0.006, 0.0))
_FOLDED = Touch("chest", (-0.25, -0.25, -0.19), (-1.0, 0.15, 0.15), pole=(0.6, -1.0, 0.3))
_OFFERED = Touch("seat", (-0.04, 0.24, -0.36), (-0.75, 0.0, -0.65))

GESTURES = (
    Gesture("illustrative", 18, 1.9, free=True),
    Gesture("touch face", 4, 1.6, Touch("head", (0.05, -0.035, -0.08), _TO_FACE,
            rub=(0.0, 0.015, 0.0))),
    Gesture("touch neck", 3, 1.7, Touch("neck", (0.05, 0.02, -0.045), (-0.5, 0.6, 0.6),
            rub=(0.01, 0.02, 0.0), rate=2.5)),
    Gesture("rub hand", 3, 1.9, _RUBBING, _RUBBING),
    Gesture("touch chin", 2, 1.8, Touch("head", (0.015, -0.09, -0.09), (-0.35, 0.75, 0.5),
            rub=(0.008, 0.01, 0.0))),
    Gesture("fold arm", 2, 2.4, _FOLDED, _FOLDED),
    Gesture("cross finger", 2, 2.0, _CROSSED, _CROSSED),
    Gesture("scratch arm", 2, 1.7, Touch("forearm", (0.0, 0.035, -0.02), (-0.85, -0.2, -0.3),
            rub=(0.035, 0.0, 0.02), rate=3.0), _OFFERED),
    Gesture("touch forehead", 1, 1.5, Touch("head", (0.03, 0.065, -0.09), (-0.4, 0.8, 0.4),
            rub=(0.02, 0.0, 0.0))),
    Gesture("rub eyes", 1, 1.6, Touch("head", (0.03, 0.02, -0.095), (-0.4, 0.75, 0.5),
            rub=(0.018, 0.005, 0.0), rate=3.0)),
    Gesture("touch ears", 1, 1.5, Touch("head", (0.085, 0.0, 0.01), (-0.4, 0.85, 0.25),
            pole=(1.0, -0.8, -0.1), rub=(0.0, 0.015, 0.008))),
    Gesture("play hair", 1, 2.0, Touch("head", (0.075, 0.09, 0.03), (-0.5, 0.8, 0.3),
            pole=(1.0, -0.7, -0.1), rub=(0.01, 0.03, 0.03), rate=1.6)),
    Gesture("touch chest", 1, 1.5, Touch("chest", (-0.04, -0.1, -0.13), (-0.85, 0.4, 0.3),
            rub=(0.015, 0.02, 0.0))),
    Gesture("tidy sleeve", 1, 1.7, Touch("cuff", (0.0, 0.03, -0.03), (-0.8, -0.1, -0.5),
            rub=(0.04, 0.0, 0.01), rate=1.2), _OFFERED),
    Gesture("put arm back", 1, 2.0, Touch("seat", (-0.03, 0.2, 0.2), (-0.9, -0.3, 0.15),
            pole=(0.9, 0.0, 0.9), bow=(0.22, 0.0, 0.0))),
    Gesture("shake shoulder", 1, 1.3, sways=(Sway("shrug_left", 0.3, "wave"),
            Sway("shrug_right", 0.3, "wave"))),
    Gesture("move torso", 1, 1.8, sways=(Sway("bend", 0.17, sided=True),
            Sway("twist", 0.2, sided=True), Sway("lean", 0.1, sided=True))),
    Gesture("sit straight", 1, 1.7, sways=(Sway("slump", -0.26, "step"),
            Sway("lean", -0.07, "step"), Sway("nod", -0.06, "step"))),
    Gesture("turtle neck", 1, 1.5, sways=(Sway("poke", 0.42), Sway("nod", -0.2),
            Sway("shrug_left", 0.15), Sway("shrug_right", 0.15))),
    Gesture("deep breath", 1, 2.7, sways=(Sway("shrug_left", 0.16), Sway("shrug_right", 0.16),
            Sway("slump", -0.13), Sway("nod", -0.06))),
)  # fmt: skip
