"""Where a skeleton has a person's trunk, sides and toes, by joint name; and what they measure.

(T, M, V, C) frames of a topology -> torso and its direction, sides exchanged, facing
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int

from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology

_LOWER = (("hips",), ("left_hip", "right_hip"))
_UPPER = (("chest",), ("neck",), ("left_shoulder", "right_shoulder"))
_TOES = tuple(
    (f"{side}_ankle", f"{side}_{toe}")
    for toe in ("foot", "foot_index", "big_toe")
    for side in ("left", "right")
)

Points = Float[np.ndarray, "n v d"]
Vectors = Float[np.ndarray, "some d"]


@dataclass(frozen=True)
class Person:
    """Joints by number. What a skeleton does not have is empty.

    Args:
        lower, upper: ends of the torso, each the middle of one or two joints.
        shoulders: left, right.
        sides: bones of both sides: left child, left parent, right child, right parent.
        toes: ankle, toe of each side.
    """

    lower: tuple[int, ...]
    upper: tuple[int, ...]
    shoulders: tuple[int, ...]
    sides: tuple[tuple[int, int, int, int], ...]
    toes: tuple[tuple[int, int], ...]


@lru_cache(maxsize=64)
def person_of(topology: Topology) -> Person:
    """The person in a skeleton; without a torso where it is a hand, or has names of its own."""
    at = {canonical(joint): index for index, joint in enumerate(topology.joints)}

    def first(rows: tuple[tuple[str, ...], ...]) -> tuple[int, ...]:
        there = (row for row in rows if all(joint in at for joint in row))
        return tuple(at[joint] for joint in next(there, ()))

    sides = []
    for child, parent in topology.bones:
        left = (canonical(child), canonical(parent))
        right = (_other(left[0]), _other(left[1]))
        if left[0] != right[0] and left[1] != right[1] and {*left, *right} <= at.keys():
            sides.append((at[left[0]], at[left[1]], at[right[0]], at[right[1]]))
    return Person(
        lower=first(_LOWER),
        upper=first(_UPPER),
        shoulders=first((("left_shoulder", "right_shoulder"),)),
        sides=tuple(sides),
        toes=tuple((at[a], at[b]) for a, b in _TOES if a in at and b in at),
    )


def _other(joint: str) -> str:
    return joint.replace("left_", "right_", 1)


def between(points: Points, start: tuple[int, ...], end: tuple[int, ...]) -> Vectors:
    """From the middle of some joints to the middle of others, of the frames that have them all."""
    if not start or not end:
        return points[:0, 0]
    whole = (points[:, [*start, *end]] != 0).any(-1).all(-1)
    chosen = points[whole]
    return np.asarray(chosen[:, list(end)].mean(1) - chosen[:, list(start)].mean(1))


def crossed(
    points: Points, sides: Sequence[tuple[int, int, int, int]]
) -> tuple[Int[np.ndarray, " bones"], Int[np.ndarray, " bones"]]:
    """In how many frames a bone of both sides is shorter from the other side's parent.

    Returns:
        Those frames, and the frames that have all four joints, of each bone.
    """
    joints = points[:, np.array(sides, dtype=np.int64).reshape(-1, 4)]
    there = (joints != 0).any(-1).all(-1)
    left, its_parent, right, other_parent = np.moveaxis(joints, 2, 0)
    own = _length(left - its_parent) + _length(right - other_parent)
    wrong = there & (own > _length(left - other_parent) + _length(right - its_parent))
    return wrong.sum(0), there.sum(0)


def backward(points: Points, person: Person) -> Bool[np.ndarray, " some"]:
    """Where the toes point against the chest, which is to the left of up and right (3-D)."""
    found = []
    for ankle, toe in person.toes:
        need = [*person.lower, *person.upper, *person.shoulders, ankle, toe]
        whole = points[(points[:, need] != 0).any(-1).all(-1)]
        up = whole[:, list(person.upper)].mean(1) - whole[:, list(person.lower)].mean(1)
        right = whole[:, person.shoulders[1]] - whole[:, person.shoulders[0]]
        forward = np.cross(up, right)
        found.append(np.einsum("nd,nd->n", forward, whole[:, toe] - whole[:, ankle]) < 0)
    return np.concatenate(found) if found else np.zeros(0, dtype=bool)


def _length(vectors: Float[np.ndarray, "*some d"]) -> Float[np.ndarray, "*some"]:
    return np.asarray(np.sqrt(np.square(vectors).sum(-1)))
