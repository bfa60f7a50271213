"""Which skeleton a detector of people in pictures has, by how many keypoints it gives of each.

keypoints (V, 3) of a person: x, y, confidence -> the joints of a topology; the face is left out
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.readers.skeletons import most_plausible
from edgcn.skeleton.layouts import (
    BODY_25,
    BODY_25B,
    BODY_135,
    COCO_17,
    COCO_18,
    COCO_WHOLEBODY,
    HALPE_26,
    HALPE_136,
    MPI_15,
)
from edgcn.skeleton.topology import Topology

Places = tuple[int, ...]


class Model(NamedTuple):
    """A topology, and where its joints are among the keypoints of a file."""

    keypoints: int
    topology: Topology
    places: Places

    def joints(self, points: Float[np.ndarray, "*n v 3"]) -> Float[np.ndarray, "*n w 3"]:
        """The keypoints of the topology's joints."""
        return points if len(self.places) == self.keypoints else points[..., list(self.places), :]


def _model(keypoints: int, topology: Topology, *ranges: tuple[int, int]) -> Model:
    places = tuple(place for start, stop in ranges for place in range(start, stop))
    return Model(keypoints, topology, places or tuple(range(keypoints)))


# With hands where the model has them; the second of a number of keypoints has other names for them.
WITH_HANDS = (
    _model(15, MPI_15),
    _model(17, COCO_17),
    _model(18, COCO_18),
    _model(25, BODY_25),
    _model(25, BODY_25B),
    _model(26, HALPE_26),
    _model(68, HALPE_136),
    _model(94, HALPE_26, (0, 26)),  # 26 to 93 are the face
    _model(133, COCO_WHOLEBODY, (0, 23), (91, 133)),  # 23 to 90 are the face
    _model(135, BODY_135, (0, 65)),  # 65 to 134 are the face
    _model(136, HALPE_136, (0, 26), (94, 136)),  # 26 to 93 are the face
)
WITHOUT_HANDS = (
    *(model for model in WITH_HANDS if model.keypoints < 68 or model.keypoints == 94),
    _model(68, HALPE_26, (0, 26)),
    _model(133, COCO_17, (0, 17)),
    _model(135, BODY_25B, (0, 25)),
    _model(136, HALPE_26, (0, 26)),
)
COUNTS = tuple(sorted({model.keypoints for model in WITH_HANDS}))


class Taken(NamedTuple):
    """The model of a file, and what is said about it."""

    model: Model
    note: str


def model_for(
    bodies: Float[np.ndarray, "n v 3"], *, hands: bool, topology: Topology | None
) -> Taken | None:
    """The model of some people, by the number and the places of their keypoints; None: unknown.

    Args:
        hands: whether those of whole-body models are kept.
        topology: what the user says it is.
    """
    count = bodies.shape[1]
    known = [
        model for model in (WITH_HANDS if hands else WITHOUT_HANDS) if model.keypoints == count
    ]
    if topology is not None:
        everything = (*known, *WITH_HANDS, *WITHOUT_HANDS)
        fits = (m for m in everything if m.keypoints == count and m.topology == topology)
        plain = Model(count, topology, tuple(range(count))) if len(topology) == count else None
        model = next(fits, plain)
        return None if model is None else Taken(model, "")
    if not known:
        return None
    return _most_likely(bodies, known)


def _most_likely(bodies: Float[np.ndarray, "n v 3"], known: Sequence[Model]) -> Taken:
    first, notes = known[0], []
    if len(known) > 1:
        topology, clear = most_plausible(bodies[..., :2], [model.topology for model in known])
        first = next(model for model in known if model.topology is topology)
        others = ", ".join(model.topology.name for model in known if model is not first)
        said = f"by the lengths of bones not for {others}" if clear else f"or is it {others}?"
        notes.append(
            f"{first.keypoints} joints are taken for {topology.name}, {said} (option topology)"
        )
    left = first.keypoints - len(first.places)
    if left:
        notes.append(
            f"of {first.keypoints} keypoints {len(first.places)} are kept, as {first.topology.name}"
        )
    return Taken(first, "; ".join(notes))
